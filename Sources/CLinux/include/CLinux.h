#pragma once

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Functions of the GNU C library that its headers show only under _GNU_SOURCE, which Swift's module of it does not
// define. Each is the function of the same name without the prefix; see its manual page. Needs glibc 2.36 (Debian 12).

/// pidfd_open(2): a descriptor of a process; negative where there is no such process.
int linux_pidfd_open(pid_t process);

/// pidfd_send_signal(2) without further information.
int linux_pidfd_send_signal(int descriptor, int signal);

/// sched_getaffinity(2) of the calling thread: a set of bits in `size` bytes.
int linux_sched_getaffinity(size_t size, uint8_t *bits);

/// sched_setaffinity(2) of the calling thread.
int linux_sched_setaffinity(size_t size, const uint8_t *bits);

/// posix_spawn_file_actions_addclosefrom_np(3).
int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// process_vm_readv(2) of `count` pieces of `size` bytes each, at most 1024, at these addresses of another process, one
/// after the other into `into`. How many bytes were read; negative on failure.
ssize_t linux_read_memory(pid_t process, const uint64_t *places, size_t count, size_t size, uint8_t *into);

/// malloc_trim(3) of all that is free: memory that nobody uses goes back to the system.
void linux_malloc_trim(void);

/// POSIX_SPAWN_SETSID: the program gets a session of its own.
short linux_spawn_new_session(void);
