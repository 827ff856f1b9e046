#include <string.h>
#include "sse2.h"

size_t strlen(const char *s)
{
	const char *p = (void *)((uintptr_t)s & -16);
	vec zero = {0};
	unsigned m = MASK(ALIGNED(p) == zero) >> (s-p);
	if (m) return FIRST(m);
	for (p += 16; (uintptr_t)p & 63; p += 16)
		if ((m = MASK(ALIGNED(p) == zero))) return p-s + FIRST(m);
	for (;; p += 64) {
		vec a = MIN(ALIGNED(p), ALIGNED(p+16)), b = MIN(ALIGNED(p+32), ALIGNED(p+48));
		if (MASK(MIN(a, b) == zero)) break;
	}
	while (!(m = MASK(ALIGNED(p) == zero))) p += 16;
	return p-s + FIRST(m);
}
