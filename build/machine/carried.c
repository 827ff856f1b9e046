/* What the host carries in: files, folders and sockets of the run folder, and entropy. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RNDADDENTROPY /* linux/random.h, which a musl tool chain may lack */
#define RNDADDENTROPY _IOW('R', 3, int[2])
#endif

static int pool = -1; /* /dev/random */
static int asked, fed;

void entropy_begin(void) { pool = open("/dev/random", O_WRONLY | O_CLOEXEC); }

int entropy_fd(void) { return fed && !asked ? pool : -1; }

void entropy_low(void) {
    asked = 1;
    line_send(WANT, 0, NULL, 0);
}

/* As virtio-rng's driver does with what the host gives: all of it counts. */
static void credit(const unsigned char *data, size_t size) {
    struct { int bits, bytes; unsigned char data[PAYLOAD]; } grant;
    grant.bits = (int)(8 * size);
    grant.bytes = (int)size;
    memcpy(grant.data, data, size);
    if (ioctl(pool, RNDADDENTROPY, &grant) < 0) say("cannot credit", "entropy");
    asked = 0;
    fed = 1;
}

static void append(const char *path, mode_t mode, const unsigned char *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) say("cannot write", path);
    if (fd >= 0) fchmod(fd, mode), close(fd);
}

static void removed(const char *path) {
    channel_forget(path);
    if (remove(path) < 0 && errno != ENOENT) say("cannot remove", path);
}

void carried(enum kind kind, const unsigned char *data, size_t size) {
    char path[1024];
    if (kind == ENTROPY) {
        credit(data, size);
        return;
    }
    const unsigned char *end = size > 2 ? memchr(data + 2, 0, size - 2) : NULL;
    if (end == NULL || strstr((const char *)data + 2, "..") != NULL) die("the host sent no path");
    snprintf(path, sizeof path, "%s/%s", run_folder, (const char *)data + 2);
    mode_t mode = (mode_t)(data[0] | data[1] << 8);
    switch (kind) {
    case FOLDER:
        if (mkdir(path, mode) < 0 && errno != EEXIST) say("cannot make", path);
        chmod(path, mode);
        break;
    case FILE_PART: append(path, mode, end + 1, (size_t)(data + size - end - 1)); break;
    case SOCKET: channel_listen(path); break;
    case REMOVE: removed(path); break;
    default: die("the host sent what is unknown");
    }
}
