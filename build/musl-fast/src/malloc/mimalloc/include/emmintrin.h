/* The one instruction that mimalloc takes from the compiler's header of this name. */
#define _mm_pause() __builtin_ia32_pause()
