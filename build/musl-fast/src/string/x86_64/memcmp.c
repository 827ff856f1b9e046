#include <string.h>
#include "sse2.h"

static int differ(const unsigned char *a, const unsigned char *b)
{
	unsigned i = FIRST(MASK(LOAD(a) == LOAD(b)) ^ 0xffff);
	return a[i] - b[i];
}

static int compare_short(const unsigned char *a, const unsigned char *b, size_t n)
{
	if (n >= 8) {
		uint64_t x = *(u64 *)a, y = *(u64 *)b;
		if (x == y) x = *(u64 *)(a+n-8), y = *(u64 *)(b+n-8);
		x = __builtin_bswap64(x), y = __builtin_bswap64(y);
		return (x > y) - (x < y);
	}
	for (; n && *a == *b; n--, a++, b++);
	return n ? *a - *b : 0;
}

int memcmp(const void *left, const void *right, size_t n)
{
	const unsigned char *a = left, *b = right;
	if (n < 16) return compare_short(a, b, n);
	const unsigned char *a_end = a+n-16, *b_end = b+n-16;
	for (; n >= 64; n -= 64, a += 64, b += 64) {
		vec w = LOAD(a) == LOAD(b), x = LOAD(a+16) == LOAD(b+16);
		vec y = LOAD(a+32) == LOAD(b+32), z = LOAD(a+48) == LOAD(b+48);
		if (MASK(w & x & y & z) != 0xffff) break;
	}
	for (; n >= 16; n -= 16, a += 16, b += 16)
		if (MASK(LOAD(a) == LOAD(b)) != 0xffff) return differ(a, b);
	return MASK(LOAD(a_end) == LOAD(b_end)) == 0xffff ? 0 : differ(a_end, b_end);
}
