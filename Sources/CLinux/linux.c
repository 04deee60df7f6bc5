#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

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

int linux_sched_setaffinity_of(pid_t thread, size_t size, const uint8_t *bits) {
    return sched_setaffinity(thread, size, (const cpu_set_t *)bits);
}

ssize_t linux_send_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

int linux_tap_open(const char *device, char *name, int offloads) {
    int descriptor = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | (offloads ? IFF_VNET_HDR : 0)};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(descriptor, TUNSETIFF, &request) < 0) {
        int code = errno;
        close(descriptor);
        errno = code;
        return -1;
    }
    memcpy(name, request.ifr_name, IFNAMSIZ);
    return descriptor;
}

// A request of an interface's needs any socket at all.
static int ask(unsigned long what, const char *name, struct ifreq *request) {
    int socket_of_any_kind = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_of_any_kind < 0) return -1;
    strncpy(request->ifr_name, name, IFNAMSIZ - 1);
    int result = ioctl(socket_of_any_kind, what, request);
    int code = errno;
    close(socket_of_any_kind);
    errno = code;
    return result;
}

int linux_interface_mtu(const char *name) {
    struct ifreq request = {0};
    return ask(SIOCGIFMTU, name, &request) < 0 ? -1 : request.ifr_mtu;
}

int linux_interface_set_mtu(const char *name, int mtu) {
    struct ifreq request = {.ifr_mtu = mtu};
    return ask(SIOCSIFMTU, name, &request);
}

int linux_interface_set_hardware_address(const char *name, const uint8_t *address) {
    struct ifreq request = {0};
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, address, 6);
    return ask(SIOCSIFHWADDR, name, &request);
}

int linux_interface_up(const char *name) {
    struct ifreq request = {0};
    if (ask(SIOCGIFFLAGS, name, &request) < 0) return -1;
    request.ifr_flags |= IFF_UP;
    return ask(SIOCSIFFLAGS, name, &request);
}

int linux_bridge_add(const char *bridge, const char *name) {
    unsigned number = if_nametoindex(name);
    if (number == 0) return -1;
    struct ifreq request = {.ifr_ifindex = (int)number};
    return ask(SIOCBRADDIF, bridge, &request);
}

void linux_dig_holes(int file) {
    off_t end = lseek(file, 0, SEEK_END);
    for (off_t place = 0; place < end;) {
        off_t hole = lseek(file, place, SEEK_HOLE);
        if (hole < 0 || hole >= end) return;
        off_t data = lseek(file, hole, SEEK_DATA);
        off_t next = data < 0 ? end : data;
        if (next <= hole || fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole, next - hole) != 0) return;
        place = next;
    }
}

int linux_open_beneath(int folder, const char *path) {
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

int linux_open_for_looking(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int linux_file_facts(const char *path, int64_t *facts) {
    struct stat status;
    if (stat(path, &status) != 0 && lstat(path, &status) != 0) return -1;
    facts[0] = status.st_size;
    facts[1] = status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
    facts[2] = status.st_ctim.tv_sec * 1000000000LL + status.st_ctim.tv_nsec;
    facts[3] = (int64_t)status.st_ino;
    return 0;
}

int linux_spawn_change_folder(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int linux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int linux_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }
