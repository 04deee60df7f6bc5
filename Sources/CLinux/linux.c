#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <sched.h>
#include <sys/pidfd.h>
#include <sys/uio.h>

int linux_pidfd_open(pid_t process) { return pidfd_open(process, 0); }

int linux_pidfd_send_signal(int descriptor, int signal) { return pidfd_send_signal(descriptor, signal, NULL, 0); }

int linux_sched_getaffinity(size_t size, uint8_t *bits) { return sched_getaffinity(0, size, (cpu_set_t *)bits); }

int linux_sched_setaffinity(size_t size, const uint8_t *bits) {
    return sched_setaffinity(0, size, (const cpu_set_t *)bits);
}

int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

short linux_spawn_new_session(void) { return POSIX_SPAWN_SETSID; }

void linux_malloc_trim(void) { malloc_trim(0); }

ssize_t linux_read_memory(pid_t process, const uint64_t *places, size_t count, size_t size, uint8_t *into) {
    struct iovec remote[1024];
    if (count > sizeof remote / sizeof *remote) return -1;
    for (size_t i = 0; i < count; i++) remote[i] = (struct iovec){(void *)(uintptr_t)places[i], size};
    struct iovec local = {into, count * size};
    return process_vm_readv(process, &local, 1, remote, count, 0);
}
