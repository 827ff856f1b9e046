/* libc's allocator: alignment, sizes, growth, threads, fork amid threads, little address space.
 * Each check is a word on the command line; exit status 0, or 1 with what was wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(condition) do { if (!(condition)) { \
	printf("line %d: %s\n", __LINE__, #condition); exit(1); } } while (0)

static int filled(const unsigned char *p, int c, size_t n)
{
	for (size_t i = 0; i < n; i++) if (p[i] != (unsigned char)c) return 0;
	return 1;
}

static uint32_t next(uint32_t *state) { return (*state = *state*1664525 + 1013904223) >> 8; }

static void sizes(void)
{
	for (size_t n = 0; n < 300000; n += 1 + n/37) {
		unsigned char *p = malloc(n), *q = malloc(n), *r = realloc(0, n);
		EXPECT(p && q && p != q && malloc_usable_size(p) >= n);
		EXPECT(!((uintptr_t)p % 16) && !((uintptr_t)q % 16) && !((uintptr_t)r % 16));
		r = realloc(r, n*2 + 1);
		EXPECT(r && !((uintptr_t)r % 16));
		free(r);
		memset(p, 1, malloc_usable_size(p));
		memset(q, 2, malloc_usable_size(q));
		EXPECT(filled(p, 1, malloc_usable_size(p)));
		free(p);
		EXPECT(filled(q, 2, malloc_usable_size(q)));
		free(q);
	}
	free(0);
	EXPECT(malloc_usable_size(0) == 0);
}

static void zeroes(void)
{
	for (int round = 0; round < 4; round++)
		for (size_t n = 1; n < 3000000; n += 1 + n/9) {
			unsigned char *p = calloc(n, 1), *q = calloc(1, n);
			EXPECT(p && q && filled(p, 0, n) && filled(q, 0, n));
			memset(p, 0xff, n);
			memset(q, 0xff, n);
			free(p);
			free(q);
		}
}

static void alignment(void)
{
	for (size_t a = 1; a <= (size_t)1 << 26; a *= 2)
		for (size_t n = 1; n < 200000; n = n*5 + 3) {
			void *p = aligned_alloc(a, n), *q = memalign(a, n), *r = (void *)1;
			EXPECT(p && q && !((uintptr_t)p % a) && !((uintptr_t)q % a));
			memset(p, 3, malloc_usable_size(p));
			memset(q, 4, n);
			EXPECT(malloc_usable_size(p) >= n && filled(p, 3, n));
			if (a >= sizeof(void *)) {
				EXPECT(!posix_memalign(&r, a, n) && !((uintptr_t)r % a));
				r = realloc(memset(r, 5, n), 2*n);
				EXPECT(r && filled(r, 5, n));
				free(r);
			}
			free(p);
			free(q);
		}
	void *p = 0;
	errno = 0;
	EXPECT(!aligned_alloc(24, 8) && errno == EINVAL);
	EXPECT(posix_memalign(&p, 2, 8) == EINVAL && posix_memalign(&p, 48, 8) == EINVAL);
	EXPECT(posix_memalign(&p, 64, PTRDIFF_MAX) == ENOMEM);
}

static void growth(void)
{
	unsigned char *p = 0;
	size_t old = 0;
	for (size_t n = 1; n < 80000000; n += 1 + n/11) {
		p = realloc(p, n);
		EXPECT(p && (!old || (p[0] == 9 && p[old-1] == 9 && p[old/2] == 9)));
		memset(p + old, 9, n - old);
		old = n;
	}
	EXPECT(filled(p, 9, old));
	for (size_t n = old; n; n /= 3) {
		p = realloc(p, n);
		EXPECT(p && filled(p, 9, n));
	}
	free(p);
}

static void too_much(void)
{
	void *p = malloc(100);
	volatile size_t most = SIZE_MAX, half = PTRDIFF_MAX;
	size_t sizes[] = {most, most - 15, half, half + 1, most - 4096, half - 4096};
	memset(p, 6, 100);
	for (int i = 0; i < 6; i++) {
		errno = 0;
		EXPECT(!malloc(sizes[i]) && errno == ENOMEM);
		errno = 0;
		EXPECT(!realloc(p, sizes[i]) && errno == ENOMEM && filled(p, 6, 100));
		errno = 0;
		EXPECT(!aligned_alloc(64, sizes[i]) && errno == ENOMEM);
	}
	errno = 0;
	EXPECT(!calloc(most / 2, 3) && errno == ENOMEM);
	errno = 0;
	EXPECT(!reallocarray(p, most / 2, 3) && errno == ENOMEM);
	free(p);
}

#define SLOTS 512
static _Atomic(unsigned char *) shared[SLOTS];

/* Blocks wander between threads: what one allocates, another checks and frees. */
static void *wanderer(void *seed)
{
	uint32_t state = (uintptr_t)seed;
	for (int i = 0; i < 60000; i++) {
		size_t n = 16 + (i % 64 ? next(&state) % 3000 : next(&state) % 400000);
		unsigned char *p = malloc(n);
		EXPECT(p);
		memcpy(p, &n, sizeof n);
		memset(p + sizeof n, n & 255, n - sizeof n);
		p = __atomic_exchange_n((unsigned char **)&shared[next(&state) % SLOTS], p, __ATOMIC_ACQ_REL);
		if (!p) continue;
		memcpy(&n, p, sizeof n);
		EXPECT(filled(p + sizeof n, n & 255, n - sizeof n));
		if (i % 5) free(p);
		else free(realloc(p, n * 2));
	}
	return 0;
}

static void threads(void)
{
	for (int round = 0; round < 3; round++) {
		pthread_t all[6];
		for (int i = 0; i < 6; i++)
			EXPECT(!pthread_create(all+i, 0, wanderer, (void *)(uintptr_t)(round*6 + i + 1)));
		for (int i = 0; i < 6; i++) pthread_join(all[i], 0);
	}
}

static long resident(void)
{
	long all, here = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	EXPECT(f && fscanf(f, "%ld %ld", &all, &here) == 2);
	fclose(f);
	return here * 4;
}

static void *brief(void *unused)
{
	void *p[40];
	for (int i = 0; i < 40; i++) memset(p[i] = malloc(i * 700 + 1), 1, i * 700 + 1);
	for (int i = 0; i < 40; i++) free(p[i]);
	return 0;
}

/* Threads that come and go leave nothing behind, detached ones neither. */
static void many_threads(void)
{
	long first = 0;
	for (int i = 0; i < 6000; i++) {
		pthread_t t;
		while (pthread_create(&t, 0, brief, 0)) usleep(1000);
		if (i % 2) pthread_join(t, 0);
		else pthread_detach(t);
		if (i == 1000) first = resident();
	}
	usleep(50000);
	EXPECT(resident() < first + 16384);
}

static volatile int stop;
static void *busy(void *seed)
{
	while (!stop) wanderer(seed);
	return 0;
}

/* A child of a process with threads may allocate, and what they left to it comes free. */
static void fork_amid_threads(void)
{
	pthread_t all[4];
	for (int i = 0; i < 4; i++) pthread_create(all+i, 0, busy, (void *)(uintptr_t)(i + 77));
	for (int i = 0; i < 150; i++) {
		pid_t child = fork();
		EXPECT(child >= 0);
		if (!child) {
			alarm(20);
			pthread_t t;
			uint32_t state = i + 1;
			for (int k = 0; k < 3000; k++) free(malloc(next(&state) % 100000));
			for (int k = 0; k < SLOTS; k++) free(shared[k]), shared[k] = 0;
			brief(0);
			EXPECT(!pthread_create(&t, 0, brief, 0) && !pthread_join(t, 0));
			_exit(0);
		}
		int status;
		EXPECT(waitpid(child, &status, 0) == child && status == 0);
	}
	stop = 1;
	for (int i = 0; i < 4; i++) pthread_join(all[i], 0);
}

/* With 96 MiB of address space: threads can be had, the end is ENOMEM, and afterwards all is well. */
static void little_space(void)
{
	struct rlimit limit = {96 << 20, 96 << 20};
	void *chain = 0, *p;
	size_t got = 0, first;
	EXPECT(!setrlimit(RLIMIT_AS, &limit));
	pthread_t all[8];
	for (int i = 0; i < 8; i++) EXPECT(!pthread_create(all+i, 0, brief, 0));
	for (int i = 0; i < 8; i++) pthread_join(all[i], 0);
	for (int round = 0; round < 3; round++) {
		for (got = 0; (p = malloc(40000)); chain = p, got += 40000) *(void **)p = chain;
		EXPECT(errno == ENOMEM);
		EXPECT(got > 48 << 20);
		if (!round) first = got;
		EXPECT(got >= first / 10 * 9);
		for (; chain; chain = p) p = *(void **)chain, free(chain);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT(!malloc(200 << 20) && errno == ENOMEM);
		p = malloc(24 << 20);
		EXPECT(p);
		free(memset(p, 1, 24 << 20));
	}
	/* What waits for the next request is in no other's way. */
	void *one = malloc(24 << 20), *two = malloc(24 << 20);
	EXPECT(one && two);
	free(one), free(two);
	EXPECT(p = malloc(68 << 20));
	free(p);
}

/* What is freed goes back to the system within the second. */
static void given_back(void)
{
	long before = resident();
	for (int round = 0; round < 2; round++) {
		static void *p[2000];
		for (int i = 0; i < 2000; i++) memset(p[i] = malloc(60000), 1, 60000);
		EXPECT(resident() > before + 100000);
		for (int i = 0; i < 2000; i++) free(p[i]);
	}
	for (int i = 0; i < 8; i++) usleep(150000), free(malloc(200000));
	EXPECT(resident() < before + 40000);
}

static int madvise_free(void)
{
	void *p = mmap(0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
	return p != MAP_FAILED && !madvise(p, 4096, MADV_FREE);
}

/* Buffers of 10 MB made again and again get the same pages, and no stale one passes for zeroes. */
static void large_again(void)
{
	struct rusage before, after;
	size_t n = 10 << 20;
	free(memset(malloc(n), 1, n));
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 50; i++) {
		char *p = malloc(n + i*4096), *q;
		EXPECT(p);
		memset(p, 7, n + i*4096);
		free(p);
		q = calloc(1, 6 << 20);
		EXPECT(q && filled((void *)q, 0, 6 << 20));
		free(q);
	}
	getrusage(RUSAGE_SELF, &after);
	/* The half that calloc did not want was given back: 1,024 faults a round, not 4,096. */
	if (!madvise_free()) return;
	EXPECT(after.ru_minflt - before.ru_minflt < 50 * 2000);
}

/* A buffer that grows by an eighth again and again, as bytearray does. */
static void large_grows(void)
{
	unsigned char *p = malloc(5 << 20);
	size_t n = 5 << 20;
	memset(p, 1, n);
	for (int i = 2; n < 100 << 20; i++) {
		size_t more = n / 8 + 4096;
		EXPECT(p = realloc(p, n + more));
		EXPECT(p[0] == 1 && p[n-1] == i - 1);
		memset(p + n, i, more);
		n += more;
	}
	free(p);
}

static void *large_and_small(void *arg)
{
	uint32_t state = (uintptr_t)arg;
	for (int i = 0; i < 60; i++) {
		size_t n = (4 << 20) + next(&state) % (36 << 20);
		unsigned char *p = malloc(n), c = next(&state);
		EXPECT(p);
		p[0] = p[n/2] = p[n-1] = c;
		usleep(next(&state) % 300);
		EXPECT(p[0] == c && p[n/2] == c && p[n-1] == c);
		free(p);
	}
	return 0;
}

static void large_in_threads(void)
{
	pthread_t all[8];
	for (uintptr_t i = 0; i < 8; i++) EXPECT(!pthread_create(all+i, 0, large_and_small, (void *)i));
	for (int i = 0; i < 8; i++) pthread_join(all[i], 0);
}

static const struct { const char *name; void (*run)(void); } checks[] = {
	{"sizes", sizes}, {"zeroes", zeroes}, {"alignment", alignment}, {"growth", growth},
	{"too-much", too_much}, {"threads", threads}, {"many-threads", many_threads},
	{"fork", fork_amid_threads}, {"little-space", little_space}, {"given-back", given_back},
	{"large-again", large_again}, {"large-grows", large_grows}, {"large-in-threads", large_in_threads},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (argc > 1 && !strcmp(argv[1], checks[i].name)) {
			checks[i].run();
			puts("right");
			return 0;
		}
	return 2;
}
