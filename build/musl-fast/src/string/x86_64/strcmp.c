#include <string.h>
#include "sse2.h"

#define NEAR_END(p) (((uintptr_t)(p) & 4095) > 4096-16)

/* 16 bytes at a time wherever neither string comes within 16 bytes of the end of its page. */
int strcmp(const char *l, const char *r)
{
	const unsigned char *a = (void *)l, *b = (void *)r;
	vec zero = {0};
	for (;;) {
		if (NEAR_END(a) || NEAR_END(b)) {
			for (int i = 0; i < 16; i++, a++, b++)
				if (*a != *b || !*a) return *a - *b;
			continue;
		}
		vec x = LOAD(a);
		unsigned m = MASK((x == LOAD(b)) & (x != zero)) ^ 0xffff;
		if (m) return a[FIRST(m)] - b[FIRST(m)];
		a += 16; b += 16;
	}
}
