/* What mimalloc asks of the system, in place of its os.c, arena.c, options.c, stats.c and random.c:
 * memory straight from mmap, options that are constants (no environment variable is read, nothing is
 * printed), no statistics. Linux 2.6.32 has all that is called here. */

#define PAGE 4096
#define FEW_SEGMENTS 4
#define KEPT 2
#define KEPT_MOST (32UL<<20)  /* up to which glibc's threshold for mmap grows: mallopt(3) */

size_t _mi_os_page_size(void) { return PAGE; }
size_t _mi_os_good_alloc_size(size_t size) { return (size + PAGE-1) & -(size_t)PAGE; }
size_t _mi_os_numa_node_count_get(void) { return _mi_numa_node_count = 1; }
int _mi_os_numa_node_get(mi_os_tld_t *tld) { return 0; }
_Atomic(size_t) _mi_numa_node_count = 1;
void _mi_os_init(void) {}

static void *map(void *hint, size_t size)
{
	void *p = __mmap(hint, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 0 : p;
}

void *_mi_os_alloc(size_t size, mi_stats_t *stats)
{
	return map(0, _mi_os_good_alloc_size(size));
}

void _mi_os_free(void *p, size_t size, mi_stats_t *stats)
{
	int kept = errno;
	if (p) __munmap(p, _mi_os_good_alloc_size(size));
	errno = kept;
}

/* The kernel fills its mmap area downwards: what lies just below the last mapping is aligned when
 * that one was, so try without a reserve first. With one, the limit on address space counts it only
 * for a moment. */
static void *map_aligned(size_t size, size_t alignment)
{
	char *p = map(0, size);
	if (!p || !((uintptr_t)p & (alignment-1))) return p;
	__munmap(p, size);
	if (size > SIZE_MAX - alignment) return 0;
	p = map(0, size + alignment);
	if (!p) return 0;
	char *start = (char *)(((uintptr_t)p + alignment-1) & -alignment);
	size_t before = start - p, after = alignment - before;
	if (before) __munmap(p, before);
	if (after) __munmap(start + size, after);
	return start;
}

/* p + offset is aligned; an offset comes only with alignments above half a segment. */
static void *map_offset(size_t size, size_t alignment, size_t offset)
{
	if (!offset) return map_aligned(size, alignment);
	size_t extra = ((offset + alignment-1) & -alignment) - offset;
	if (size > SIZE_MAX - extra) return 0;
	char *p = map_aligned(size + extra, alignment);
	if (!p) return 0;
	if (extra) __munmap(p, extra);
	return p + extra;
}

bool _mi_os_commit(void *p, size_t size, bool *is_zero, mi_stats_t *stats)
{
	if (is_zero) *is_zero = false;
	return true;
}

/* Memory is given back, but stays mapped: the next use of it makes it anew. */
static bool give_back(void *p, size_t size)
{
	int kept = errno;
	uintptr_t start = ((uintptr_t)p + PAGE-1) & -(uintptr_t)PAGE;
	uintptr_t end = ((uintptr_t)p + size) & -(uintptr_t)PAGE;
	if (end > start) __madvise((void *)start, end - start, MADV_DONTNEED);
	errno = kept;
	return true;
}

bool _mi_os_decommit(void *p, size_t size, mi_stats_t *stats) { return give_back(p, size); }
bool _mi_os_reset(void *p, size_t size, mi_stats_t *stats) { return give_back(p, size); }
bool _mi_os_protect(void *p, size_t size) { return true; }
bool _mi_os_unprotect(void *p, size_t size) { return true; }

/* Two freed segments wait for the next request: a program that makes and drops buffers of 10 MB again
 * and again would have 2,500 faults each time. The kernel may take their pages meanwhile, so no memory
 * is short for it; where it cannot (before Linux 4.5), nothing is kept. */
static _Atomic(size_t *) kept_segments[KEPT];  /* a segment's first word is its size */

static bool keep(void *p, size_t size)
{
	if (size > KEPT_MOST || __madvise(p, size, MADV_FREE)) return false;
	size_t *other = p;
	*other = size;
	for (int i = 0; other && i < KEPT; i++)
		other = mi_atomic_exchange_ptr_acq_rel(size_t, kept_segments + i, other);
	if (other) __munmap(other, *other);
	return true;
}

/* One that waits, cut or grown in its place; if it does not fit, its room is free. Where room is short
 * mimalloc asks twice, which empties both places. */
static void *take_kept(size_t size, size_t alignment, size_t offset)
{
	size_t *p = 0;
	for (int i = 0; !p && i < KEPT; i++)
		p = mi_atomic_exchange_ptr_acq_rel(size_t, kept_segments + i, NULL);
	if (!p) return 0;
	size_t had = *p;
	bool fits = !offset && !((uintptr_t)p & (alignment-1));
	if (fits && had > size) __munmap((char *)p + size, had - size);
	if (fits && had < size) fits = __mremap(p, had, size, 0) == p;
	if (!fits) __munmap(p, had);
	return fits ? p : 0;
}

/* Segments come from the system one by one. */
static _Atomic(size_t) segments_made;

void *_mi_arena_alloc_aligned(size_t size, size_t alignment, size_t offset, bool *commit, bool *large,
	bool *is_pinned, bool *is_zero, mi_arena_id_t wanted, size_t *memid, mi_os_tld_t *tld)
{
	int kept = errno;
	*memid = 0;
	*is_pinned = *large = false;
	*commit = true;
	void *p = take_kept(size, alignment, offset);
	*is_zero = !p;
	if (p) return errno = kept, p;
	p = map_offset(size, alignment, offset);
	if (!p) return errno = ENOMEM, (void *)0;
	/* Where huge pages are for everybody, a program of 8 MiB would have 2 MiB more at once. */
	if (mi_atomic_increment_relaxed(&segments_made) < FEW_SEGMENTS)
		__madvise(p, size, MADV_NOHUGEPAGE);
	errno = kept;
	return p;
}

void _mi_arena_free(void *p, size_t size, size_t alignment, size_t offset, size_t memid,
	bool committed, mi_stats_t *stats)
{
	int kept = errno;
	if (p && !keep(p, _mi_os_good_alloc_size(size))) _mi_os_free(p, size, 0);
	errno = kept;
}

mi_arena_id_t _mi_arena_id_none(void) { return 0; }
bool _mi_arena_memid_is_suitable(size_t memid, mi_arena_id_t wanted) { return true; }

mi_msecs_t _mi_clock_now(void)
{
	struct timespec t;
	if (__clock_gettime(CLOCK_MONOTONIC, &t)) return 0;
	return (mi_msecs_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

long mi_option_get(mi_option_t option)
{
	switch (option) {
	case mi_option_eager_commit: return 1;
	case mi_option_allow_decommit: return 1;
	case mi_option_decommit_delay: return 25;  /* ms, as upstream */
	case mi_option_max_segment_reclaim: return 8;
	default: return 0;
	}
}

long mi_option_get_clamp(mi_option_t option, long low, long high)
{
	long value = mi_option_get(option);
	return value < low ? low : value > high ? high : value;
}

bool mi_option_is_enabled(mi_option_t option) { return mi_option_get(option); }

/* Only corrupted memory is worth a word, and the word is SIGSEGV, as with musl's own malloc. */
void _mi_error_message(int error, const char *format, ...) { if (error == EFAULT) a_crash(); }
void _mi_warning_message(const char *format, ...) {}
void _mi_verbose_message(const char *format, ...) {}
void _mi_trace_message(const char *format, ...) {}
void _mi_fprintf(mi_output_fun *out, void *arg, const char *format, ...) {}
void _mi_fputs(mi_output_fun *out, void *arg, const char *prefix, const char *message) {}

void _mi_stat_increase(mi_stat_count_t *stat, size_t amount) {}
void _mi_stat_decrease(mi_stat_count_t *stat, size_t amount) {}
void _mi_stat_counter_increase(mi_stat_counter_t *stat, size_t amount) {}
void _mi_stats_done(mi_stats_t *stats) {}
void mi_stats_reset(void) {}
void mi_stats_print(void *out) {}

/* Keys encode free lists in mimalloc's secure mode only; a cookie must not be zero. */
void _mi_random_init(mi_random_ctx_t *context) {}
void _mi_random_reinit_if_weak(mi_random_ctx_t *context) {}
uintptr_t _mi_random_next(mi_random_ctx_t *context) { return 1; }
void _mi_random_split(mi_random_ctx_t *context, mi_random_ctx_t *other) {}
