/* Checked functions of <stdio.h>: see everylinux-fortify.h. */
#pragma GCC system_header
#include_next <stdio.h>
#include <everylinux-fortify.h>
#if defined(EVERYLINUX_FORTIFY) && !defined(EVERYLINUX_FORTIFY_STDIO)
#define EVERYLINUX_FORTIFY_STDIO
everylinux_begin

#undef fgets
#undef fread
#undef snprintf
#undef sprintf
#undef vsnprintf
#undef vsprintf

extern char *everylinux_fgets(char *, int, FILE *) __asm__("fgets");
extern size_t everylinux_fread(void *, size_t, size_t, FILE *) __asm__("fread");
extern int everylinux_snprintf(char *, size_t, const char *, ...) __asm__("snprintf");
extern int everylinux_sprintf(char *, const char *, ...) __asm__("sprintf");
extern int everylinux_vsnprintf(char *, size_t, const char *, __builtin_va_list)
    __asm__("vsnprintf");
extern int everylinux_vsprintf(char *, const char *, __builtin_va_list) __asm__("vsprintf");

everylinux_checked char *fgets(char *to, int n, FILE *file)
{
    if (n > 0) everylinux_limit(n, everylinux_text(to));
    return everylinux_fgets(to, n, file);
}

everylinux_checked size_t fread(void *to, size_t size, size_t n, FILE *file)
{
    const size_t there = everylinux_room(to);
    if (there != (size_t)-1 && size) everylinux_limit(n, there / size);
    return everylinux_fread(to, size, n, file);
}

everylinux_checked int vsnprintf(char *to, size_t n, const char *format, __builtin_va_list list)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_vsnprintf(to, n, format, list);
}

everylinux_checked int snprintf(char *to, size_t n, const char *format, ...)
{
    everylinux_limit(n, everylinux_text(to));
    return everylinux_snprintf(to, n, format, __builtin_va_arg_pack());
}

/* Written within the room that there is; what did not fit is told by the length. */
everylinux_checked int vsprintf(char *to, const char *format, __builtin_va_list list)
{
    const size_t there = everylinux_text(to);
    int length;
    if (there == (size_t)-1 || there > 0x7fffffff) return everylinux_vsprintf(to, format, list);
    length = everylinux_vsnprintf(to, there, format, list);
    if (length >= 0) everylinux_limit((size_t)length + 1, there);
    return length;
}

everylinux_checked int sprintf(char *to, const char *format, ...)
{
    const size_t there = everylinux_text(to);
    int length;
    if (there == (size_t)-1 || there > 0x7fffffff)
        return everylinux_sprintf(to, format, __builtin_va_arg_pack());
    length = everylinux_snprintf(to, there, format, __builtin_va_arg_pack());
    if (length >= 0) everylinux_limit((size_t)length + 1, there);
    return length;
}

everylinux_end
#endif
