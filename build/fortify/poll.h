/* Checked functions of <poll.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <poll.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_POLL)
#define EVERYLINUX_FORTIFY_POLL
everylinux_begin

extern int everylinux_poll(struct pollfd *, nfds_t, int) __asm__("poll");

everylinux_checked int poll(struct pollfd *files, nfds_t n, int timeout)
{
    const __SIZE_TYPE__ there = everylinux_room(files);
    if (there != (__SIZE_TYPE__)-1) everylinux_limit(n, there / sizeof(struct pollfd));
    return everylinux_poll(files, n, timeout);
}

everylinux_end
#endif
