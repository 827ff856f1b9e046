/* Run a static ELF program, here musl's loader, in this process: map it, give it a fresh start of
 * the stack (argument, environment and auxiliary vectors), jump. The kernel does the same in
 * execve(2), which would need the file to be executable and would rename the process after it. */
#include "launcher.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
typedef Elf64_Ehdr Ehdr;
typedef Elf64_Phdr Phdr;
#define MACHINE EM_X86_64
#define CLASS ELFCLASS64
#elif defined(__i386__)
typedef Elf32_Ehdr Ehdr;
typedef Elf32_Phdr Phdr;
#define MACHINE EM_386
#define CLASS ELFCLASS32
#else
#error "the launcher knows no such machine"
#endif

#define PAGE 4096ul /* both machines have no other */
#define DOWN(x) ((x) & ~(PAGE - 1))
#define UP(x) DOWN((x) + PAGE - 1)

static const char *name; /* of the file, for messages */

static void must(int good, const char *what) {
    if (!good) fail(126, name, what);
}

/* The ELF header and program headers, which all lie in the first page of what ld makes. */
static Phdr *headers(int file, char page[PAGE], Ehdr **header) {
    Ehdr *e = *header = (Ehdr *)page;
    ssize_t n = read(file, page, PAGE);
    must(n >= (ssize_t)sizeof *e && !memcmp(e->e_ident, ELFMAG, SELFMAG), "not an ELF file");
    must(e->e_ident[EI_CLASS] == CLASS && e->e_machine == MACHINE, "for another machine");
    must(e->e_type == ET_DYN && e->e_phentsize == sizeof(Phdr) && e->e_phoff < PAGE &&
             e->e_phoff + e->e_phnum * sizeof(Phdr) <= (size_t)n,
         "no loader");
    return (Phdr *)(page + e->e_phoff);
}

static void map_segment(int file, char *base, const Phdr *p) {
    int protection = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
                     (p->p_flags & PF_X ? PROT_EXEC : 0);
    char *start = base + DOWN(p->p_vaddr), *file_end = base + p->p_vaddr + p->p_filesz;
    char *page_end = base + UP(p->p_vaddr + p->p_filesz), *end = base + UP(p->p_vaddr + p->p_memsz);
    if (p->p_filesz)
        must(mmap(start, (size_t)(page_end - start), protection, MAP_PRIVATE | MAP_FIXED, file,
                  (off_t)DOWN(p->p_offset)) != MAP_FAILED,
             strerror(errno));
    else
        page_end = start;
    if (p->p_memsz > p->p_filesz && p->p_filesz && (p->p_flags & PF_W))
        memset(file_end, 0, (size_t)(page_end - file_end));
    if (end > page_end)
        must(mmap(page_end, (size_t)(end - page_end), protection,
                  MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
             strerror(errno));
}

static char *map(const Ehdr *e, const Phdr *p, int file) {
    uintptr_t low = UINTPTR_MAX, high = 0;
    for (int i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type != PT_LOAD) continue;
        if (DOWN(p[i].p_vaddr) < low) low = DOWN(p[i].p_vaddr);
        if (UP(p[i].p_vaddr + p[i].p_memsz) > high) high = UP(p[i].p_vaddr + p[i].p_memsz);
    }
    must(low < high && low == 0, "no loader");
    char *base = mmap(NULL, high, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(base != MAP_FAILED, strerror(errno));
    for (int i = 0; i < e->e_phnum; i++)
        if (p[i].p_type == PT_LOAD) map_segment(file, base, &p[i]);
    return base;
}

/* What the kernel tells a program that has no interpreter of its own. */
static uintptr_t told(uintptr_t type, uintptr_t value, const Ehdr *e, const char *base) {
    switch (type) {
    case AT_PHDR: return (uintptr_t)base + e->e_phoff;
    case AT_PHNUM: return e->e_phnum;
    case AT_PHENT: return e->e_phentsize;
    case AT_ENTRY: return (uintptr_t)base + e->e_entry;
    case AT_BASE: return 0;
    default: return value;
    }
}

static _Noreturn void jump(const char *entry, uintptr_t *stack) {
#if defined(__x86_64__)
    __asm__ volatile("mov %0, %%rsp; xor %%edx, %%edx; xor %%ebp, %%ebp; jmp *%1"
                     : : "D"(stack), "S"(entry) : "memory", "rdx");
#else
    __asm__ volatile("mov %0, %%esp; xor %%edx, %%edx; jmp *%1"
                     : : "D"(stack), "S"(entry) : "memory", "edx");
#endif
    __builtin_unreachable();
}

_Noreturn void start(const char *loader, int argc, char **argv, char **envp) {
    static char page[PAGE] __attribute__((aligned(16)));
    Ehdr *e;
    size_t variables = 0, values = 0;
    name = loader;
    int file = open(loader, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(errno == ENOENT ? 127 : 126, loader, strerror(errno));
    Phdr *p = headers(file, page, &e);
    const char *base = map(e, p, file);
    close(file);

    while (envp[variables]) variables++;
    uintptr_t *given = (uintptr_t *)(envp + variables + 1); /* the auxiliary vector */
    while (given[values]) values += 2;
    size_t words = 1 + (size_t)argc + 1 + variables + 1 + values + 2;
    /* On the stack, which must stay the main thread's: it grows, and musl measures it. */
    uintptr_t *stack = __builtin_alloca_with_align((words + 1) * sizeof *stack, 128), *to = stack;
    *to++ = (uintptr_t)argc;
    for (int i = 0; i < argc; i++) *to++ = (uintptr_t)argv[i];
    *to++ = 0;
    for (size_t i = 0; i <= variables; i++) *to++ = (uintptr_t)envp[i];
    for (size_t i = 0; i < values; i += 2) {
        *to++ = given[i];
        *to++ = told(given[i], given[i + 1], e, base);
    }
    *to++ = AT_NULL;
    *to = 0;
    jump(base + e->e_entry, stack);
}
