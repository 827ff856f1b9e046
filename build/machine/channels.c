/* Channels: the agent's pipes, and connections to the UNIX sockets of the run folder. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct channel {
    int in, out; /* in takes what the host sends, out is read; one socket is both; -1: closed */
    int ending, used;
    size_t waiting;
    unsigned char bytes[WINDOW];
} channels[CHANNELS];
static struct listener { int fd; char path[108]; } listeners[CHANNELS];

static void tell(enum kind kind, int channel, size_t number) {
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(number >> 8 * i);
    line_send(kind, channel, bytes, 4);
}

void channel_agent(int in, int out) {
    channels[0].in = in;
    channels[0].out = out;
    channels[0].used = 1;
    fcntl(in, F_SETFL, O_NONBLOCK);
    fcntl(out, F_SETFL, O_NONBLOCK);
}

static void forget(struct channel *one) {
    if (one->in >= 0) close(one->in);
    if (one->out >= 0 && one->out != one->in) close(one->out);
    one->in = one->out = -1;
    one->used = one->ending = 0;
    one->waiting = 0;
    if (one == channels) die("the agent is gone");
}

void channel_reset(int number) {
    if (number < CHANNELS && channels[number].used) forget(&channels[number]);
}

static void lost(struct channel *one) {
    int number = (int)(one - channels);
    forget(one);
    line_send(RESET, number, NULL, 0);
}

static void end_writing(struct channel *one) {
    if (one->in == one->out) shutdown(one->in, SHUT_WR);
    else close(one->in);
    one->in = -1;
    if (one->out < 0 || one == channels) forget(one);
}

static void deliver(struct channel *one) {
    ssize_t put = one->waiting ? write(one->in, one->bytes, one->waiting) : 0;
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (put < 0) {
        lost(one);
        return;
    }
    one->waiting -= (size_t)put;
    memmove(one->bytes, one->bytes + put, one->waiting);
    if (put) tell(CREDIT, (int)(one - channels), (size_t)put);
    if (one->ending && one->waiting == 0) end_writing(one);
}

void channel_take(int number, const unsigned char *data, size_t size) {
    struct channel *one = &channels[number < CHANNELS ? number : 0];
    if (number >= CHANNELS || !one->used || one->in < 0) return; /* it crossed our RESET */
    if (one->waiting + size > WINDOW) die("the host overran a channel");
    memcpy(one->bytes + one->waiting, data, size);
    one->waiting += size;
    deliver(one);
}

void channel_end(int number) {
    struct channel *one = &channels[number < CHANNELS ? number : 0];
    if (number >= CHANNELS || !one->used || one->in < 0) return;
    one->ending = 1;
    if (one->waiting == 0) end_writing(one);
}

static void fetch(struct channel *one) {
    unsigned char data[PAYLOAD];
    int number = (int)(one - channels);
    ssize_t got = read(one->out, data, sizeof data);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
        line_send(DATA, number, data, (size_t)got);
        return;
    }
    if (got < 0) {
        lost(one);
        return;
    }
    line_send(END, number, NULL, 0);
    if (one->in < 0 || one == channels) {
        forget(one);
        return;
    }
    one->out = -2; /* the socket lives on as `in` */
}

void channel_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    for (struct listener *one = listeners; one < listeners + CHANNELS; one++) {
        if (one->fd > 0) continue;
        strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        strcpy(one->path, address.sun_path);
        one->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bind(one->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            chmod(path, 0777) < 0 || listen(one->fd, 16) < 0)
            say("cannot listen on", path);
        return;
    }
    say("no room to listen on", path);
}

void channel_forget(const char *path) {
    for (struct listener *one = listeners; one < listeners + CHANNELS; one++)
        if (one->fd > 0 && strcmp(one->path, path) == 0) close(one->fd), one->fd = 0;
}

static void take_in(const struct listener *from) {
    int fd = accept4(from->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    for (int number = 1; number < CHANNELS; number++) {
        if (channels[number].used) continue;
        channels[number].in = channels[number].out = fd;
        channels[number].used = 1;
        line_send(OPEN, number, from->path, strlen(from->path));
        return;
    }
    close(fd);
}

static nfds_t collect(struct pollfd *fds, int line) {
    fds[0] = (struct pollfd){line, POLLIN, 0};
    fds[1] = (struct pollfd){entropy_fd(), POLLOUT, 0};
    for (int i = 0; i < CHANNELS; i++) {
        struct channel *one = &channels[i];
        fds[2 + i] = (struct pollfd){one->used && one->waiting ? one->in : -1, POLLOUT, 0};
        fds[2 + CHANNELS + i] = (struct pollfd){one->used ? one->out : -1, POLLIN, 0};
        fds[2 + 2 * CHANNELS + i] = (struct pollfd){listeners[i].fd ? listeners[i].fd : -1, POLLIN, 0};
    }
    return 2 + 3 * CHANNELS;
}

void channels_wait(int line) {
    static struct pollfd fds[2 + 3 * CHANNELS];
    if (poll(fds, collect(fds, line), 1000) <= 0) return;
    if (fds[0].revents && !line_read()) die("the host is gone");
    if (fds[1].revents) entropy_low();
    for (int i = 0; i < CHANNELS; i++) {
        struct channel *one = &channels[i];
        if (fds[2 + i].revents && one->used && one->in >= 0) deliver(one);
        if (fds[2 + CHANNELS + i].revents && one->used && one->out >= 0) fetch(one);
        if (fds[2 + 2 * CHANNELS + i].revents && listeners[i].fd) take_in(&listeners[i]);
    }
}
