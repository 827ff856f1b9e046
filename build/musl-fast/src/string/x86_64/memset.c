#include <string.h>
#include "sse2.h"

#define REP 2048

static void *set_short(char *d, uint64_t v, size_t n)
{
	if (n >= 8) {
		*(u64 *)d = v; *(u64 *)(d+n-8) = v;
	} else if (n >= 4) {
		*(u32 *)d = v; *(u32 *)(d+n-4) = v;
	} else if (n >= 2) {
		*(u16 *)d = v; *(u16 *)(d+n-2) = v;
	} else if (n) {
		*d = v;
	}
	return d;
}

void *memset(void *dest, int c, size_t n)
{
	char *d = dest, *end = d+n;
	uint64_t word = 0x0101010101010101u * (unsigned char)c;
	if (n < 16) return set_short(d, word, n);
	vec v = fill(c);
	STORE(d, v);
	STORE(end-16, v);
	if (n <= 32) return dest;
	d += 16 - ((uintptr_t)d & 15);
	if (n >= REP) {
		size_t words = (end-d)/8;
		__asm__ volatile ("rep stosq" : "+D"(d), "+c"(words) : "a"(word) : "memory");
		return dest;
	}
	for (; d < end-64; d += 64) {
		STORE(d, v); STORE(d+16, v); STORE(d+32, v); STORE(d+48, v);
	}
	for (; d < end-16; d += 16) STORE(d, v);
	return dest;
}
