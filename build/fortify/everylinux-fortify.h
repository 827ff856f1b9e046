/* What all checked functions share. Each includes musl's header of its name first, and adds inline
   functions that trap where the compiler knows the size of an object and the call goes beyond it.
   Active with -D_FORTIFY_SOURCE=1 and above when optimising; sizes as in glibc's feature_test_macros(7):
   level 1 whole objects, level 2 the member for strings, level 3 sizes that are known at run time. */
#ifndef EVERYLINUX_FORTIFY_H
#define EVERYLINUX_FORTIFY_H

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0 && defined(__OPTIMIZE__) && \
    defined(__GNUC__) && !defined(__clang__) && !defined(__ASSEMBLER__)
#define EVERYLINUX_FORTIFY 1

#if _FORTIFY_SOURCE > 2 && __GNUC__ >= 12
#define everylinux_size __builtin_dynamic_object_size
#else
#define everylinux_size __builtin_object_size
#endif
#define everylinux_room(p) everylinux_size(p, 0)
#if _FORTIFY_SOURCE > 1
#define everylinux_text(p) everylinux_size(p, 1)
#else
#define everylinux_text(p) everylinux_size(p, 0)
#endif
#define everylinux_limit(wanted, there) \
    do { \
        if ((__SIZE_TYPE__)(wanted) > (__SIZE_TYPE__)(there)) __builtin_trap(); \
    } while (0)

#define everylinux_checked \
    extern __inline__ __attribute__((__always_inline__, __gnu_inline__, __artificial__))

#ifdef __cplusplus
#define everylinux_begin extern "C" {
#define everylinux_end }
#else
#define everylinux_begin
#define everylinux_end
#endif

/* What is left in the binary: one note, by which it can be told that this was active. Inline checks
   leave no name such as __memcpy_chk. Owner "everylinux", type 1, the level in four bytes. */
#define everylinux_string(x) #x
#define everylinux_level(x) everylinux_string(x)
__asm__(".ifndef .Leverylinux_fortify\n"
        ".set .Leverylinux_fortify, 1\n"
        ".pushsection .note.everylinux.fortify,\"aG\",%note,everylinux_fortify,comdat\n"
        ".balign 4\n.long 11, 4, 1\n.asciz \"everylinux\"\n.balign 4\n"
        ".long " everylinux_level(_FORTIFY_SOURCE) "\n"
        ".popsection\n.endif\n");
#endif
#endif
