#include "CLibvirt.h"

#include <dlfcn.h>

typedef struct {
    int code;
    int domain;
    char *message;
    // More follows that we do not read.
} virError;

typedef void (*generic_callback)(void);

// The functions: name, result, parameters.
#define FUNCTIONS(F)                                                                                                   \
    F(virInitialize, int, (void))                                                                                      \
    F(virSetErrorFunc, void, (void *, void (*)(void *, virError *)))                                                   \
    F(virEventRegisterDefaultImpl, int, (void))                                                                        \
    F(virEventRunDefaultImpl, int, (void))                                                                             \
    F(virGetLastError, virError *, (void))                                                                             \
    F(virConnectOpenReadOnly, libvirt_connection, (const char *))                                                      \
    F(virConnectClose, int, (libvirt_connection))                                                                      \
    F(virConnectSetKeepAlive, int, (libvirt_connection, int, unsigned int))                                            \
    F(virConnectGetVersion, int, (libvirt_connection, unsigned long *))                                                \
    F(virConnectRegisterCloseCallback, int,                                                                            \
        (libvirt_connection, void (*)(libvirt_connection, int, void *), void *, void (*)(void *)))                     \
    F(virConnectUnregisterCloseCallback, int, (libvirt_connection, void (*)(libvirt_connection, int, void *)))         \
    F(virConnectDomainEventDeregisterAny, int, (libvirt_connection, int))                                              \
    F(virConnectDomainEventRegisterAny, int,                                                                           \
        (libvirt_connection, libvirt_domain, int, generic_callback, void *, void (*)(void *)))                         \
    F(virConnectGetAllDomainStats, int, (libvirt_connection, unsigned int, libvirt_record ***, unsigned int))          \
    F(virDomainStatsRecordListFree, void, (libvirt_record **))                                                         \
    F(virDomainGetUUIDString, int, (libvirt_domain, char *))                                                           \
    F(virDomainGetName, const char *, (libvirt_domain))                                                                \
    F(virDomainGetXMLDesc, char *, (libvirt_domain, unsigned int))                                                     \
    F(virDomainGetJobStats, int, (libvirt_domain, int *, libvirt_parameter **, int *, unsigned int))                   \
    F(virTypedParamsFree, void, (libvirt_parameter *, int))                                                            \
    F(virDomainListAllSnapshots, int, (libvirt_domain, libvirt_snapshot **, unsigned int))                             \
    F(virDomainSnapshotGetXMLDesc, char *, (libvirt_snapshot, unsigned int))                                           \
    F(virDomainSnapshotFree, int, (libvirt_snapshot))

#define DECLARE(function, result, parameters) result(*function) parameters;
struct functions {
    FUNCTIONS(DECLARE)
};
static struct functions functions;

const char *libvirt_load(const char *name) {
    struct functions found;
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define FIND(function, result, parameters)                                                                             \
    *(void **)&found.function = dlsym(library, #function);                                                             \
    if (!found.function) return dlerror();
    FUNCTIONS(FIND)
    functions = found;
    return NULL;
}

static void ignore_error(void *context, virError *error) {
    (void)context;
    (void)error;
}

int libvirt_prepare(void) {
    if (functions.virInitialize() < 0) return -1;
    functions.virSetErrorFunc(NULL, ignore_error);
    return functions.virEventRegisterDefaultImpl();
}

int libvirt_last_error(int *domain, const char **message) {
    virError *error = functions.virGetLastError();
    *domain = error ? error->domain : 0;
    *message = error ? error->message : NULL;
    return error ? error->code : 0;
}

int libvirt_event_run(void) { return functions.virEventRunDefaultImpl(); }

libvirt_connection libvirt_open_read_only(const char *uri) { return functions.virConnectOpenReadOnly(uri); }

int libvirt_close(libvirt_connection connection) { return functions.virConnectClose(connection); }

int libvirt_set_keep_alive(libvirt_connection connection, int interval, unsigned int count) {
    return functions.virConnectSetKeepAlive(connection, interval, count);
}

int libvirt_get_version(libvirt_connection connection, unsigned long *version) {
    return functions.virConnectGetVersion(connection, version);
}

// The one receiver of the process: every listener gives the same function.
static libvirt_callback receiver;

static void tell(libvirt_domain domain, int event, int kind, int detail, void *listener) {
    char uuid[37];
    if (functions.virDomainGetUUIDString(domain, uuid) < 0) return;
    receiver((uint64_t)(uintptr_t)listener, uuid, event, kind, detail);
}

static void closed(libvirt_connection connection, int reason, void *listener) {
    (void)connection, (void)reason;
    receiver((uint64_t)(uintptr_t)listener, NULL, -1, 0, 0);
}

// libvirt calls each kind of event with parameters of its own between the domain and the listener. The parameters'
// names: c connection, d domain, l listener.
typedef libvirt_connection connection_t;
typedef libvirt_domain domain_t;

static int on_lifecycle(connection_t c, domain_t d, int event, int detail, void *l) {
    (void)c;
    tell(d, 0, event, detail, l);
    return 0;
}

static void on_disk_change(
    connection_t c, domain_t d, const char *old, const char *new, const char *alias, int reason, void *l) {
    (void)c, (void)old, (void)new, (void)alias, (void)reason;
    tell(d, 9, 0, 0, l);
}

static void on_device_removed(connection_t c, domain_t d, const char *alias, void *l) {
    (void)c, (void)alias;
    tell(d, 15, 0, 0, l);
}

static void on_block_job(connection_t c, domain_t d, const char *disk, int type, int status, void *l) {
    (void)c, (void)disk, (void)type, (void)status;
    tell(d, 16, 0, 0, l);
}

static void on_device_added(connection_t c, domain_t d, const char *alias, void *l) {
    (void)c, (void)alias;
    tell(d, 19, 0, 0, l);
}

static void on_migration_iteration(connection_t c, domain_t d, int iteration, void *l) {
    (void)c, (void)iteration;
    tell(d, 20, 0, 0, l);
}

static void on_job_completed(connection_t c, domain_t d, libvirt_parameter *parameters, int count, void *l) {
    (void)c, (void)parameters, (void)count;
    tell(d, 21, 0, 0, l);
}

static const struct {
    int event;
    generic_callback function;
} events[LIBVIRT_EVENTS] = {
    {0, (generic_callback)on_lifecycle},           {9, (generic_callback)on_disk_change},
    {15, (generic_callback)on_device_removed},     {16, (generic_callback)on_block_job},
    {19, (generic_callback)on_device_added},       {20, (generic_callback)on_migration_iteration},
    {21, (generic_callback)on_job_completed},
};

int libvirt_listen(
    libvirt_connection connection, uint64_t listener, libvirt_callback callback, int *subscriptions) {
    void *context = (void *)(uintptr_t)listener;
    receiver = callback;
    for (int place = 0; place < LIBVIRT_EVENTS; place++)
        subscriptions[place] = functions.virConnectDomainEventRegisterAny(
            connection, NULL, events[place].event, events[place].function, context, NULL);
    if (functions.virConnectRegisterCloseCallback(connection, closed, context, NULL) < 0) return -1;
    return subscriptions[0] < 0 ? -1 : 0;
}

void libvirt_unlisten(libvirt_connection connection, const int *subscriptions) {
    functions.virConnectUnregisterCloseCallback(connection, closed);
    for (int place = 0; place < LIBVIRT_EVENTS; place++)
        if (subscriptions[place] >= 0) functions.virConnectDomainEventDeregisterAny(connection, subscriptions[place]);
}

int libvirt_all_statistics(
    libvirt_connection connection, unsigned int statistics, libvirt_record ***records, unsigned int flags) {
    return functions.virConnectGetAllDomainStats(connection, statistics, records, flags);
}

void libvirt_free_records(libvirt_record **records) { functions.virDomainStatsRecordListFree(records); }

int libvirt_domain_uuid(libvirt_domain domain, char *text) { return functions.virDomainGetUUIDString(domain, text); }

const char *libvirt_domain_name(libvirt_domain domain) { return functions.virDomainGetName(domain); }

char *libvirt_domain_description(libvirt_domain domain, unsigned int flags) {
    return functions.virDomainGetXMLDesc(domain, flags);
}

int libvirt_domain_job(libvirt_domain domain, int *type, libvirt_parameter **parameters, int *count) {
    return functions.virDomainGetJobStats(domain, type, parameters, count, 0);
}

void libvirt_free_parameters(libvirt_parameter *parameters, int count) { functions.virTypedParamsFree(parameters, count); }

int libvirt_domain_snapshots(libvirt_domain domain, libvirt_snapshot **snapshots) {
    return functions.virDomainListAllSnapshots(domain, snapshots, 0);
}

char *libvirt_snapshot_description(libvirt_snapshot snapshot) { return functions.virDomainSnapshotGetXMLDesc(snapshot, 0); }

int libvirt_snapshot_free(libvirt_snapshot snapshot) { return functions.virDomainSnapshotFree(snapshot); }
