#pragma once

#include <stddef.h>
#include <stdint.h>

// What we call of libvirt (https://libvirt.org/html), loaded when it is first needed: nothing of it is there when we are
// built, and a host without it lacks only this. Each function is libvirt's of the same name, with vir for libvirt_; our
// own are marked so. Structures and numbers are libvirt's public ABI, which has kept them since they were added.

typedef struct _virConnect *libvirt_connection;
typedef struct _virDomain *libvirt_domain;
typedef struct _virDomainSnapshot *libvirt_snapshot;

/// virTypedParameter: a named value. `type` is 1 int, 2 unsigned, 3 long long, 4 unsigned long long, 5 double,
/// 6 boolean (one char), 7 string.
typedef struct {
    char field[80];
    int type;
    union {
        int i;
        unsigned int ui;
        long long l;
        unsigned long long ul;
        double d;
        char b;
        char *s;
    } value;
} libvirt_parameter;

/// virDomainStatsRecord: a domain and values of it.
typedef struct {
    libvirt_domain domain;
    libvirt_parameter *parameters;
    int count;
} libvirt_record;

/// Our own: loads libvirt.so.0 and finds all functions below, once for the process, from one thread at a time. `NULL`
/// when that was done, else what is wrong, in the dynamic linker's words.
const char *libvirt_load(const char *name);

/// Our own: makes libvirt ready, keeps it from printing errors, and gives it an event loop (virInitialize,
/// virSetErrorFunc, virEventRegisterDefaultImpl). To be called once, before any connection. Negative on failure.
int libvirt_prepare(void);

/// Our own: code, domain and message of the thread's last error (virGetLastError). A code of 0 where there is none; the
/// message lives until the thread's next call.
int libvirt_last_error(int *domain, const char **message);

/// One round of the event loop; blocks until something happens.
int libvirt_event_run(void);

libvirt_connection libvirt_open_read_only(const char *uri);
int libvirt_close(libvirt_connection connection);
int libvirt_set_keep_alive(libvirt_connection connection, int interval, unsigned int count);
/// The hypervisor's version: 1,000,000 * major + 1000 * minor + release.
int libvirt_get_version(libvirt_connection connection, unsigned long *version);

/// What has happened. `listener` is the number that was given to `libvirt_listen`; `uuid` has 37 characters with the
/// last 0, or is `NULL` where the connection itself closed; `event` is a virDomainEventID; of the lifecycle (0) there
/// are also `kind`, a virDomainEventType, and `detail`, whose meaning depends on it.
typedef void (*libvirt_callback)(uint64_t listener, const char *uuid, int event, int kind, int detail);

/// To how many kinds of event we listen.
enum { LIBVIRT_EVENTS = 7 };

/// Our own: has `callback` called, on the thread of the event loop, for what happens to any domain and when the
/// connection closes, and notes in `subscriptions` (LIBVIRT_EVENTS numbers) what `libvirt_unlisten` ends. Negative where
/// libvirt refuses the lifecycle or the end of the connection; where it does not know another event, it goes without.
int libvirt_listen(libvirt_connection connection, uint64_t listener, libvirt_callback callback, int *subscriptions);

/// Our own: ends what `libvirt_listen` began; a connection is not freed before.
void libvirt_unlisten(libvirt_connection connection, const int *subscriptions);

/// Statistics of all domains, in a list that `libvirt_free_records` frees.
int libvirt_all_statistics(
    libvirt_connection connection, unsigned int statistics, libvirt_record ***records, unsigned int flags);
void libvirt_free_records(libvirt_record **records);

int libvirt_domain_uuid(libvirt_domain domain, char *text);
/// Lives as long as the domain's handle.
const char *libvirt_domain_name(libvirt_domain domain);
/// To be freed with free(3).
char *libvirt_domain_description(libvirt_domain domain, unsigned int flags);
int libvirt_domain_job(libvirt_domain domain, int *type, libvirt_parameter **parameters, int *count);
void libvirt_free_parameters(libvirt_parameter *parameters, int count);

/// Snapshots of a domain, in a list to be freed with free(3), each with `libvirt_snapshot_free`.
int libvirt_domain_snapshots(libvirt_domain domain, libvirt_snapshot **snapshots);
/// To be freed with free(3).
char *libvirt_snapshot_description(libvirt_snapshot snapshot);
int libvirt_snapshot_free(libvirt_snapshot snapshot);
