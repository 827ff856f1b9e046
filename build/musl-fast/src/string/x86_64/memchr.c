#include <string.h>
#include "sse2.h"

/* Aligned blocks are read whole: they never reach into a page that the string is not in. */
void *memchr(const void *src, int c, size_t n)
{
	if (!n) return 0;
	const char *p = (void *)((uintptr_t)src & -16), *end = (const char *)src + n;
	if (end < (const char *)src) end = (void *)UINTPTR_MAX;
	vec v = fill(c);
	unsigned skip = (uintptr_t)src & 15, m = MASK(ALIGNED(p) == v) >> skip << skip;
	while (!m) {
		p += 16;
		if (p >= end) return 0;
		if (!((uintptr_t)p & 63))
			while ((size_t)(end-p) >= 64) {
				vec a = ALIGNED(p) == v, b = ALIGNED(p+16) == v;
				vec e = ALIGNED(p+32) == v, f = ALIGNED(p+48) == v;
				if (MASK(a|b|e|f)) break;
				p += 64;
				if (p >= end) return 0;
			}
		m = MASK(ALIGNED(p) == v);
	}
	p += FIRST(m);
	return p < end ? (void *)p : 0;
}
