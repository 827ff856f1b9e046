/* One command from fork to its end: pipes, limits, the hold, and what it cost. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif
#define SECOND 1000000000ull
#define DRAIN (2 * SECOND) /* for pipes that a process out of our reach still holds */

struct run {
    uint32_t id;
    pid_t pid;
    int in, out[2], failure; /* the agent's ends; -1: closed */
    size_t written;
    uint64_t sent[2], flags;
    struct usage usage;
    int ended;
};

uint64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * SECOND + (uint64_t)at.tv_nsec;
}

static void shut(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

int host_gone(void) {
    struct pollfd host = {0, POLLRDHUP, 0};
    return poll(&host, 1, 0) > 0 && (host.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
}

/* Pipes for the five channels, each end closed on exec: nothing is left to inherit. */
static int make_pipes(int pipes[5][2]) {
    for (int i = 0; i < 5; i++)
        if (pipe2(pipes[i], O_CLOEXEC) < 0) {
            int error = errno;
            while (i-- > 0) close(pipes[i][0]), close(pipes[i][1]);
            return error;
        }
    return 0;
}

static void child_start(const struct command *command, int pipes[5][2]) {
    char go;
    setsid();
    close(pipes[4][1]);
    if ((command->options & O_HOLD) && read(pipes[4][0], &go, 1) != 1) _exit(127);
    if (dup2(pipes[0][0], 0) < 0 || dup2(pipes[1][1], 1) < 0 || dup2(pipes[2][1], 2) < 0) _exit(126);
    child_become(command, pipes[3][1]);
}

/* The host puts the waiting child where it wants it (a cgroup) and says go. */
static int hold(const struct run *run, const struct command *command, int go_fd) {
    struct frame frame;
    if (!(command->options & O_HOLD)) return 0;
    answer_begin(HELD, run->id);
    answer_number(T_PID, (uint64_t)run->pid);
    answer_send();
    frame_read(&frame);
    if (frame.kind != GO || frame.id != run->id) die("a held command needs GO");
    struct field field;
    if (frame_next(&frame, &field)) return ECANCELED; /* any field: do not */
    return write(go_fd, "g", 1) == 1 ? 0 : errno;
}

static void pass_on(struct run *run, int stream, uint64_t limit) {
    static unsigned char data[CHUNK];
    ssize_t got = read(run->out[stream], data, sizeof data);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        shut(&run->out[stream]);
        return;
    }
    uint64_t room = limit - run->sent[stream], size = (uint64_t)got;
    if (size > room) {
        size = room;
        run->flags |= stream ? F_ERR_CUT : F_OUT_CUT;
    }
    run->sent[stream] += size;
    if (size == 0) return;
    answer_begin(DATA, run->id);
    answer_number(T_STREAM, (uint64_t)stream);
    answer_bytes(T_BYTES, data, (size_t)size);
    answer_send();
}

static void feed(struct run *run, const struct command *command) {
    size_t left = command->input_size - run->written;
    ssize_t put = left ? write(run->in, command->input + run->written, left) : 0;
    if (put > 0) run->written += (size_t)put;
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (put < 0 || run->written == command->input_size) shut(&run->in);
}

static void wait_for(struct run *run, const struct command *command, uint64_t until) {
    struct pollfd fds[4] = {{0, POLLRDHUP, 0}, {run->in, POLLOUT, 0},
                            {run->out[0], POLLIN, 0}, {run->out[1], POLLIN, 0}};
    uint64_t at = now(), left = until > at ? until - at : 0;
    struct timespec limit = {(time_t)(left / SECOND), (long)(left % SECOND)};
    sigset_t none;
    sigemptyset(&none); /* SIGCHLD is blocked but here: none is missed */
    if (ppoll(fds, 4, until ? &limit : NULL, &none) <= 0) return;
    if (fds[0].revents & (POLLHUP | POLLERR | POLLRDHUP)) die("the host went away during a command");
    if (fds[1].revents) feed(run, command);
    for (int stream = 0; stream < 2; stream++)
        if (fds[2 + stream].revents) pass_on(run, stream, command->output_limit);
}

static void attend(struct run *run, const struct command *command, uint64_t until) {
    while (!run->ended) {
        wait_for(run, command, until);
        reap_all();
        if (run->ended || !until || now() < until) continue;
        run->flags |= F_TIMED_OUT;
        return;
    }
}

static void finish(struct run *run, const struct command *command) {
    int clean = 0;
    if (run->flags & F_TIMED_OUT || reap_all()) clean = reap_strays(run->pid);
    shut(&run->in);
    uint64_t until = now() + DRAIN;
    while (!run->ended && now() < until) wait_for(run, command, now() + SECOND / 100), reap_all();
    while ((run->out[0] >= 0 || run->out[1] >= 0) && now() < until) wait_for(run, command, until);
    if (clean < 0 || !run->ended || run->out[0] >= 0 || run->out[1] >= 0) run->flags |= F_STRAYS;
    shut(&run->out[0]);
    shut(&run->out[1]);
}

void usage_answer(const struct usage *usage, uint64_t wall, uint64_t flags) {
    const struct rusage *r = &usage->rusage;
    if (WIFEXITED(usage->status)) answer_number(T_STATUS, (uint64_t)WEXITSTATUS(usage->status));
    if (WIFSIGNALED(usage->status)) answer_number(T_SIGNAL, (uint64_t)WTERMSIG(usage->status));
    answer_number(T_WALL, wall);
    answer_number(T_USER, (uint64_t)r->ru_utime.tv_sec * 1000000 + (uint64_t)r->ru_utime.tv_usec);
    answer_number(T_SYSTEM, (uint64_t)r->ru_stime.tv_sec * 1000000 + (uint64_t)r->ru_stime.tv_usec);
    answer_number(T_MINOR, (uint64_t)r->ru_minflt);
    answer_number(T_MAJOR, (uint64_t)r->ru_majflt);
    answer_number(T_RSS, (uint64_t)r->ru_maxrss * 1024);
    answer_number(T_FLAGS, flags);
}

int failure_read(int fd, struct failure *failure) {
    ssize_t got;
    do got = read(fd, failure, sizeof *failure);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *failure;
}

static void parent_start(struct run *run, int pipes[5][2]) {
    close(pipes[0][0]), close(pipes[1][1]), close(pipes[2][1]), close(pipes[3][1]), close(pipes[4][0]);
    run->in = pipes[0][1];
    run->out[0] = pipes[1][0];
    run->out[1] = pipes[2][0];
    run->failure = pipes[3][0];
    fcntl(run->in, F_SETFL, O_NONBLOCK);
    fcntl(run->out[0], F_SETFL, O_NONBLOCK);
    fcntl(run->out[1], F_SETFL, O_NONBLOCK);
    reap_watch(run->pid, &run->usage, &run->ended);
}

static void report(struct run *run, uint64_t wall) {
    struct failure failure;
    if (failure_read(run->failure, &failure)) {
        failure.stage[sizeof failure.stage - 1] = 0;
        answer_fail(run->id, failure.error, failure.stage);
        return;
    }
    answer_begin(DONE, run->id);
    usage_answer(&run->usage, wall, run->flags);
    answer_send();
}

void exec_run(uint32_t id, struct command *command) {
    struct run run = {.id = id};
    int pipes[5][2], error = make_pipes(pipes);
    if (error) return answer_fail(id, error, "pipe");
    uint64_t began = now();
    run.pid = fork();
    if (run.pid == 0) child_start(command, pipes);
    if (run.pid < 0) {
        error = errno;
        for (int i = 0; i < 5; i++) close(pipes[i][0]), close(pipes[i][1]);
        return answer_fail(id, error, "fork");
    }
    parent_start(&run, pipes);
    error = hold(&run, command, pipes[4][1]);
    if (command->options & O_HOLD) began = now();
    close(pipes[4][1]); /* an error: the child reads the end instead of go */
    attend(&run, command, command->time_limit ? began + command->time_limit : 0);
    uint64_t wall = now() - began;
    finish(&run, command);
    reap_watch_end(&run.usage);
    if (error) answer_fail(id, error, "hold");
    else report(&run, wall);
    close(run.failure);
}
