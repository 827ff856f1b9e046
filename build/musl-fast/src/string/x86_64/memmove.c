#include <string.h>
#include "copy.h"

void *memmove(void *d, const void *s, size_t n)
{
	if (n <= 64) return copy_short(d, s, n);
	if ((uintptr_t)d - (uintptr_t)s < n) return copy_down(d, s, n);
	if (n >= REP && (uintptr_t)s - (uintptr_t)d >= n) return copy_rep(d, s, n);
	return copy_up(d, s, n);
}
