/* Checked functions of <stdlib.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <stdlib.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_STDLIB)
#define EVERYLINUX_FORTIFY_STDLIB
everylinux_begin

extern size_t everylinux_mbstowcs(wchar_t *, const char *, size_t) __asm__("mbstowcs");
extern size_t everylinux_wcstombs(char *, const wchar_t *, size_t) __asm__("wcstombs");

everylinux_checked size_t mbstowcs(wchar_t *__restrict to, const char *__restrict from, size_t n)
{
    const size_t there = everylinux_room(to);
    if (to && there != (size_t)-1) everylinux_limit(n, there / sizeof(wchar_t));
    return everylinux_mbstowcs(to, from, n);
}

everylinux_checked size_t wcstombs(char *__restrict to, const wchar_t *__restrict from, size_t n)
{
    if (to) everylinux_limit(n, everylinux_room(to));
    return everylinux_wcstombs(to, from, n);
}

#if defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
extern char *everylinux_realpath(const char *, char *) __asm__("realpath");

/* 4096 is PATH_MAX, which musl's realpath() may fill. */
everylinux_checked char *realpath(const char *__restrict path, char *__restrict to)
{
    if (to) everylinux_limit(4096, everylinux_text(to));
    return everylinux_realpath(path, to);
}
#endif

everylinux_end
#endif
