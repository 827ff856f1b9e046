#include <string.h>
#include "sse2.h"

char *__strchrnul(const char *s, int c)
{
	const char *p = (void *)((uintptr_t)s & -16);
	vec zero = {0}, v = fill(c), x = ALIGNED(p);
	unsigned skip = s-p, m = MASK((x == zero) | (x == v)) >> skip << skip;
	while (!m) {
		p += 16;
		x = ALIGNED(p);
		m = MASK((x == zero) | (x == v));
	}
	return (char *)p + FIRST(m);
}

weak_alias(__strchrnul, strchrnul);
