/* put, get, stat: paths of any length, relative to folders that are opened on the way. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
    char *path;
    const unsigned char *data;
    size_t size;
    uint64_t mode, offset, limit, options;
};

static void parse(struct frame *frame, struct request *request) {
    struct field field;
    memset(request, 0, sizeof *request);
    while (frame_next(frame, &field)) {
        switch (field.tag) {
        case T_PATH: free(request->path); request->path = field_text(&field); break;
        case T_BYTES: request->data = field.data; request->size = field.size; break;
        case T_MODE: request->mode = field_number(&field); break;
        case T_OFFSET: request->offset = field_number(&field); break;
        case T_LIMIT: request->limit = field_number(&field); break;
        case T_OPTIONS: request->options = field_number(&field); break;
        default: die("a field that does not belong to a file request");
        }
    }
    if (request->path == NULL) die("a file request without a path");
}

/* A folder to open `*rest` from, with `*rest` short enough for one system call; -1 with errno. */
int path_parent(const char *path, const char **rest) {
    int folder = open(*path == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char part[PATH_MAX];
    while (folder >= 0) {
        while (*path == '/') path++;
        size_t cut = strlen(path);
        if (cut < PATH_MAX - 1) break;
        for (cut = PATH_MAX - 2; cut > 0 && path[cut] != '/'; cut--) {}
        if (cut == 0) { close(folder); errno = ENAMETOOLONG; return -1; }
        memcpy(part, path, cut);
        part[cut] = 0;
        int next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int error = errno;
        close(folder);
        errno = error;
        folder = next;
        path += cut;
    }
    *rest = *path ? path : ".";
    return folder;
}

static int make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *rest;
        *slash = 0;
        int folder = path_parent(path, &rest);
        int made = folder < 0 ? -1 : mkdirat(folder, rest, 0755), error = errno;
        if (folder >= 0) close(folder);
        *slash = '/';
        /* EROFS and EACCES too: the folder may be there already, and the file tells. */
        if (made < 0 && error != EEXIST && error != EROFS && error != EACCES) return error;
    }
    return 0;
}

static int open_for(const struct request *request, int flags) {
    const char *rest;
    int folder = path_parent(request->path, &rest);
    if (folder < 0) return -1;
    int fd = openat(folder, rest, flags | O_CLOEXEC | O_NOCTTY, 0600), error = errno;
    close(folder);
    errno = error;
    return fd;
}

static int write_all(int fd, const struct request *request) {
    size_t done = 0;
    while (done < request->size) {
        ssize_t put = pwrite(fd, request->data + done, request->size - done,
                             (off_t)(request->offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return put < 0 ? errno : ENOSPC;
        done += (size_t)put;
    }
    return 0;
}

static int put(struct request *request) {
    int error = request->offset ? 0 : make_folders(request->path);
    if (error) return error;
    int fd = open_for(request, O_WRONLY | O_NONBLOCK | O_CREAT | (request->offset ? 0 : O_TRUNC));
    if (fd < 0) return errno;
    error = write_all(fd, request);
    if (!error && fchmod(fd, (mode_t)(request->mode & 07777)) < 0) error = errno;
    if (close(fd) < 0 && !error) error = errno;
    return error;
}

void file_put(struct frame *frame) {
    struct request request;
    parse(frame, &request);
    int error = put(&request);
    free(request.path);
    if (error) return answer_fail(frame->id, error, "put");
    answer_begin(DONE, frame->id);
    answer_send();
}

static int get(uint32_t id, int fd, uint64_t limit, uint64_t *total) {
    static unsigned char data[CHUNK];
    for (;;) {
        ssize_t got = read(fd, data, sizeof data);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 ? errno : 0;
        *total += (uint64_t)got;
        if (*total > limit) return EFBIG;
        answer_begin(DATA, id);
        answer_bytes(T_BYTES, data, (size_t)got);
        answer_send();
    }
}

void file_get(struct frame *frame) {
    struct request request;
    uint64_t total = 0;
    parse(frame, &request);
    int fd = open_for(&request, O_RDONLY | O_NONBLOCK);
    int error = fd < 0 ? errno : get(frame->id, fd, request.limit, &total);
    if (fd >= 0) close(fd);
    free(request.path);
    if (error) return answer_fail(frame->id, error, "get");
    answer_begin(DONE, frame->id);
    answer_number(T_TOTAL, total);
    answer_send();
}

void file_stat(struct frame *frame) {
    struct request request;
    const char *rest;
    parse(frame, &request);
    answer_begin(ENTRIES, frame->id);
    int folder = path_parent(request.path, &rest), error = errno;
    if (folder >= 0) {
        error = entry_append(folder, rest, request.path, (request.options & O_DIGESTS) != 0);
        close(folder);
    }
    free(request.path);
    if (error) return answer_fail(frame->id, error, "stat");
    answer_send();
    answer_begin(DONE, frame->id);
    answer_send();
}
