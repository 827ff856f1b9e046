#include <string.h>
#include "sse2.h"

void *__memrchr(const void *src, int c, size_t n)
{
	if (!n) return 0;
	const char *start = src, *last = start + n-1, *p = (void *)((uintptr_t)last & -16);
	vec v = fill(c);
	unsigned m = MASK(ALIGNED(p) == v) & (2u << (last-p)) - 1;
	while (!m) {
		if (p <= start) return 0;
		p -= 16;
		m = MASK(ALIGNED(p) == v);
	}
	p += LAST(m);
	return p >= start ? (void *)p : 0;
}

weak_alias(__memrchr, memrchr);
