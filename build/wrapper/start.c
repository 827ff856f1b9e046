/* Where a program begins that everylinux-cc links: the kernel's stack goes to musl. A source, so that
   the tree holds no object files; musl's dynamic __libc_start_main() takes these three alone. */
extern int main(int, char **, char **);
extern int __libc_start_main(int (*)(int, char **, char **), int, char **);

#ifdef __x86_64__
__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"
        "xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall everylinux_start\nhlt\n");
#else
__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"
        "xor %ebp, %ebp\nmov %esp, %eax\nand $-16, %esp\nsub $12, %esp\npush %eax\n"
        "call everylinux_start\nhlt\n");
#endif

__attribute__((noreturn, used, visibility("hidden"))) void everylinux_start(long *stack)
{
    __libc_start_main(main, (int)stack[0], (char **)(stack + 1));
    __builtin_unreachable();
}
