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
/// A connection that may change things (virConnectOpen).
libvirt_connection libvirt_open(const char *uri);
/// 1 while the connection is up, as far as it has been noticed; no call to the daemon.
int libvirt_is_alive(libvirt_connection connection);
int libvirt_close(libvirt_connection connection);
int libvirt_set_keep_alive(libvirt_connection connection, int interval, unsigned int count);
/// The hypervisor's version: 1,000,000 * major + 1000 * minor + release.
int libvirt_get_version(libvirt_connection connection, unsigned long *version);
/// The version of libvirt's daemon, written like the hypervisor's.
int libvirt_get_library_version(libvirt_connection connection, unsigned long *version);
/// What the host can run, as a document to be freed with free(3).
char *libvirt_get_capabilities(libvirt_connection connection);
/// What domains of a type (`kvm`, `qemu`) can be made of; `NULL` for the default in place of the other arguments. To be
/// freed with free(3).
char *libvirt_get_domain_capabilities(
    libvirt_connection connection, const char *emulator, const char *architecture, const char *machine,
    const char *type);

/// What has happened. `listener` is the number that was given to `libvirt_listen`; `uuid` has 37 characters with the
/// last 0, or is `NULL` where the connection itself closed; `event` is a virDomainEventID; of the lifecycle (0) there
/// are also `kind`, a virDomainEventType, and `detail`, whose meaning depends on it.
/// At the end of a job (21) there are its `count` `parameters`, which live as long as the call.
typedef void (*libvirt_callback)(
    uint64_t listener, const char *uuid, int event, int kind, int detail, const libvirt_parameter *parameters,
    int count);

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
/// What is under way with a domain, or with `flags` 1 what has ended last (virDomainGetJobStats).
int libvirt_domain_job(
    libvirt_domain domain, int *type, libvirt_parameter **parameters, int *count, unsigned int flags);
/// 1 where a domain's memory is saved by the daemon (virDomainHasManagedSaveImage).
int libvirt_domain_is_saved(libvirt_domain domain);
void libvirt_free_parameters(libvirt_parameter *parameters, int count);

/// Snapshots of a domain, in a list to be freed with free(3), each with `libvirt_snapshot_free`.
int libvirt_domain_snapshots(libvirt_domain domain, libvirt_snapshot **snapshots);
/// To be freed with free(3).
char *libvirt_snapshot_description(libvirt_snapshot snapshot);
int libvirt_snapshot_free(libvirt_snapshot snapshot);

// What changes a domain. A daemon or a library that lacks a function gives an error that names it.

/// A domain by its UUID, to be freed with `libvirt_domain_free`; `NULL` where there is none
/// (virDomainLookupByUUIDString).
libvirt_domain libvirt_domain_find(libvirt_connection connection, const char *uuid);
int libvirt_domain_free(libvirt_domain domain);
/// Keeps a description; the domain is to be freed (virDomainDefineXMLFlags).
libvirt_domain libvirt_domain_define(libvirt_connection connection, const char *document, unsigned int flags);
/// virDomainState and the reason, whose numbers depend on it (virDomainGetState).
int libvirt_domain_state(libvirt_domain domain, int *state, int *reason);
/// 1 where it stays known when it has ended (virDomainIsPersistent).
int libvirt_domain_is_persistent(libvirt_domain domain);
int libvirt_domain_create(libvirt_domain domain);
int libvirt_domain_shutdown(libvirt_domain domain);
int libvirt_domain_destroy(libvirt_domain domain);
int libvirt_domain_suspend(libvirt_domain domain);
int libvirt_domain_resume(libvirt_domain domain);
int libvirt_domain_save(libvirt_domain domain);
int libvirt_domain_undefine(libvirt_domain domain, unsigned int flags);
int libvirt_domain_set_processors(libvirt_domain domain, unsigned int count, unsigned int flags);
/// `memory` in KiB.
int libvirt_domain_set_memory(libvirt_domain domain, unsigned long memory, unsigned int flags);
/// 1 where the guest's file systems are at rest now: how many of them (virDomainFSFreeze).
int libvirt_domain_freeze(libvirt_domain domain);
int libvirt_domain_thaw(libvirt_domain domain);
int libvirt_domain_begin_backup(libvirt_domain domain, const char *document);
int libvirt_domain_abort_job(libvirt_domain domain);
/// Declares the stream of a migration in post-copy broken (virDomainAbortJobFlags with VIR_DOMAIN_ABORT_JOB_POSTCOPY).
int libvirt_domain_cut_off(libvirt_domain domain);
/// Our own: virDomainMigrateToURI3 with its parameters as plain values, 0 for those that are not wanted: MiB a second,
/// streams. Blocks until the migration has ended. `disks` holds `disk_count` target names.
int libvirt_domain_migrate(
    libvirt_domain domain, const char *uri, unsigned int flags, unsigned long long bandwidth, int streams,
    const char *compression, const char *const *disks, size_t disk_count);
int libvirt_domain_start_post_copy(libvirt_domain domain);
/// In milliseconds.
int libvirt_domain_set_downtime(libvirt_domain domain, unsigned long long downtime);
