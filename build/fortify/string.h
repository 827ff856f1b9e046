/* Checked functions of <string.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <string.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_STRING)
#define EVERYLINUX_FORTIFY_STRING
everylinux_begin

#undef memcpy
#undef memmove
#undef memset
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat

everylinux_checked void *memcpy(void *__restrict to, const void *__restrict from, size_t n)
{
    everylinux_limit(n, everylinux_room(to));
    return __builtin_memcpy(to, from, n);
}

everylinux_checked void *memmove(void *to, const void *from, size_t n)
{
    everylinux_limit(n, everylinux_room(to));
    return __builtin_memmove(to, from, n);
}

everylinux_checked void *memset(void *to, int value, size_t n)
{
    everylinux_limit(n, everylinux_room(to));
    return __builtin_memset(to, value, n);
}

everylinux_checked char *strcpy(char *__restrict to, const char *__restrict from)
{
    const size_t there = everylinux_text(to);
    if (there != (size_t)-1) everylinux_limit(__builtin_strlen(from) + 1, there);
    return __builtin_strcpy(to, from);
}

everylinux_checked char *strcat(char *__restrict to, const char *__restrict from)
{
    const size_t there = everylinux_text(to);
    if (there != (size_t)-1)
        everylinux_limit(__builtin_strlen(to) + __builtin_strlen(from) + 1, there);
    return __builtin_strcat(to, from);
}

everylinux_checked char *strncpy(char *__restrict to, const char *__restrict from, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return __builtin_strncpy(to, from, n);
}

everylinux_checked char *strncat(char *__restrict to, const char *__restrict from, size_t n)
{
    const size_t there = everylinux_text(to);
    if (there != (size_t)-1) {
        size_t length = 0;
        while (length < n && from[length]) length++;
        everylinux_limit(__builtin_strlen(to) + length + 1, there);
    }
    return __builtin_strncat(to, from, n);
}

#if defined(_POSIX_SOURCE) || defined(_POSIX_C_SOURCE) || defined(_XOPEN_SOURCE) || \
    defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
#undef stpcpy
#undef stpncpy

everylinux_checked char *stpcpy(char *__restrict to, const char *__restrict from)
{
    const size_t there = everylinux_text(to);
    if (there != (size_t)-1) everylinux_limit(__builtin_strlen(from) + 1, there);
    return __builtin_stpcpy(to, from);
}

everylinux_checked char *stpncpy(char *__restrict to, const char *__restrict from, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return __builtin_stpncpy(to, from, n);
}
#endif

#if defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
extern size_t everylinux_strlcpy(char *, const char *, size_t) __asm__("strlcpy");
extern size_t everylinux_strlcat(char *, const char *, size_t) __asm__("strlcat");

everylinux_checked size_t strlcpy(char *to, const char *from, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_strlcpy(to, from, n);
}

everylinux_checked size_t strlcat(char *to, const char *from, size_t n)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_strlcat(to, from, n);
}
#endif

#ifdef _GNU_SOURCE
#undef mempcpy

everylinux_checked void *mempcpy(void *to, const void *from, size_t n)
{
    everylinux_limit(n, everylinux_room(to));
    return __builtin_mempcpy(to, from, n);
}
#endif

everylinux_end
#endif
