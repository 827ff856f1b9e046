/* The cell's mounts: those that bubblewrap makes for the same cell, see docs/engines.md. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

const char run_folder[] = "/everylinux/run";

/* major and minor: Documentation/admin-guide/devices.txt of the kernel */
static const struct { const char *name; int major, minor; mode_t mode; } devices[] = {
    {"/dev/null", 1, 3, 0666}, {"/dev/zero", 1, 5, 0666}, {"/dev/full", 1, 7, 0666},
    {"/dev/random", 1, 8, 0666}, {"/dev/urandom", 1, 9, 0666}, {"/dev/tty", 5, 0, 0666},
};
static const char *const links[][2] = {
    {"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
    {"pts/ptmx", "/dev/ptmx"},
};
/* What uid 0 may write by its number alone; engines/bubblewrap.py has the same list. */
static const char *const guarded[] = {"sys", "sysrq-trigger", "acpi", "asound", "fs", "mtrr", "scsi",
                                      "swaps", "bus", "irq"};
static char *binds; /* source NUL target NUL ... as the host wrote it */
static size_t binds_size;

static void mounted(const char *kind, const char *where, unsigned long flags, const char *options) {
    mkdir(where, 0755);
    if (mount(kind, where, kind, flags, options) < 0) say("cannot mount", where);
}

static void device(const char *name, int major, int minor, mode_t mode) {
    if (mknod(name, S_IFCHR | mode, makedev((unsigned)major, (unsigned)minor)) < 0)
        say("cannot make", name);
    chmod(name, mode);
}

/* The first serial port is what we, the kernel and the agent complain on. */
void console_open(void) {
    static const char place[] = "/everylinux/machine/console";
    device(place, 4, 64, 0600); /* ttyS0 */
    int console = open(place, O_RDWR | O_NOCTTY);
    for (int fd = 0; console >= 0 && fd < 3; fd++)
        if (fd != console) dup2(console, fd);
    if (console > 2) close(console);
    unlink(place);
}

static void fill_dev(void) {
    mounted("tmpfs", "/dev", MS_NOSUID, "mode=755");
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        device(devices[i].name, devices[i].major, devices[i].minor, devices[i].mode);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) symlink(links[i][0], links[i][1]);
    mounted("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
    mounted("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
}

static void loopback_up(void) {
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) say("cannot raise", "lo");
    if (fd >= 0) close(fd);
}

static void read_binds(void) {
    struct stat about;
    int fd = open("/everylinux/machine/binds", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) < 0) die("no list of binds");
    binds_size = (size_t)about.st_size;
    binds = malloc(binds_size + 1);
    if (binds == NULL || read(fd, binds, binds_size) != about.st_size) die("no list of binds");
    close(fd);
}

void mounts_make(void) {
    umask(0);
    fill_dev();
    mounted("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mounted("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=512m");
    mounted("tmpfs", run_folder, MS_NOSUID | MS_NODEV, "mode=755");
    sethostname("everylinux", 10);
    loopback_up();
    read_binds();
    unlink("/everylinux/machine/init");
    umask(022);
}

static void read_only(const char *where) {
    if (mount(NULL, where, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        say("cannot make read-only", where);
}

static void bound(const char *source, const char *target) {
    struct stat about;
    if (stat(source, &about) == 0 && stat(target, &about) < 0) { /* a place to mount on */
        if (stat(source, &about) == 0 && S_ISDIR(about.st_mode)) mkdir(target, 0755);
        else close(open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    }
    if (mount(source, target, NULL, MS_BIND, NULL) < 0) say("cannot bind", target);
    else read_only(target);
}

void mounts_close(void) {
    char name[64];
    for (size_t at = 0; at < binds_size;) {
        const char *source = binds + at, *target = source + strlen(source) + 1;
        bound(source, target);
        at = (size_t)(target - binds) + strlen(target) + 1;
    }
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) {
        snprintf(name, sizeof name, "/proc/%s", guarded[i]);
        if (access(name, F_OK) == 0) bound(name, name);
    }
    read_only(run_folder);
    read_only("/");
}

int line_open(void) {
    struct termios mode;
    device("/everylinux/machine/line", 4, 65, 0600); /* ttyS1 */
    int fd = open("/everylinux/machine/line", O_RDWR | O_NOCTTY | O_CLOEXEC);
    unlink("/everylinux/machine/line");
    if (fd < 0 || tcgetattr(fd, &mode) < 0) die("no second serial port");
    cfmakeraw(&mode);
    mode.c_cflag |= CLOCAL | CREAD;
    cfsetspeed(&mode, B115200);
    if (tcsetattr(fd, TCSANOW, &mode) < 0) die("no raw serial port");
    return fd;
}
