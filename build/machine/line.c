/* Frames on the serial line. Writing waits; what is read is counted back to the host at once, which
 * therefore never has more on the way than the terminal's buffer of 4096 bytes holds. */
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int line;
static unsigned char held[4 + PAYLOAD];
static size_t held_size;

static void write_all(const unsigned char *data, size_t size) {
    while (size > 0) {
        ssize_t put = write(line, data, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) die("the line is gone");
        data += put;
        size -= (size_t)put;
    }
}

void line_begin(int fd) {
    line = fd;
    write_all((const unsigned char *)MAGIC, sizeof MAGIC - 1);
}

void line_send(enum kind kind, int channel, const void *data, size_t size) {
    unsigned char frame[4 + PAYLOAD] = {(unsigned char)kind, (unsigned char)channel,
                                        (unsigned char)size, (unsigned char)(size >> 8)};
    if (size > PAYLOAD) die("a frame too long");
    if (size) memcpy(frame + 4, data, size);
    write_all(frame, 4 + size);
}

static void tell(enum kind kind, int channel, uint32_t number) {
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(number >> 8 * i);
    line_send(kind, channel, bytes, 4);
}

static void serve(enum kind kind, int channel, const unsigned char *data, size_t size) {
    switch (kind) {
    case DATA: channel_take(channel, data, size); break;
    case END: channel_end(channel); break;
    case RESET: channel_reset(channel); break;
    default: carried(kind, data, size);
    }
}

static size_t frame_size(void) { return 4 + (size_t)(held[2] | held[3] << 8); }

int line_read(void) {
    size_t wanted = held_size < 4 ? 4 : frame_size();
    if (wanted > sizeof held) die("the host sent a frame too long");
    ssize_t got = read(line, held + held_size, wanted - held_size);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 1;
    if (got <= 0) return 0;
    held_size += (size_t)got;
    static uint32_t taken;
    taken += (uint32_t)got;
    if (held_size >= 4 && held_size == frame_size()) {
        serve((enum kind)held[0], held[1], held + 4, held_size - 4);
        held_size = 0;
    }
    if (taken >= 512 || held_size == 0) tell(TICK, 0, taken), taken = 0;
    return 1;
}
