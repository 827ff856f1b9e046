/* Frames in, frames out. A host that breaks the protocol or goes away ends the agent. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char *request; /* mmap'd and not inherited: children's RSS must not count it */
static size_t request_room;
static unsigned char *answer;
static size_t answer_used, answer_room;

void die(const char *why) {
    reap_everything();
    if (write(2, "agent: ", 7) > 0 && write(2, why, strlen(why)) > 0 && write(2, "\n", 1) > 0)
        _exit(70);
    _exit(70);
}

void *grab(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (memory == NULL) die("out of memory");
    return memory;
}

static void read_exactly(unsigned char *to, size_t size) {
    while (size > 0) {
        ssize_t got = read(0, to, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) { /* the host is gone: the ordinary end */
            reap_everything();
            _exit(0);
        }
        to += got;
        size -= (size_t)got;
    }
}

static uint32_t number_at(const unsigned char *data, int bytes) {
    uint32_t number = 0;
    for (int i = bytes; i-- > 0;) number = number << 8 | data[i];
    return number;
}

static void request_fit(size_t size) {
    if (size <= request_room && request_room <= 4u * CHUNK) return;
    if (request != NULL) munmap(request, request_room);
    request_room = (size < CHUNK ? CHUNK : size) + 4095;
    request_room -= request_room % 4096;
    void *room = mmap(NULL, request_room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) die("out of memory");
    madvise(room, request_room, MADV_DONTFORK);
    request = room;
}

void frame_read(struct frame *frame) {
    unsigned char head[10];
    read_exactly(head, 4);
    uint32_t size = number_at(head, 4);
    if (size < 6 || size > FRAME_LIMIT) die("a frame of impossible length");
    read_exactly(head + 4, 6);
    frame->kind = (uint16_t)number_at(head + 4, 2);
    frame->id = number_at(head + 6, 4);
    frame->size = size - 6;
    request_fit(frame->size);
    frame->data = request;
    read_exactly(request, frame->size);
}

int frame_next(struct frame *frame, struct field *field) {
    if (frame->size == 0) return 0;
    if (frame->size < 6) die("a field without a head");
    field->tag = (uint16_t)number_at(frame->data, 2);
    field->size = number_at(frame->data + 2, 4);
    field->data = frame->data + 6;
    if (field->size > frame->size - 6) die("a field longer than its frame");
    frame->data += 6 + field->size;
    frame->size -= 6 + field->size;
    return 1;
}

uint64_t field_number(const struct field *field) {
    if (field->size != 8) die("a number that is not 8 bytes");
    return (uint64_t)number_at(field->data + 4, 4) << 32 | number_at(field->data, 4);
}

char *field_text(const struct field *field) {
    if (memchr(field->data, 0, field->size) != NULL) die("a NUL in a string");
    char *text = grab((size_t)field->size + 1);
    memcpy(text, field->data, field->size);
    text[field->size] = 0;
    return text;
}

static void append(const void *data, size_t size) {
    if (answer_used + size > answer_room) {
        answer_room = answer_used + size + 2 * CHUNK;
        answer = realloc(answer, answer_room);
        if (answer == NULL) die("out of memory");
    }
    memcpy(answer + answer_used, data, size);
    answer_used += size;
}

static void append_number(uint64_t number, int bytes) {
    unsigned char data[8];
    for (int i = 0; i < bytes; i++) data[i] = (unsigned char)(number >> 8 * i);
    append(data, (size_t)bytes);
}

void answer_begin(uint16_t kind, uint32_t id) {
    answer_used = 0;
    append_number(0, 4); /* the length, known at the end */
    append_number(kind, 2);
    append_number(id, 4);
}

void answer_bytes(uint16_t tag, const void *data, size_t size) {
    append_number(tag, 2);
    append_number(size, 4);
    append(data, size);
}

void answer_text(uint16_t tag, const char *text) { answer_bytes(tag, text, strlen(text)); }

void answer_number(uint16_t tag, uint64_t number) {
    append_number(tag, 2);
    append_number(8, 4);
    append_number(number, 8);
}

size_t answer_size(void) { return answer_used; }

void answer_send(void) {
    size_t size = answer_used - 4, sent = 0;
    for (int i = 0; i < 4; i++) answer[i] = (unsigned char)(size >> 8 * i);
    while (sent < answer_used) {
        ssize_t put = write(1, answer + sent, answer_used - sent);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) { /* nobody listens */
            reap_everything();
            _exit(0);
        }
        sent += (size_t)put;
    }
}

void answer_fail(uint32_t id, int error, const char *stage) {
    answer_begin(FAIL, id);
    answer_text(T_ERRNO, error_name(error));
    answer_text(T_STAGE, stage);
    answer_send();
}

const char *error_name(int error) {
    static const struct { int number; const char *name; } names[] = {
#define NAME(e) {e, #e}
        NAME(EPERM), NAME(ENOENT), NAME(ESRCH), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG),
        NAME(ENOEXEC), NAME(EBADF), NAME(ECHILD), NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES),
        NAME(EFAULT), NAME(EBUSY), NAME(EEXIST), NAME(EXDEV), NAME(ENODEV), NAME(ENOTDIR),
        NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ENOTTY), NAME(ETXTBSY),
        NAME(EFBIG), NAME(ENOSPC), NAME(ESPIPE), NAME(EROFS), NAME(EMLINK), NAME(EPIPE),
        NAME(ERANGE), NAME(ENAMETOOLONG), NAME(ENOSYS), NAME(ENOTEMPTY), NAME(ELOOP),
        NAME(ENOTSUP), NAME(EOVERFLOW), NAME(ELIBBAD), NAME(EDQUOT), NAME(ESTALE), NAME(EUSERS),
        NAME(EPROTO), NAME(ETIMEDOUT), NAME(ECANCELED),
#undef NAME
    };
    static char other[16];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == error) return names[i].name;
    snprintf(other, sizeof other, "E%d", error);
    return other;
}
