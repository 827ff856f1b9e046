/* The stack protector of position independent code on i386 calls this, in each object; musl leaves it
   to the compiler: https://www.openwall.com/lists/musl/2018/09/11/2 */
extern void __stack_chk_fail(void);
__attribute__((visibility("hidden"))) void __stack_chk_fail_local(void) { __stack_chk_fail(); }
