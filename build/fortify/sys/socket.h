/* Checked functions of <sys/socket.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <sys/socket.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_SOCKET)
#define EVERYLINUX_FORTIFY_SOCKET
everylinux_begin

extern ssize_t everylinux_recv(int, void *, size_t, int) __asm__("recv");
extern ssize_t everylinux_recvfrom(int, void *, size_t, int, struct sockaddr *, socklen_t *)
    __asm__("recvfrom");
extern ssize_t everylinux_send(int, const void *, size_t, int) __asm__("send");
extern ssize_t everylinux_sendto(int, const void *, size_t, int, const struct sockaddr *, socklen_t)
    __asm__("sendto");

everylinux_checked ssize_t recv(int file, void *to, size_t n, int flags)
{
    everylinux_limit(n, everylinux_room(to));
    return everylinux_recv(file, to, n, flags);
}

everylinux_checked ssize_t recvfrom(int file, void *__restrict to, size_t n, int flags,
                                    struct sockaddr *__restrict who, socklen_t *__restrict length)
{
    everylinux_limit(n, everylinux_room(to));
    return everylinux_recvfrom(file, to, n, flags, who, length);
}

everylinux_checked ssize_t send(int file, const void *from, size_t n, int flags)
{
    everylinux_limit(n, everylinux_room(from));
    return everylinux_send(file, from, n, flags);
}

everylinux_checked ssize_t sendto(int file, const void *from, size_t n, int flags,
                                  const struct sockaddr *who, socklen_t length)
{
    everylinux_limit(n, everylinux_room(from));
    return everylinux_sendto(file, from, n, flags, who, length);
}

everylinux_end
#endif
