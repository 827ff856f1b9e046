/* Commands on a terminal of their own, alive between requests. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct session { pid_t pid; int master, ended; struct usage usage; uint64_t began, wall; }
    sessions[SESSIONS];

struct request {
    uint64_t session, rows, columns, signal, limit, time_limit;
    const unsigned char *data;
    size_t size;
};

int pty_is_leader(pid_t pid) {
    for (int i = 0; i < SESSIONS; i++)
        if (sessions[i].pid == pid && pid != 0) return 1;
    return 0;
}

int pty_any(void) {
    for (int i = 0; i < SESSIONS; i++)
        if (sessions[i].pid != 0) return 1;
    return 0;
}

static int open_pair(int pair[2], const struct command *command) {
    struct winsize size = {.ws_row = command->rows ? command->rows : 24,
                           .ws_col = command->columns ? command->columns : 80};
    pair[0] = posix_openpt(O_RDWR | O_NOCTTY);
    if (pair[0] < 0) return errno;
    fcntl(pair[0], F_SETFD, FD_CLOEXEC);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    const char *name = grantpt(pair[0]) == 0 && unlockpt(pair[0]) == 0 ? ptsname(pair[0]) : NULL;
    pair[1] = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (pair[1] < 0 || ioctl(pair[0], TIOCSWINSZ, &size) < 0) {
        int error = errno;
        close(pair[0]);
        return error;
    }
    return 0;
}

static void child_start(const struct command *command, int slave, int failure) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(slave, fd) < 0) _exit(126);
    child_become(command, failure);
}

static int start(struct session *session, const struct command *command, struct failure *failure) {
    int pair[2] = {-1, -1}, report[2];
    strcpy(failure->stage, "pty");
    if ((failure->error = open_pair(pair, command)) != 0) return -1;
    if (pipe2(report, O_CLOEXEC) < 0) die("no pipe for a terminal");
    session->pid = fork();
    if (session->pid == 0) child_start(command, pair[1], report[1]);
    failure->error = errno;
    close(pair[1]);
    close(report[1]);
    session->master = pair[0];
    session->ended = 0;
    session->began = now();
    if (session->pid > 0) reap_watch(session->pid, &session->usage, &session->ended);
    int failed = session->pid < 0 || failure_read(report[0], failure);
    close(report[0]);
    return failed ? -1 : 0;
}

static void end(struct session *session) {
    pid_t pid = session->pid;
    struct timespec pause = {0, 1000000};
    close(session->master);
    if (pid > 0) {
        session->pid = 0; /* a leader no more: the sweep takes it and its children */
        kill(-pid, SIGKILL);
        if (!session->ended) kill(pid, SIGKILL);
        for (int i = 0; i < 2000 && !session->ended; i++) nanosleep(&pause, NULL), reap_all();
        reap_strays(pid);
    }
    reap_watch_end(&session->usage);
    memset(session, 0, sizeof *session);
}

void pty_spawn(uint32_t id, struct command *command) {
    struct failure failure = {0, ""};
    int free_slot = 0;
    while (free_slot < SESSIONS && sessions[free_slot].pid != 0) free_slot++;
    if (free_slot == SESSIONS) return answer_fail(id, EMFILE, "pty");
    struct session *session = &sessions[free_slot];
    if (start(session, command, &failure) < 0) {
        failure.stage[sizeof failure.stage - 1] = 0;
        if (session->pid != 0) end(session);
        return answer_fail(id, failure.error, failure.stage);
    }
    answer_begin(DONE, id);
    answer_number(T_SESSION, (uint64_t)free_slot + 1);
    answer_number(T_PID, (uint64_t)session->pid);
    answer_send();
}

static void parse(struct frame *frame, struct request *request) {
    struct field field;
    memset(request, 0, sizeof *request);
    while (frame_next(frame, &field)) {
        switch (field.tag) {
        case T_SESSION: request->session = field_number(&field); break;
        case T_ROWS: request->rows = field_number(&field); break;
        case T_COLUMNS: request->columns = field_number(&field); break;
        case T_SIGNAL: request->signal = field_number(&field); break;
        case T_LIMIT: request->limit = field_number(&field); break;
        case T_TIME_LIMIT: request->time_limit = field_number(&field); break;
        case T_BYTES: request->data = field.data; request->size = field.size; break;
        default: die("a field that does not belong to a terminal request");
        }
    }
}

/* Waits for `events` on the terminal, an end of its command, or the time limit. */
static int wait_for(struct session *session, short events, uint64_t until) {
    struct pollfd fds[2] = {{session ? session->master : -1, events, 0}, {0, POLLRDHUP, 0}};
    uint64_t at = now(), left = until > at ? until - at : 0;
    struct timespec limit = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
    sigset_t none;
    sigemptyset(&none);
    int ready = ppoll(fds, 2, &limit, &none);
    if (fds[1].revents & (POLLHUP | POLLERR | POLLRDHUP)) die("the host went away");
    reap_all();
    return ready > 0 && fds[0].revents != 0;
}

static void serve_read(struct session *session, const struct request *request, uint32_t id) {
    static unsigned char data[CHUNK];
    uint64_t until = now() + request->time_limit, flags = 0;
    size_t room = request->limit < CHUNK ? (size_t)request->limit : CHUNK;
    ssize_t got = -1;
    do {
        int ready = wait_for(session, POLLIN, until);
        if (!ready) continue;
        got = read(session->master, data, room);
        if (got < 0 && errno == EIO) flags = F_EOF; /* the last holder of the slave closed it */
    } while (got < 0 && !flags && now() < until);
    answer_begin(DONE, id);
    answer_bytes(T_BYTES, data, got > 0 ? (size_t)got : 0);
    answer_number(T_FLAGS, flags | (got < 0 && !flags ? F_TIMED_OUT : 0));
    answer_send();
}

static void serve_write(struct session *session, const struct request *request, uint32_t id) {
    uint64_t until = now() + request->time_limit;
    size_t done = 0;
    while (done < request->size && now() < until) {
        if (!wait_for(session, POLLOUT, until)) continue;
        ssize_t put = write(session->master, request->data + done, request->size - done);
        if (put > 0) done += (size_t)put;
        else if (errno != EAGAIN && errno != EINTR) return answer_fail(id, errno, "write");
    }
    answer_begin(DONE, id);
    answer_number(T_TOTAL, done);
    answer_send();
}

static void serve_wait(struct session *session, const struct request *request, uint32_t id) {
    uint64_t until = now() + request->time_limit;
    while (reap_all(), !session->ended && now() < until) wait_for(NULL, 0, until);
    answer_begin(DONE, id);
    if (session->ended) usage_answer(&session->usage, now() - session->began, 0);
    else answer_number(T_FLAGS, F_RUNNING);
    answer_send();
}

static void serve_simple(struct session *session, const struct request *request, struct frame *frame) {
    struct winsize size = {.ws_row = (uint16_t)request->rows, .ws_col = (uint16_t)request->columns};
    int failed = 0;
    if (frame->kind == PTY_RESIZE) failed = ioctl(session->master, TIOCSWINSZ, &size);
    else if (frame->kind == PTY_CLOSE) end(session);
    else if (session->ended) errno = ESRCH, failed = -1;
    else failed = kill(-session->pid, (int)request->signal);
    if (failed < 0) return answer_fail(frame->id, errno, "terminal");
    answer_begin(DONE, frame->id);
    answer_send();
}

void pty_serve(struct frame *frame) {
    struct request request;
    parse(frame, &request);
    struct session *session = &sessions[(request.session - 1) % SESSIONS];
    if (request.session < 1 || request.session > SESSIONS || session->pid == 0)
        return answer_fail(frame->id, ESRCH, "terminal");
    if (frame->kind == PTY_READ) serve_read(session, &request, frame->id);
    else if (frame->kind == PTY_WRITE) serve_write(session, &request, frame->id);
    else if (frame->kind == PTY_WAIT) serve_wait(session, &request, frame->id);
    else serve_simple(session, &request, frame);
}
