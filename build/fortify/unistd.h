/* Checked functions of <unistd.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <unistd.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_UNISTD)
#define EVERYLINUX_FORTIFY_UNISTD
everylinux_begin

extern ssize_t everylinux_read(int, void *, size_t) __asm__("read");
extern ssize_t everylinux_pread(int, void *, size_t, off_t) __asm__("pread");
extern ssize_t everylinux_write(int, const void *, size_t) __asm__("write");
extern ssize_t everylinux_pwrite(int, const void *, size_t, off_t) __asm__("pwrite");
extern ssize_t everylinux_readlink(const char *, char *, size_t) __asm__("readlink");
extern ssize_t everylinux_readlinkat(int, const char *, char *, size_t) __asm__("readlinkat");
extern char *everylinux_getcwd(char *, size_t) __asm__("getcwd");
extern int everylinux_gethostname(char *, size_t) __asm__("gethostname");
extern int everylinux_getgroups(int, gid_t *) __asm__("getgroups");
extern int everylinux_ttyname_r(int, char *, size_t) __asm__("ttyname_r");
extern size_t everylinux_confstr(int, char *, size_t) __asm__("confstr");

everylinux_checked ssize_t read(int file, void *to, size_t n)
{
    everylinux_limit(n, everylinux_room(to));
    return everylinux_read(file, to, n);
}

everylinux_checked ssize_t pread(int file, void *to, size_t n, off_t where)
{
    everylinux_limit(n, everylinux_room(to));
    return everylinux_pread(file, to, n, where);
}

everylinux_checked ssize_t write(int file, const void *from, size_t n)
{
    everylinux_limit(n, everylinux_room(from));
    return everylinux_write(file, from, n);
}

everylinux_checked ssize_t pwrite(int file, const void *from, size_t n, off_t where)
{
    everylinux_limit(n, everylinux_room(from));
    return everylinux_pwrite(file, from, n, where);
}

everylinux_checked ssize_t readlink(const char *__restrict path, char *__restrict to, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_readlink(path, to, n);
}

everylinux_checked ssize_t readlinkat(int folder, const char *__restrict path, char *__restrict to,
                                      size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_readlinkat(folder, path, to, n);
}

everylinux_checked char *getcwd(char *to, size_t n)
{
    if (to) everylinux_limit(n, everylinux_text(to));
    return everylinux_getcwd(to, n);
}

everylinux_checked int gethostname(char *to, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_gethostname(to, n);
}

everylinux_checked int getgroups(int n, gid_t *to)
{
    const size_t there = everylinux_room(to);
    if (there != (size_t)-1 && n > 0) everylinux_limit(n, there / sizeof(gid_t));
    return everylinux_getgroups(n, to);
}

everylinux_checked int ttyname_r(int file, char *to, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_ttyname_r(file, to, n);
}

everylinux_checked size_t confstr(int name, char *to, size_t n)
{
    if (to) everylinux_limit(n, everylinux_text(to));
    return everylinux_confstr(name, to, n);
}

everylinux_end
#endif
