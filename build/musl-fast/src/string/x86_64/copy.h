/* memcpy and memmove. Both ends are read before anything is written, so that short blocks may
 * overlap; long ones go 64 bytes at a time, in the direction in which they may. */
#include "sse2.h"

#define REP 2048  /* from here on `rep movs` is faster than these loops; below, it starts too slowly */

static inline void *copy_short(char *d, const char *s, size_t n)
{
	if (n >= 16) {
		vec a = LOAD(s), z = LOAD(s+n-16);
		if (n > 32) {
			vec b = LOAD(s+16), y = LOAD(s+n-32);
			STORE(d+16, b); STORE(d+n-32, y);
		}
		STORE(d, a); STORE(d+n-16, z);
	} else if (n >= 8) {
		uint64_t a = *(u64 *)s, z = *(u64 *)(s+n-8);
		*(u64 *)d = a; *(u64 *)(d+n-8) = z;
	} else if (n >= 4) {
		uint32_t a = *(u32 *)s, z = *(u32 *)(s+n-4);
		*(u32 *)d = a; *(u32 *)(d+n-4) = z;
	} else if (n >= 2) {
		uint16_t a = *(u16 *)s, z = *(u16 *)(s+n-2);
		*(u16 *)d = a; *(u16 *)(d+n-2) = z;
	} else if (n) {
		*d = *s;
	}
	return d;
}

static inline void *copy_up(char *d, const char *s, size_t n)
{
	vec w = LOAD(s+n-64), x = LOAD(s+n-48), y = LOAD(s+n-32), z = LOAD(s+n-16), first = LOAD(s);
	char *end = d+n, *to = d;
	/* Stores that cross cache lines cost more than loads that do. */
	size_t skip = 16 - ((uintptr_t)d & 15);
	to += skip; s += skip; n -= skip;
	vec a, b, c, e;
	if (n > 64) {
		a = LOAD(s); b = LOAD(s+16); c = LOAD(s+32); e = LOAD(s+48);
		STORE(d, first);
		for (;;) {
			STORE(to, a); STORE(to+16, b); STORE(to+32, c); STORE(to+48, e);
			to += 64; s += 64; n -= 64;
			if (n <= 64) break;
			a = LOAD(s); b = LOAD(s+16); c = LOAD(s+32); e = LOAD(s+48);
		}
	} else {
		STORE(d, first);
	}
	STORE(end-64, w); STORE(end-48, x); STORE(end-32, y); STORE(end-16, z);
	return d;
}

static inline void *copy_down(char *d, const char *s, size_t n)
{
	vec w = LOAD(s), x = LOAD(s+16), y = LOAD(s+32), z = LOAD(s+48);
	while (n > 64) {
		vec a = LOAD(s+n-16), b = LOAD(s+n-32), c = LOAD(s+n-48), e = LOAD(s+n-64);
		STORE(d+n-16, a); STORE(d+n-32, b); STORE(d+n-48, c); STORE(d+n-64, e);
		n -= 64;
	}
	STORE(d, w); STORE(d+16, x); STORE(d+32, y); STORE(d+48, z);
	return d;
}

static inline void *copy_rep(char *d, const char *s, size_t n)
{
	vec first = LOAD(s);
	size_t skip = 16 - ((uintptr_t)d & 15), words = (n - skip) / 8;
	vec last = LOAD(s+n-16);
	char *to = d+skip;
	const char *from = s+skip;
	STORE(d, first);
	__asm__ volatile ("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	STORE(d+n-16, last);
	return d;
}
