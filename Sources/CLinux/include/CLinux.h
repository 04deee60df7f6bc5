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

/// Gives a file's empty ranges back to its file system (lseek(2) SEEK_HOLE, fallocate(2) FALLOC_FL_PUNCH_HOLE), as far as
/// that can tell and do it.
void linux_dig_holes(int file);

/// process_vm_readv(2) of `count` pieces of `size` bytes each, at most 1024, at these addresses of another process, one
/// after the other into `into`. How many bytes were read; negative on failure.
ssize_t linux_read_memory(pid_t process, const uint64_t *places, size_t count, size_t size, uint8_t *into);

/// malloc_trim(3) of all that is free: memory that nobody uses goes back to the system.
void linux_malloc_trim(void);

/// POSIX_SPAWN_SETSID: the program gets a session of its own.
short linux_spawn_new_session(void);

/// sched_setaffinity(2) of any thread.
int linux_sched_setaffinity_of(pid_t thread, size_t size, const uint8_t *bits);

/// sendmsg(2) of `count` bytes with one descriptor (SCM_RIGHTS, unix(7)), without a signal where the peer has closed.
ssize_t linux_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

// Network interfaces (netdevice(7), Documentation/networking/tuntap.rst). Each gives 0, or a negative number and errno.

/// Opens the tap interface `name`, which is 16 bytes and may hold `%d` for a number that the kernel chooses; the name
/// that it got is in it afterwards. It is gone when the last descriptor of it is closed. `offloads` for a guest that
/// knows what virtio-net's header means. Gives a descriptor.
int linux_tap_open(const char *device, char *name, int offloads);

/// The largest packet of an interface, and setting it.
int linux_interface_mtu(const char *name);
int linux_interface_set_mtu(const char *name, int mtu);

/// Sets the 6 bytes of a hardware address.
int linux_interface_set_hardware_address(const char *name, const uint8_t *address);

/// Switches an interface on.
int linux_interface_up(const char *name);

/// Makes an interface a port of a bridge.
int linux_bridge_add(const char *bridge, const char *name);

/// openat2(2) of a path below `folder`, for looking only (O_PATH): no part of it leads out of the folder, by `..`, by a
/// symbolic link or by a magic link. Gives a descriptor, or a negative number and errno.
int linux_open_beneath(int folder, const char *path);

/// open(2) for looking only (O_PATH): neither waits for a pipe's other end nor wakes a device.
int linux_open_for_looking(const char *path);

/// stat(2), of a symbolic link that leads nowhere lstat(2): four numbers that change when the file does (size, times of
/// its last changes in nanoseconds, inode).
int linux_file_facts(const char *path, int64_t *facts);

/// posix_spawn_file_actions_addchdir_np(3).
int linux_spawn_change_folder(posix_spawn_file_actions_t *actions, const char *path);

/// prctl(2) PR_SET_CHILD_SUBREAPER: descendants that lose their parents become children of this process.
int linux_become_subreaper(void);

/// pipe2(2) with O_CLOEXEC.
int linux_pipe(int *ends);
