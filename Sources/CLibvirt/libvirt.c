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
    F(virConnectIsAlive, int, (libvirt_connection))                                                                    \
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
    F(virDomainHasManagedSaveImage, int, (libvirt_domain, unsigned int))                                               \
    F(virDomainSnapshotFree, int, (libvirt_snapshot))

// Those that only control needs: what a library lacks of them does not keep it from being looked at.
#define CONTROL(F)                                                                                                     \
    F(virConnectOpen, libvirt_connection, (const char *))                                                              \
    F(virConnectGetLibVersion, int, (libvirt_connection, unsigned long *))                                             \
    F(virConnectGetCapabilities, char *, (libvirt_connection))                                                         \
    F(virConnectGetDomainCapabilities, char *,                                                                         \
        (libvirt_connection, const char *, const char *, const char *, const char *, unsigned int))                    \
    F(virDomainLookupByUUIDString, libvirt_domain, (libvirt_connection, const char *))                                 \
    F(virDomainFree, int, (libvirt_domain))                                                                            \
    F(virDomainDefineXMLFlags, libvirt_domain, (libvirt_connection, const char *, unsigned int))                       \
    F(virDomainGetState, int, (libvirt_domain, int *, int *, unsigned int))                                            \
    F(virDomainIsPersistent, int, (libvirt_domain))                                                                    \
    F(virDomainCreate, int, (libvirt_domain))                                                                          \
    F(virDomainShutdown, int, (libvirt_domain))                                                                        \
    F(virDomainDestroy, int, (libvirt_domain))                                                                         \
    F(virDomainSuspend, int, (libvirt_domain))                                                                         \
    F(virDomainResume, int, (libvirt_domain))                                                                          \
    F(virDomainManagedSave, int, (libvirt_domain, unsigned int))                                                       \
    F(virDomainUndefineFlags, int, (libvirt_domain, unsigned int))                                                     \
    F(virDomainSetVcpusFlags, int, (libvirt_domain, unsigned int, unsigned int))                                       \
    F(virDomainSetMemoryFlags, int, (libvirt_domain, unsigned long, unsigned int))                                     \
    F(virDomainFSFreeze, int, (libvirt_domain, const char **, unsigned int, unsigned int))                             \
    F(virDomainFSThaw, int, (libvirt_domain, const char **, unsigned int, unsigned int))                               \
    F(virDomainBackupBegin, int, (libvirt_domain, const char *, const char *, unsigned int))                           \
    F(virDomainAbortJob, int, (libvirt_domain))                                                                        \
    F(virDomainAbortJobFlags, int, (libvirt_domain, unsigned int))                                                     \
    F(virTypedParamsAddULLong, int, (libvirt_parameter **, int *, int *, const char *, unsigned long long))            \
    F(virTypedParamsAddInt, int, (libvirt_parameter **, int *, int *, const char *, int))                              \
    F(virTypedParamsAddString, int, (libvirt_parameter **, int *, int *, const char *, const char *))                  \
    F(virDomainMigrateToURI3, int, (libvirt_domain, const char *, libvirt_parameter *, unsigned int, unsigned int))    \
    F(virDomainMigrateStartPostCopy, int, (libvirt_domain, unsigned int))                                              \
    F(virDomainMigrateSetMaxDowntime, int, (libvirt_domain, unsigned long long, unsigned int))

#define DECLARE(function, result, parameters) result(*function) parameters;
struct functions {
    FUNCTIONS(DECLARE)
    CONTROL(DECLARE)
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
#define SEEK(function, result, parameters) *(void **)&found.function = dlsym(library, #function);
    CONTROL(SEEK)
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

// The function that the thread's last call wanted and this library lacks.
static _Thread_local const char *missing;

#define LACKS(function) (!functions.function && (missing = #function " is not in this host's libvirt: it is too old"))

int libvirt_last_error(int *domain, const char **message) {
    if (missing) {
        *domain = 0;
        *message = missing;
        missing = NULL;
        return 3; // VIR_ERR_NO_SUPPORT
    }
    virError *error = functions.virGetLastError();
    *domain = error ? error->domain : 0;
    *message = error ? error->message : NULL;
    return error ? error->code : 0;
}

int libvirt_event_run(void) { return functions.virEventRunDefaultImpl(); }

libvirt_connection libvirt_open_read_only(const char *uri) { return functions.virConnectOpenReadOnly(uri); }

libvirt_connection libvirt_open(const char *uri) {
    return LACKS(virConnectOpen) ? NULL : functions.virConnectOpen(uri);
}

int libvirt_is_alive(libvirt_connection connection) { return functions.virConnectIsAlive(connection); }

int libvirt_close(libvirt_connection connection) { return functions.virConnectClose(connection); }

int libvirt_set_keep_alive(libvirt_connection connection, int interval, unsigned int count) {
    return functions.virConnectSetKeepAlive(connection, interval, count);
}

int libvirt_get_version(libvirt_connection connection, unsigned long *version) {
    return functions.virConnectGetVersion(connection, version);
}

int libvirt_get_library_version(libvirt_connection connection, unsigned long *version) {
    return LACKS(virConnectGetLibVersion) ? -1 : functions.virConnectGetLibVersion(connection, version);
}

char *libvirt_get_capabilities(libvirt_connection connection) {
    return LACKS(virConnectGetCapabilities) ? NULL : functions.virConnectGetCapabilities(connection);
}

char *libvirt_get_domain_capabilities(
    libvirt_connection connection, const char *emulator, const char *architecture, const char *machine,
    const char *type) {
    if (LACKS(virConnectGetDomainCapabilities)) return NULL;
    return functions.virConnectGetDomainCapabilities(connection, emulator, architecture, machine, type, 0);
}

// The one receiver of the process: every listener gives the same function.
static libvirt_callback receiver;

static void tell_with(
    libvirt_domain domain, int event, int kind, int detail, const libvirt_parameter *parameters, int count,
    void *listener) {
    char uuid[37];
    if (functions.virDomainGetUUIDString(domain, uuid) < 0) return;
    receiver((uint64_t)(uintptr_t)listener, uuid, event, kind, detail, parameters, count);
}

static void tell(libvirt_domain domain, int event, int kind, int detail, void *listener) {
    tell_with(domain, event, kind, detail, NULL, 0, listener);
}

static void closed(libvirt_connection connection, int reason, void *listener) {
    (void)connection, (void)reason;
    receiver((uint64_t)(uintptr_t)listener, NULL, -1, 0, 0, NULL, 0);
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
    (void)c;
    tell_with(d, 21, 0, 0, parameters, count, l);
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

int libvirt_domain_job(
    libvirt_domain domain, int *type, libvirt_parameter **parameters, int *count, unsigned int flags) {
    return functions.virDomainGetJobStats(domain, type, parameters, count, flags);
}

int libvirt_domain_is_saved(libvirt_domain domain) { return functions.virDomainHasManagedSaveImage(domain, 0); }

void libvirt_free_parameters(libvirt_parameter *parameters, int count) { functions.virTypedParamsFree(parameters, count); }

int libvirt_domain_snapshots(libvirt_domain domain, libvirt_snapshot **snapshots) {
    return functions.virDomainListAllSnapshots(domain, snapshots, 0);
}

char *libvirt_snapshot_description(libvirt_snapshot snapshot) { return functions.virDomainSnapshotGetXMLDesc(snapshot, 0); }

int libvirt_snapshot_free(libvirt_snapshot snapshot) { return functions.virDomainSnapshotFree(snapshot); }

libvirt_domain libvirt_domain_find(libvirt_connection connection, const char *uuid) {
    return LACKS(virDomainLookupByUUIDString) ? NULL : functions.virDomainLookupByUUIDString(connection, uuid);
}

int libvirt_domain_free(libvirt_domain domain) { return LACKS(virDomainFree) ? -1 : functions.virDomainFree(domain); }

libvirt_domain libvirt_domain_define(libvirt_connection connection, const char *document, unsigned int flags) {
    return LACKS(virDomainDefineXMLFlags) ? NULL : functions.virDomainDefineXMLFlags(connection, document, flags);
}

int libvirt_domain_state(libvirt_domain domain, int *state, int *reason) {
    return LACKS(virDomainGetState) ? -1 : functions.virDomainGetState(domain, state, reason, 0);
}

// A function of a domain, with what it takes beside it.
#define SIMPLE(name, function)                                                                                         \
    int libvirt_domain_##name(libvirt_domain domain) { return LACKS(function) ? -1 : functions.function(domain); }
SIMPLE(is_persistent, virDomainIsPersistent)
SIMPLE(create, virDomainCreate)
SIMPLE(shutdown, virDomainShutdown)
SIMPLE(destroy, virDomainDestroy)
SIMPLE(suspend, virDomainSuspend)
SIMPLE(resume, virDomainResume)
SIMPLE(abort_job, virDomainAbortJob)

int libvirt_domain_cut_off(libvirt_domain domain) {
    return LACKS(virDomainAbortJobFlags) ? -1 : functions.virDomainAbortJobFlags(domain, 1);
}

int libvirt_domain_save(libvirt_domain domain) {
    return LACKS(virDomainManagedSave) ? -1 : functions.virDomainManagedSave(domain, 0);
}

int libvirt_domain_undefine(libvirt_domain domain, unsigned int flags) {
    return LACKS(virDomainUndefineFlags) ? -1 : functions.virDomainUndefineFlags(domain, flags);
}

int libvirt_domain_set_processors(libvirt_domain domain, unsigned int count, unsigned int flags) {
    return LACKS(virDomainSetVcpusFlags) ? -1 : functions.virDomainSetVcpusFlags(domain, count, flags);
}

int libvirt_domain_set_memory(libvirt_domain domain, unsigned long memory, unsigned int flags) {
    return LACKS(virDomainSetMemoryFlags) ? -1 : functions.virDomainSetMemoryFlags(domain, memory, flags);
}

int libvirt_domain_freeze(libvirt_domain domain) {
    return LACKS(virDomainFSFreeze) ? -1 : functions.virDomainFSFreeze(domain, NULL, 0, 0);
}

int libvirt_domain_thaw(libvirt_domain domain) {
    return LACKS(virDomainFSThaw) ? -1 : functions.virDomainFSThaw(domain, NULL, 0, 0);
}

int libvirt_domain_begin_backup(libvirt_domain domain, const char *document) {
    return LACKS(virDomainBackupBegin) ? -1 : functions.virDomainBackupBegin(domain, document, NULL, 0);
}

int libvirt_domain_migrate(
    libvirt_domain domain, const char *uri, unsigned int flags, unsigned long long bandwidth, int streams,
    const char *compression, const char *const *disks, size_t disk_count) {
    libvirt_parameter *parameters = NULL;
    int count = 0, room = 0, result = 0;
    if (LACKS(virDomainMigrateToURI3) || LACKS(virTypedParamsAddULLong) || LACKS(virTypedParamsAddInt)
        || LACKS(virTypedParamsAddString))
        return -1;
    if (bandwidth)
        result |= functions.virTypedParamsAddULLong(&parameters, &count, &room, "bandwidth", bandwidth);
    if (bandwidth && flags & 1u << 15) // VIR_MIGRATE_POSTCOPY
        result |= functions.virTypedParamsAddULLong(&parameters, &count, &room, "bandwidth.postcopy", bandwidth);
    if (streams) result |= functions.virTypedParamsAddInt(&parameters, &count, &room, "parallel.connections", streams);
    if (compression)
        result |= functions.virTypedParamsAddString(&parameters, &count, &room, "compression", compression);
    for (size_t place = 0; place < disk_count; place++)
        result |= functions.virTypedParamsAddString(&parameters, &count, &room, "migrate_disks", disks[place]);
    if (!result) result = functions.virDomainMigrateToURI3(domain, uri, parameters, (unsigned int)count, flags);
    functions.virTypedParamsFree(parameters, count);
    return result;
}

int libvirt_domain_start_post_copy(libvirt_domain domain) {
    return LACKS(virDomainMigrateStartPostCopy) ? -1 : functions.virDomainMigrateStartPostCopy(domain, 0);
}

int libvirt_domain_set_downtime(libvirt_domain domain, unsigned long long downtime) {
    return LACKS(virDomainMigrateSetMaxDowntime) ? -1 : functions.virDomainMigrateSetMaxDowntime(domain, downtime, 0);
}
