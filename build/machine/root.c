/* From the kernel's first file system into a tmpfs. What was unpacked at boot lies in a file system
 * that can neither be left nor bound (its superblock has SB_NOUSER), as every distribution's own
 * initial programs know: they mount another one and move into it, see switch_root(8). */
#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW "new root"
#define COPIES ".everylinux copies" /* while they are made */
#define BLOCK (256u << 10)

static unsigned char *block;
static int copies; /* a folder: what was copied and has more names, by its number */

/* Whether it is one more name of a file that was copied. Names that are gone do not count any more,
 * so that the last one of a file is told by its number alone. */
static int linked(const struct stat *about, int to, const char *name) {
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)about->st_ino);
    return linkat(copies, number, to, name, 0) == 0;
}

static void remember(const struct stat *about, int to, const char *name) {
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)about->st_ino);
    if (about->st_nlink > 1 && linkat(to, name, copies, number, 0) < 0) die("cannot link a file");
}

static void copy_file(int from, const char *name, int to, const struct stat *about) {
    if (linked(about, to, name)) return;
    int in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t got = -1;
    if (in < 0 || out < 0) die("cannot copy a file");
    while ((got = read(in, block, BLOCK)) > 0)
        if (write(out, block, (size_t)got) != got) die("no room for the root");
    if (got < 0 || fchown(out, about->st_uid, about->st_gid) < 0 ||
        fchmod(out, about->st_mode & 07777) < 0)
        die("cannot copy a file");
    const struct timespec times[2] = {about->st_atim, about->st_mtim};
    futimens(out, times);
    close(in);
    close(out);
    remember(about, to, name);
}

static void copy_link(int from, const char *name, int to, const struct stat *about) {
    char target[4096];
    ssize_t size = readlinkat(from, name, target, sizeof target - 1);
    if (size < 0) die("cannot read a link");
    target[size] = 0;
    if (symlinkat(target, to, name) < 0 ||
        fchownat(to, name, about->st_uid, about->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        die("cannot make a link");
    const struct timespec times[2] = {about->st_atim, about->st_mtim};
    utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static void move_folder(int from, int to);

static void move_below(int from, const char *name, int to, const struct stat *about) {
    int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (mkdirat(to, name, 0700) < 0) die("cannot make a folder");
    int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0 || out < 0) die("cannot enter a folder");
    move_folder(in, out);
    if (fchown(out, about->st_uid, about->st_gid) < 0 || fchmod(out, about->st_mode & 07777) < 0)
        die("cannot change a folder");
    const struct timespec times[2] = {about->st_atim, about->st_mtim};
    futimens(out, times);
    close(out);
}

/* Each file is removed once it is copied, so that memory need hold but one of them twice. */
static void move_one(int from, const char *name, int to) {
    struct stat about;
    if (fstatat(from, name, &about, AT_SYMLINK_NOFOLLOW) < 0) die("cannot see a file");
    if (S_ISDIR(about.st_mode)) move_below(from, name, to, &about);
    else if (S_ISLNK(about.st_mode)) copy_link(from, name, to, &about);
    else if (S_ISREG(about.st_mode)) copy_file(from, name, to, &about);
    unlinkat(from, name, S_ISDIR(about.st_mode) ? AT_REMOVEDIR : 0);
}

/* Once more from the start as long as something was there: what is removed may hide what comes. */
static void move_folder(int from, int to) {
    DIR *folder = fdopendir(from);
    struct dirent *item;
    if (folder == NULL) die("cannot read a folder");
    for (int moved = 1; moved; rewinddir(folder))
        for (moved = 0; (item = readdir(folder)) != NULL;) {
            const char *name = item->d_name;
            if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, NEW)) continue;
            move_one(from, name, to);
            moved = 1;
        }
    closedir(folder);
}

static void forget_copies(int to) {
    DIR *folder = fdopendir(copies);
    struct dirent *item;
    if (folder == NULL) die("cannot read a folder");
    while ((item = readdir(folder)) != NULL)
        if (item->d_name[0] != '.') unlinkat(copies, item->d_name, 0);
    closedir(folder);
    unlinkat(to, COPIES, AT_REMOVEDIR);
}

void root_move(void) {
    block = malloc(BLOCK);
    if (block == NULL || mkdir("/" NEW, 0755) < 0) die("no place for the root");
    if (mount("tmpfs", "/" NEW, "tmpfs", 0, "mode=755,size=100%") < 0) die("no tmpfs");
    int from = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to = open("/" NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0) die("no root");
    if (mkdir("/" NEW "/" COPIES, 0700) < 0) die("no room for the root");
    copies = open("/" NEW "/" COPIES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    move_folder(from, to);
    free(block);
    forget_copies(to);
    if (fchdir(to) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
        die("cannot move into the root");
    close(to);
    if (chdir("/") < 0) die("cannot enter the root");
}
