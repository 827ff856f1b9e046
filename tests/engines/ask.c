/* ask call NUMBER         make a system call with zeros: its errno by number, 0 if it succeeded
 * ask uname NUMBER WIDTH  make a form of uname: the release, its third field of WIDTH bytes
 * ask wild NUMBER         make it with an address that nothing is mapped at: its errno
 * ask exec 0              make a written page executable: its errno, 0 if that succeeded */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static char text[6 * 65];
    long number = argc > 2 ? atol(argv[2]) : 0;
    size_t width = argc > 3 ? (size_t)atol(argv[3]) : 0;
    if (argc < 3) return 2;
    if (strcmp(argv[1], "exec") == 0) {
        char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[0] = 1;
        mprotect(page, 4096, PROT_READ | PROT_EXEC);
    } else if (strcmp(argv[1], "call") == 0) syscall(number, 0, 0, 0, 0, 0, 0);
    else if (strcmp(argv[1], "wild") == 0) syscall(number, 16, 0, 0, 0, 0, 0);
    else if (syscall(number, text, 0, 0, 0, 0, 0) == 0) return printf("%s\n", text + 2 * width) < 0;
    printf("%d\n", errno);
    return 0;
}
