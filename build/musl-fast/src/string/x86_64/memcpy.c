#include <string.h>
#include "copy.h"

void *memcpy(void *restrict d, const void *restrict s, size_t n)
{
	if (n <= 64) return copy_short(d, s, n);
	if (n >= REP) return copy_rep(d, s, n);
	return copy_up(d, s, n);
}
