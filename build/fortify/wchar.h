/* Checked functions of <wchar.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <wchar.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_WCHAR)
#define EVERYLINUX_FORTIFY_WCHAR
everylinux_begin

extern wchar_t *everylinux_wmemcpy(wchar_t *, const wchar_t *, size_t) __asm__("wmemcpy");
extern wchar_t *everylinux_wmemmove(wchar_t *, const wchar_t *, size_t) __asm__("wmemmove");
extern wchar_t *everylinux_wmemset(wchar_t *, wchar_t, size_t) __asm__("wmemset");
extern wchar_t *everylinux_wcscpy(wchar_t *, const wchar_t *) __asm__("wcscpy");
extern wchar_t *everylinux_wcsncpy(wchar_t *, const wchar_t *, size_t) __asm__("wcsncpy");
extern wchar_t *everylinux_wcscat(wchar_t *, const wchar_t *) __asm__("wcscat");
extern size_t everylinux_wcslen(const wchar_t *) __asm__("wcslen");
extern int everylinux_swprintf(wchar_t *, size_t, const wchar_t *, ...) __asm__("swprintf");
#define everylinux_wide(p) (everylinux_text(p) / sizeof(wchar_t))
#define everylinux_wide_known(p) (everylinux_text(p) != (size_t)-1)

everylinux_checked wchar_t *wmemcpy(wchar_t *__restrict to, const wchar_t *__restrict from, size_t n)
{
    if (everylinux_wide_known(to)) everylinux_limit(n, everylinux_wide(to));
    return everylinux_wmemcpy(to, from, n);
}

everylinux_checked wchar_t *wmemmove(wchar_t *to, const wchar_t *from, size_t n)
{
    if (everylinux_wide_known(to)) everylinux_limit(n, everylinux_wide(to));
    return everylinux_wmemmove(to, from, n);
}

everylinux_checked wchar_t *wmemset(wchar_t *to, wchar_t value, size_t n)
{
    if (everylinux_wide_known(to)) everylinux_limit(n, everylinux_wide(to));
    return everylinux_wmemset(to, value, n);
}

everylinux_checked wchar_t *wcscpy(wchar_t *__restrict to, const wchar_t *__restrict from)
{
    if (everylinux_wide_known(to)) everylinux_limit(everylinux_wcslen(from) + 1, everylinux_wide(to));
    return everylinux_wcscpy(to, from);
}

everylinux_checked wchar_t *wcsncpy(wchar_t *__restrict to, const wchar_t *__restrict from, size_t n)
{
    if (everylinux_wide_known(to)) everylinux_limit(n, everylinux_wide(to));
    return everylinux_wcsncpy(to, from, n);
}

everylinux_checked wchar_t *wcscat(wchar_t *__restrict to, const wchar_t *__restrict from)
{
    if (everylinux_wide_known(to))
        everylinux_limit(everylinux_wcslen(to) + everylinux_wcslen(from) + 1, everylinux_wide(to));
    return everylinux_wcscat(to, from);
}

everylinux_checked int swprintf(wchar_t *__restrict to, size_t n, const wchar_t *__restrict format,
                                ...)
{
    if (everylinux_wide_known(to)) everylinux_limit(n, everylinux_wide(to));
    return everylinux_swprintf(to, n, format, __builtin_va_arg_pack());
}

everylinux_end
#endif
