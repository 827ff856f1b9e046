/* Checked functions of <sys/select.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <sys/select.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_SELECT)
#define EVERYLINUX_FORTIFY_SELECT
everylinux_begin

/* A descriptor beyond the set: musl's macros would write behind it. */
everylinux_checked int everylinux_in_set(int file)
{
    if (file < 0 || file >= FD_SETSIZE) __builtin_trap();
    return file;
}

#define everylinux_bit(d) (1UL << ((d) % (8 * (int)sizeof(long))))
#define everylinux_word(d, s) ((s)->fds_bits[(d) / (8 * (int)sizeof(long))])

everylinux_checked void everylinux_fd_set(int file, fd_set *set)
{
    everylinux_word(everylinux_in_set(file), set) |= everylinux_bit(file);
}

everylinux_checked void everylinux_fd_clr(int file, fd_set *set)
{
    everylinux_word(everylinux_in_set(file), set) &= ~everylinux_bit(file);
}

everylinux_checked int everylinux_fd_isset(int file, const fd_set *set)
{
    return !!(everylinux_word(everylinux_in_set(file), set) & everylinux_bit(file));
}

#undef FD_SET
#undef FD_CLR
#undef FD_ISSET
#define FD_SET(file, set) everylinux_fd_set((file), (set))
#define FD_CLR(file, set) everylinux_fd_clr((file), (set))
#define FD_ISSET(file, set) everylinux_fd_isset((file), (set))

everylinux_end
#endif
