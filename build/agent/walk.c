/* Everything below a folder, by openat: a path may be longer than PATH_MAX. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    uint32_t id;
    uint64_t limit, count, flags;
    int digests;
    char *path;
    size_t used, room;
};

static int digest(int folder, const char *name, unsigned char out[32]) {
    static unsigned char data[CHUNK];
    struct sha256 sha;
    ssize_t got;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -1;
    sha256_begin(&sha);
    while ((got = read(fd, data, sizeof data)) > 0) sha256_more(&sha, data, (size_t)got);
    close(fd);
    sha256_end(&sha, out);
    return got < 0 ? -1 : 0;
}

static unsigned char *store(unsigned char *to, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++) *to++ = (unsigned char)(number >> 8 * i);
    return to;
}

static char kind_of(mode_t mode) {
    if (S_ISREG(mode)) return 'f';
    if (S_ISDIR(mode)) return 'd';
    return S_ISLNK(mode) ? 'l' : 'o';
}

/* u8 kind | u8 has digest | u32 mode, uid, gid | u64 size, mtime | 32 bytes digest |
 * u32 length of the target | target | path (the rest) */
int entry_append(int folder, const char *name, const char *path, int digests) {
    static char target[PATH_MAX];
    struct stat status;
    ssize_t length = 0;
    size_t size = strlen(path);
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno;
    if (S_ISLNK(status.st_mode) && (length = readlinkat(folder, name, target, sizeof target)) < 0)
        return errno;
    unsigned char *entry = grab(66 + (size_t)length + size), *at = entry + 2;
    entry[0] = (unsigned char)kind_of(status.st_mode);
    at = store(at, status.st_mode & 07777, 4);
    at = store(at, status.st_uid, 4);
    at = store(at, status.st_gid, 4);
    at = store(at, (uint64_t)status.st_size, 8);
    at = store(at, (uint64_t)(int64_t)status.st_mtime, 8);
    memset(at, 0, 32);
    entry[1] = digests && S_ISREG(status.st_mode) && digest(folder, name, at) == 0;
    at = store(at + 32, (uint64_t)length, 4);
    memcpy(at, target, (size_t)length);
    memcpy(at + length, path, size);
    answer_bytes(T_ENTRY, entry, 66 + (size_t)length + size);
    free(entry);
    return 0;
}

static void flush(struct walk *walk) {
    answer_send();
    answer_begin(ENTRIES, walk->id);
}

static size_t enter(struct walk *walk, const char *name) {
    size_t before = walk->used, size = strlen(name);
    if (walk->used + size + 2 > walk->room) {
        walk->room = walk->used + size + 4096;
        walk->path = realloc(walk->path, walk->room);
        if (walk->path == NULL) die("out of memory");
    }
    if (before) walk->path[walk->used++] = '/';
    memcpy(walk->path + walk->used, name, size + 1);
    walk->used += size;
    return before;
}

static int visit_all(struct walk *walk, int folder);

/* What vanishes or cannot be read while we look is left out or empty, not an end. */
static int visit(struct walk *walk, int folder, const char *name) {
    int error = entry_append(folder, name, walk->path, walk->digests);
    if (error) return error == ENOENT ? 0 : error;
    walk->count++;
    if (answer_size() > CHUNK) flush(walk);
    int inside = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inside < 0) return errno == EMFILE || errno == ENFILE ? errno : 0;
    return visit_all(walk, inside);
}

static int visit_all(struct walk *walk, int folder) {
    DIR *items = fdopendir(folder);
    struct dirent *item;
    int error = 0;
    if (items == NULL) { error = errno; close(folder); return error; }
    while (!error && (item = readdir(items)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        if (walk->count >= walk->limit) { walk->flags |= F_CUT; break; }
        size_t before = enter(walk, item->d_name);
        error = visit(walk, dirfd(items), item->d_name);
        walk->used = before;
        walk->path[before] = 0;
    }
    closedir(items);
    return error;
}

static int start(struct walk *walk, const char *path) {
    const char *rest;
    int folder = path_parent(path, &rest), inside, error;
    if (folder < 0) return errno;
    error = entry_append(folder, rest, "", walk->digests);
    inside = openat(folder, rest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!error && inside < 0) error = errno;
    close(folder);
    if (error && inside >= 0) close(inside);
    return error ? error : visit_all(walk, inside);
}

void file_walk(struct frame *frame) {
    struct walk walk = {.id = frame->id, .room = 4096};
    struct field field;
    char *path = NULL;
    while (frame_next(frame, &field)) {
        if (field.tag == T_PATH) free(path), path = field_text(&field);
        else if (field.tag == T_LIMIT) walk.limit = field_number(&field);
        else if (field.tag == T_OPTIONS) walk.digests = (field_number(&field) & O_DIGESTS) != 0;
        else die("a field that does not belong to a walk");
    }
    if (path == NULL) die("a walk without a path");
    walk.path = grab(walk.room);
    *walk.path = 0;
    answer_begin(ENTRIES, walk.id);
    int error = start(&walk, path);
    if (!error) flush(&walk);
    free(walk.path);
    free(path);
    if (error) return answer_fail(walk.id, error, "walk");
    answer_begin(DONE, walk.id);
    answer_number(T_FLAGS, walk.flags);
    answer_send();
}
