/* mimalloc as musl's malloc: one object, whose every symbol is hidden (a wheel may bring its own
 * mi_malloc). A thread's heap hangs in its thread control block: libc.so has no TLS segment. */

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include "pthread_impl.h"
#include "fork_impl.h"
#include "dynlink.h"

#pragma GCC visibility push(hidden)

#undef weak /* names in mimalloc, attributes in musl */
#undef hidden
#define NDEBUG 1
#define __thread /* a variable of the C file that is not used here */
#define MI_TLS_PTHREAD_SLOT_OFS offsetof(struct pthread, malloc_heap)
#define pthread_self() __pthread_self()
/* pthread_exit calls __malloc_thread_exit; what would be a constructor is never called. */
#define pthread_key_create(key, destructor) 0
#define pthread_setspecific(key, value) 0
#define constructor unused
#define atexit(function) 0

#include "mimalloc.h"
/* The thread's id is what %fs:0 or %gs:0 holds, in musl as in glibc. */
#define __GLIBC__ 2
#include "mimalloc-internal.h"
#undef __GLIBC__
#include "mimalloc-atomic.h"

#include "system.h"
#include "upstream/src/bitmap.c"
#include "upstream/src/segment-cache.c"
#include "upstream/src/segment.c"
#include "upstream/src/page.c"
#include "upstream/src/heap.c"
#include "upstream/src/alloc.c"
#include "upstream/src/alloc-aligned.c"
#include "upstream/src/init.c"

#pragma GCC visibility pop

/* Every block is aligned to 16, as musl's are; mimalloc aligns those below that to their size. */
static size_t enough(size_t n)
{
	return n < 16 ? 16 : n;
}

static void *found(void *p)
{
	if (mi_unlikely(!p)) errno = ENOMEM;
	return p;
}

void *__libc_malloc_impl(size_t n)
{
	return found(mi_malloc(enough(n)));
}

void __libc_free(void *p)
{
	mi_free(p);
}

void *__libc_realloc(void *p, size_t n)
{
	return found(mi_realloc(p, enough(n)));
}

/* What calloc need not clear; the first word was a link in the list of free blocks. */
int __malloc_allzerop(void *p)
{
	if (!_mi_ptr_page(p)->is_zero) return 0;
	*(uintptr_t *)p = 0;
	return 1;
}

void *aligned_alloc(size_t alignment, size_t n)
{
	/* As musl's own: a malloc that was replaced without aligned_alloc cannot free our memory. */
	if (!alignment || (alignment & (alignment-1)))
		return errno = EINVAL, (void *)0;
	if (n > PTRDIFF_MAX - alignment || (__malloc_replaced && !__aligned_alloc_replaced))
		return errno = ENOMEM, (void *)0;
	return found(mi_malloc_aligned(enough(n), alignment));
}

size_t malloc_usable_size(void *p)
{
	return mi_usable_size(p);
}

/* Before there is a second thread, so that no two take the main heap. */
void __malloc_threaded(void)
{
	mi_thread_init();
}

void __malloc_thread_exit(void)
{
	mi_thread_done();
}

/* The loader offers what is left of the pages of its data; there is no use for so little. */
void __malloc_donate(char *start, char *end)
{
}

/* Of the pages of this thread: has another one, that fork did not copy, stopped amid a free? The
 * block that it was about to hand over is lost; without this we would wait for it for ever. */
static bool free_of_others(mi_heap_t *heap, mi_page_queue_t *queue, mi_page_t *page, void *a, void *b)
{
	if (mi_page_thread_free_flag(page) == MI_DELAYED_FREEING) {
		uintptr_t blocks = (uintptr_t)mi_page_thread_free(page);
		mi_atomic_store_release(&page->xthread_free, blocks | MI_USE_DELAYED_FREE);
	}
	return true;
}

void __malloc_atfork(int who)
{
	mi_heap_t *heap = mi_get_default_heap();
	if (who <= 0) return;
	mi_atomic_store_release(&abandoned_readers, (size_t)0);
	if (mi_heap_is_initialized(heap))
		mi_heap_visit_pages(heap, &free_of_others, 0, 0);
}
