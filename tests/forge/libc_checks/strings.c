/* libc's string functions against naive ones: every alignment and length up to 300 bytes, each
 * block once against the last page that may be read and once against the first, and some long ones.
 * Exit status 0, or 1 with the first difference. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SHORT 300
#define PAGE 4096
#define ROOM (64*PAGE)

static unsigned char *left, *right, *model;

static void fail(const char *name, size_t n, size_t at)
{
	printf("%s: length %zu, offset %zu\n", name, n, at);
	exit(1);
}

/* Readable pages between two that are not. */
static unsigned char *guarded(void)
{
	unsigned char *p = mmap(0, ROOM + 2*PAGE, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p + PAGE, ROOM, PROT_READ|PROT_WRITE)) exit(2);
	return p + PAGE;
}

static void noise(unsigned char *p, size_t n)
{
	static uint32_t state = 1;
	for (size_t i = 0; i < n; i++) p[i] = 1 + (state = state*1664525 + 1013904223) / (1u<<24) % 255;
}

static void plain_move(unsigned char *d, const unsigned char *s, size_t n)
{
	if (d < s) for (volatile size_t i = 0; i < n; i++) d[i] = s[i];
	else for (volatile size_t i = n; i; i--) d[i-1] = s[i-1];
}

static void copies(unsigned char *d, const unsigned char *s, size_t n, size_t at)
{
	size_t before = d-left > 64 ? 64 : d-left;
	size_t after = left+ROOM-(d+n) > 64 ? 64 : left+ROOM-(d+n);
	memset(d-before, 7, before+n+after);
	if (memcpy(d, s, n) != d) fail("memcpy returns", n, at);
	for (size_t i = 0; i < n; i++) if (d[i] != s[i]) fail("memcpy", n, at);
	for (size_t i = 1; i <= before; i++) if (d[-i] != 7) fail("memcpy before", n, at);
	for (size_t i = 0; i < after; i++) if (d[n+i] != 7) fail("memcpy after", n, at);
	if (memset(d, 0x1ab, n) != d) fail("memset returns", n, at);
	for (size_t i = 0; i < n; i++) if (d[i] != 0xab) fail("memset", n, at);
	for (size_t i = 1; i <= before; i++) if (d[-i] != 7) fail("memset before", n, at);
	for (size_t i = 0; i < after; i++) if (d[n+i] != 7) fail("memset after", n, at);
}

static void moves(size_t n, size_t from, size_t to)
{
	size_t all = 2*n + 128;
	noise(left, all);
	memcpy(model, left, all);
	plain_move(model+to, model+from, n);
	memmove(left+to, left+from, n);
	for (size_t i = 0; i < all; i++) if (left[i] != model[i]) fail("memmove", n, i);
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void compares(unsigned char *a, unsigned char *b, size_t n, size_t at)
{
	memset(a, 'x', n);
	memset(b, 'x', n);
	if (memcmp(a, b, n)) fail("memcmp equal", n, at);
	for (size_t i = 0; i < n; i += 1 + n/50) {
		b[i] = 'x' ^ 0x80;
		if (i+1 < n) b[n-1] = 'a';  /* the first difference counts, unsigned */
		if (sign(memcmp(a, b, n)) != -1 || sign(memcmp(b, a, n)) != 1) fail("memcmp", n, i);
		b[i] = b[n-1] = 'x';
	}
}

static void texts(unsigned char *p, unsigned char *q, size_t n, size_t at)
{
	if (!n) return;
	char *s = (char *)p, *t = (char *)q;
	memset(p, 'x', n);
	p[n-1] = 0;
	memcpy(q, p, n);
	if (strlen(s) != n-1) fail("strlen", n, at);
	if (strchr(s, 0) != s+n-1 || strchrnul(s, 'y') != s+n-1) fail("strchr of 0", n, at);
	if (strcmp(s, t)) fail("strcmp equal", n, at);
	for (size_t i = 0; i < n-1; i += 1 + n/50) {
		p[i] = 0xf0;
		if (strchr(s, 0xf0) != s+i || strchrnul(s, -16) != s+i) fail("strchr", n, i);
		if (strcmp(s, t) <= 0 || strcmp(t, s) >= 0) fail("strcmp", n, i);
		p[i] = 'x';
	}
	if (strchr(s, 'y')) fail("strchr of what is not there", n, at);
}

static void searches(unsigned char *p, size_t n, size_t at)
{
	memset(p, 'x', n);
	if (memchr(p, 'y', n) || memrchr(p, 'y', n)) fail("memchr beyond", n, at);
	for (size_t i = 0; i < n; i += 1 + n/50) {
		p[i] = 0xf0;
		if (memchr(p, 0x1f0, n) != p+i || memrchr(p, 0x1f0, n) != p+i) fail("memchr", n, i);
		if (i+1 < n) {
			p[n-1] = 0xf0;
			if (memchr(p, 0xf0, n) != p+i) fail("memchr first", n, i);
			if (memrchr(p, 0xf0, n) != p+n-1) fail("memrchr last", n, i);
			if (memchr(p, 0xf0, i)) fail("memchr end", n, i);
			if (memrchr(p+i+1, 0xf0, n-i-2)) fail("memrchr start", n, i);
		}
		p[i] = p[n-1] = 'x';
	}
	if (n && memchr(memset(p, 'x', n), 'x', SIZE_MAX) != p) fail("memchr without end", n, at);
}

static void block(size_t n, size_t at, size_t other)
{
	unsigned char *a = left+at, *b = right+other;
	copies(a, b, n, at);
	compares(a, b, n, at);
	texts(a, b, n, at);
	searches(a, n, at);
}

int main(void)
{
	static const size_t lengths[] = {511, 1024, 2049, 4095, 4096, 4097, 5000, 8192, 70000, 131072};
	left = guarded(), right = guarded(), model = malloc(ROOM);
	noise(right, ROOM);
	for (size_t n = 0; n <= SHORT; n++)
		for (size_t at = 0; at < 64; at++) {
			block(n, at, at*7 % 64);
			block(n, ROOM-n-(at & 15), ROOM-n-at % 3);
			if (at < 48 && n) moves(n, at, (at*5 + n/2) % (n+48));
		}
	for (size_t i = 0; i < sizeof lengths/sizeof *lengths; i++)
		for (size_t at = 0; at < 64; at += 3) {
			size_t n = lengths[i];
			block(n, at, at*7 % 64);
			block(n, ROOM-n, ROOM-n-at);
			if (2*n + 128 > ROOM) continue;
			moves(n, at, at+1), moves(n, at+1, at), moves(n, at, at+n/2), moves(n, at+n, at);
			moves(n, at+n/2, at), moves(n, at, at+n), moves(n, 17, 33), moves(n, 33, 17);
		}
	puts("equal");
	return 0;
}
