/* The supervisor of uname(2): the release that a floor pretends. It stands above the agent, because
 * Yama lets only an ancestor write into another's memory (Documentation/admin-guide/LSM/Yama.rst),
 * and it needs no /proc. seccomp_unotify(2) tells how notifications work. */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* From linux/seccomp.h and linux/audit.h. */
struct notice { uint64_t id; uint32_t pid, flags; int nr; uint32_t arch; uint64_t ip, args[6]; };
struct reply { uint64_t id; int64_t value; int32_t error; uint32_t flags; };
#define NOTICE_RECEIVE _IOWR('!', 0, struct notice)
#define REPLY_SEND _IOWR('!', 1, struct reply)
#define NOTICE_LIVES _IOW('!', 2, uint64_t) /* its pid is still the caller's */
#define ARCH_X86_64 0xc000003eu
#define ARCH_I386 0x40000003u
#ifndef SYS_process_vm_writev
#define SYS_process_vm_writev (sizeof(void *) == 8 ? 311 : 348) /* Linux 3.2 */
#endif
#define LISTENERS 1024 /* more than a cell may have processes */

struct owner { uint32_t uid, gid; };
static int socket_to_supervisor = -1;
static struct pollfd watched[1 + LISTENERS]; /* the first is the agent's socket */
static struct owner owners[1 + LISTENERS];
static nfds_t watching = 1;

int watch_take(int listener) {
    struct owner owner = {(uint32_t)getuid(), (uint32_t)getgid()};
    struct iovec data = {&owner, sizeof owner};
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    memset(&control, 0, sizeof control);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &listener, sizeof listener);
    ssize_t sent = sendmsg(socket_to_supervisor, &message, MSG_NOSIGNAL);
    close(listener);
    return sent == (ssize_t)sizeof owner ? 0 : -1;
}

static int receive(struct owner *owner) {
    struct iovec data = {owner, sizeof *owner};
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    int listener = -1;
    ssize_t got = recvmsg(watched[0].fd, &message, MSG_CMSG_CLOEXEC);
    if (got != (ssize_t)sizeof *owner || CMSG_FIRSTHDR(&message) == NULL) return -1;
    memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
    return listener;
}

/* The three forms of uname: six fields of 65 bytes, five of 65, five of 9 (asm/unistd of i386). */
static size_t form(const struct notice *notice, const struct utsname *name, char *out) {
    const char *fields[6] = {name->sysname, name->nodename, name->release, name->version,
                             name->machine, (const char *)name + 5 * 65};
    int oldest = notice->arch == ARCH_I386 && notice->nr == 59;
    int old = notice->arch == ARCH_I386 && notice->nr == 109;
    size_t width = oldest ? 9 : 65, count = oldest || old ? 5 : 6;
    memset(out, 0, count * width);
    for (size_t i = 0; i < count; i++) memcpy(out + i * width, fields[i], strnlen(fields[i], width - 1));
    return count * width;
}

/* Real ids decide whose memory may be written; the effective ones keep the right to change back. */
static int write_into(pid_t pid, uint64_t at, void *data, size_t size, const struct owner *owner) {
    struct iovec ours = {data, size}, theirs = {(void *)(uintptr_t)at, size};
    uid_t uid = getuid();
    gid_t gid = getgid();
    int changes = uid != owner->uid || gid != owner->gid;
    if (changes && (setresgid(owner->gid, -1, -1) < 0 || setresuid(owner->uid, -1, -1) < 0)) return EPERM;
    long put = syscall(SYS_process_vm_writev, pid, &ours, 1ul, &theirs, 1ul, 0ul);
    int error = put == (long)size ? 0 : put < 0 ? errno : EFAULT;
    if (changes && (setresuid(uid, -1, -1) < 0 || setresgid(gid, -1, -1) < 0)) _exit(70);
    return error;
}

static void answer(int listener, const struct owner *owner, const struct utsname *name) {
    union { struct notice notice; char room[512]; } in;
    struct reply reply = {0, 0, 0, 0};
    char text[6 * 65];
    memset(&in, 0, sizeof in);
    if (ioctl(listener, NOTICE_RECEIVE, &in.notice) < 0) return; /* the caller is gone */
    size_t size = form(&in.notice, name, text);
    reply.id = in.notice.id;
    if (ioctl(listener, NOTICE_LIVES, &reply.id) < 0) return;
    reply.error = -write_into((pid_t)in.notice.pid, in.notice.args[0], text, size, owner);
    ioctl(listener, REPLY_SEND, &reply); /* ENOENT: it is gone by now */
}

static void finish(pid_t agent) {
    int status = 0;
    while (waitpid(agent, &status, 0) < 0 && errno == EINTR) {}
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void add(pid_t agent) {
    struct owner owner = {0, 0};
    int listener = receive(&owner);
    if (listener < 0) finish(agent); /* the agent closed its end: it ends, or has ended */
    if (watching == 1 + LISTENERS) {
        close(listener); /* who asks gets ENOSYS, which nobody takes for a release */
        return;
    }
    owners[watching] = owner;
    watched[watching++] = (struct pollfd){listener, POLLIN, 0};
}

static void drop(nfds_t number) {
    close(watched[number].fd);
    watched[number] = watched[--watching];
    owners[number] = owners[watching];
}

static void supervise(pid_t agent, const char *release) __attribute__((noreturn));
static void supervise(pid_t agent, const char *release) {
    struct utsname name;
    uname(&name);
    snprintf(name.release, sizeof name.release, "%s", release);
    for (;;) {
        if (poll(watched, watching, -1) < 0) continue;
        for (nfds_t i = watching - 1; i > 0; i--) {
            if (watched[i].revents & POLLIN) answer(watched[i].fd, &owners[i], &name);
            else if (watched[i].revents) drop(i);
        }
        if (watched[0].revents) add(agent);
    }
}

void watch_begin(const char *release) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) die("no socket for uname");
    pid_t agent = fork();
    if (agent < 0) die("no process for uname");
    if (agent == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        close(ends[0]);
        socket_to_supervisor = ends[1];
        return;
    }
    for (int number = 1; number < 32; number++)
        if (number != SIGCHLD) signal(number, SIG_IGN);
    close(0), close(1), close(ends[1]); /* the host's pipes end with the agent */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (privileges_drop() < 0) die("cannot drop capabilities");
    watched[0] = (struct pollfd){ends[0], POLLIN, 0};
    supervise(agent, release);
}
