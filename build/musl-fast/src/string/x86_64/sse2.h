/* Vectors of 16 bytes, by GCC's own notation: musl is compiled without the compiler's headers.
 * SSE2 is in every x86_64, so nothing is asked of the processor. */
#include <stddef.h>
#include <stdint.h>

typedef char vec __attribute__((vector_size(16), may_alias));
typedef char uvec __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t u64 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint16_t u16 __attribute__((aligned(1), may_alias));

#define LOAD(p) ((vec)*(const uvec *)(p))
#define ALIGNED(p) (*(const vec *)(p))
#define STORE(p, v) (*(uvec *)(p) = (uvec)(v))
/* One bit for each byte, the lowest for the first. */
#define MASK(v) ((unsigned)__builtin_ia32_pmovmskb128((vec)(v)))
#define MIN(a, b) ((vec)__builtin_ia32_pminub128((a), (b)))
#define FIRST(mask) ((unsigned)__builtin_ctz(mask))
#define LAST(mask) (31u - (unsigned)__builtin_clz(mask))

static inline vec fill(int c)
{
	char b = c;
	return (vec){b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b};
}
