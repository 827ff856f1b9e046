/* What mimalloc wants of C11's <stdatomic.h>: musl is compiled with -nostdinc, without the
 * compiler's own headers. GCC's builtins: https://gcc.gnu.org/onlinedocs/gcc/_005f_005fatomic-Builtins.html */
#ifndef MUSL_FAST_STDATOMIC_H
#define MUSL_FAST_STDATOMIC_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
	memory_order_relaxed = __ATOMIC_RELAXED,
	memory_order_acquire = __ATOMIC_ACQUIRE,
	memory_order_release = __ATOMIC_RELEASE,
	memory_order_acq_rel = __ATOMIC_ACQ_REL,
	memory_order_seq_cst = __ATOMIC_SEQ_CST
} memory_order;

typedef _Atomic(uintptr_t) atomic_uintptr_t;

#define ATOMIC_VAR_INIT(x) (x)
#define atomic_load_explicit(p, order) __extension__ ({ \
	__auto_type at_ = (p); \
	__typeof__((void)0, *at_) value_; \
	__atomic_load(at_, &value_, (order)); \
	value_; })
#define atomic_store_explicit(p, x, order) __extension__ ({ \
	__auto_type at_ = (p); \
	__typeof__((void)0, *at_) value_ = (x); \
	__atomic_store(at_, &value_, (order)); })
#define atomic_exchange_explicit(p, x, order) __extension__ ({ \
	__auto_type at_ = (p); \
	__typeof__((void)0, *at_) value_ = (x), old_; \
	__atomic_exchange(at_, &value_, &old_, (order)); \
	old_; })
#define exchange_compare_(p, expected, x, weak, good, bad) __extension__ ({ \
	__auto_type at_ = (p); \
	__typeof__((void)0, *at_) value_ = (x); \
	__atomic_compare_exchange(at_, (expected), &value_, (weak), (good), (bad)); })
#define atomic_compare_exchange_weak_explicit(p, e, x, good, bad) \
	exchange_compare_(p, e, x, 1, good, bad)
#define atomic_compare_exchange_strong_explicit(p, e, x, good, bad) \
	exchange_compare_(p, e, x, 0, good, bad)
#define atomic_fetch_add_explicit(p, x, order) __atomic_fetch_add((p), (x), (order))
#define atomic_fetch_sub_explicit(p, x, order) __atomic_fetch_sub((p), (x), (order))
#define atomic_fetch_and_explicit(p, x, order) __atomic_fetch_and((p), (x), (order))
#define atomic_fetch_or_explicit(p, x, order) __atomic_fetch_or((p), (x), (order))

#endif
