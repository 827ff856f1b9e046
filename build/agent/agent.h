/* The agent: one static process in a cell, told by a host what to do over stdin and stdout.
 *
 * Frame:  u32 length of the rest | u16 kind | u32 request id | fields
 * Field:  u16 tag | u32 length | bytes        numbers are u64; everything is little endian
 *
 * The host's half is src/everylinux/agent/protocol.py; tests/agent/test_protocol.py compares the
 * numbers below with it. Nothing here needs a system call newer than Linux 2.6.32. */
#ifndef EVERYLINUX_AGENT_H
#define EVERYLINUX_AGENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64 /* this header comes first everywhere */

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define PROTOCOL 1
#define FRAME_LIMIT (64u << 20) /* of a request; the host's standard input for a command counts */
#define CHUNK 65536u            /* of data in one answer */
#define ARGS_LIMIT 65536u       /* argv and env entries of one request */
#define SESSIONS 16             /* terminals at a time */

enum kind {
    EXEC = 1, PUT = 2, GET = 3, STAT = 4, WALK = 5,
    SPAWN = 6, PTY_READ = 7, PTY_WRITE = 8, PTY_RESIZE = 9, PTY_SIGNAL = 10, PTY_WAIT = 11,
    PTY_CLOSE = 12, GO = 13, PING = 14, RULES = 15,
    HELLO = 128, DATA = 129, HELD = 130, ENTRIES = 131, DONE = 132, FAIL = 133
};

enum tag {
    T_ARGV = 1, T_EXECUTABLE = 2, T_ENV = 3, T_CWD = 4, T_UID = 5, T_GID = 6, T_STDIN = 7,
    T_RLIMIT = 8, T_TIME_LIMIT = 9, T_OUTPUT_LIMIT = 10, T_OPTIONS = 11,
    T_FLOOR = 12, T_PERSONALITY = 13, /* of RULES: a program of struct sock_filter; a persona */
    T_PATH = 14, T_MODE = 15, T_OFFSET = 16, T_LIMIT = 17, T_SESSION = 18, T_ROWS = 19,
    T_COLUMNS = 20, T_BYTES = 21, T_STREAM = 22,
    T_STATUS = 32, T_SIGNAL = 33, T_ERRNO = 34, T_WALL = 35, T_USER = 36, T_SYSTEM = 37,
    T_MINOR = 38, T_MAJOR = 39, T_RSS = 40, T_FLAGS = 41, T_PID = 42, T_ENTRY = 43, T_STAGE = 44,
    T_TOTAL = 45, T_PROTOCOL = 48, T_UNAME = 49, T_FRAME_LIMIT = 50, T_ARCH = 51, T_FEATURES = 52 /* T_UID and T_PID too */
};

enum option { O_HOLD = 1, O_DIGESTS = 2, O_MDWE = 4 };
enum flag { F_TIMED_OUT = 1, F_OUT_CUT = 2, F_ERR_CUT = 4, F_STRAYS = 8, F_CUT = 16, F_EOF = 32,
            F_RUNNING = 64 };
enum feature { X_SUBREAPER = 1, X_SETUID = 2, X_NO_NEW_PRIVS = 4, X_PROC = 8 };

struct field { uint16_t tag; uint32_t size; const unsigned char *data; };
struct frame { uint16_t kind; uint32_t id; const unsigned char *data; uint32_t size; };

/* One command, copied out of its frame: strings end with NUL, `input` still points into it. */
struct command {
    char **argv, **env;
    char *executable, *cwd;
    const unsigned char *input;
    size_t input_size;
    uint64_t time_limit, output_limit, options; /* time in nanoseconds, 0: none */
    int64_t uid, gid;                           /* -1: the agent's own */
    struct { int resource; struct rlimit value; } limits[16];
    int limits_count;
    uint16_t rows, columns;
};

/* What a child says when it cannot become the command. */
struct failure { int error; char stage[28]; };

struct usage { int status; struct rusage rusage; };

/* frame.c */
void frame_read(struct frame *frame);
int frame_next(struct frame *frame, struct field *field); /* 1, 0 at the end, dies if broken */
uint64_t field_number(const struct field *field);
char *field_text(const struct field *field); /* malloc'd, with a NUL; dies on a NUL inside */
void answer_begin(uint16_t kind, uint32_t id);
void answer_bytes(uint16_t tag, const void *data, size_t size);
void answer_text(uint16_t tag, const char *text);
void answer_number(uint16_t tag, uint64_t number);
size_t answer_size(void);
void answer_send(void);
void answer_fail(uint32_t id, int error, const char *stage);
const char *error_name(int error);
void die(const char *why) __attribute__((noreturn));
void *grab(size_t size);

/* child.c */
int command_parse(struct frame *frame, struct command *command);
void command_free(struct command *command);
void child_become(const struct command *command, int failure_fd) __attribute__((noreturn));
int privileges_drop(void); /* the agent's own: keeps CAP_SETUID, CAP_SETGID, CAP_KILL */
int privileges_setuid(void);

/* rules.c: what every command gets before it starts, from RULES on */
void rules_set(struct frame *frame);
const char *rules_apply(void); /* what could not be done, with errno, or NULL */

/* watch.c: a supervisor above the agent that answers uname(2) for commands under a floor */
void watch_begin(const char *release); /* returns in the agent, a child of the supervisor */
int watch_take(int listener);          /* hand over what a filter with notifications gave */

/* reap.c */
void reap_watch(pid_t pid, struct usage *usage, int *ended); /* pid 0: forget */
void reap_watch_end(struct usage *usage);
int reap_all(void); /* 1 if there are children left */
int reap_strays(pid_t leader); /* 0, or -1 if something may be left */
void reap_everything(void);
int reap_subreaper(void);

/* exec.c */
void exec_run(uint32_t id, struct command *command);
uint64_t now(void); /* monotonic, nanoseconds */
void usage_answer(const struct usage *usage, uint64_t wall, uint64_t flags);
int failure_read(int fd, struct failure *failure);
int host_gone(void);

/* files.c, walk.c */
void file_put(struct frame *frame);
void file_get(struct frame *frame);
void file_stat(struct frame *frame);
void file_walk(struct frame *frame);
int path_parent(const char *path, const char **rest); /* a folder to openat from, -2: none needed */
int entry_append(int folder, const char *name, const char *path, int digests); /* 0 or errno */

/* pty.c */
void pty_spawn(uint32_t id, struct command *command);
void pty_serve(struct frame *frame);
int pty_is_leader(pid_t pid);
int pty_any(void);

/* sha256.c */
struct sha256 { uint32_t state[8]; uint64_t length; unsigned char block[64]; };
void sha256_begin(struct sha256 *sha);
void sha256_more(struct sha256 *sha, const unsigned char *data, size_t size);
void sha256_end(struct sha256 *sha, unsigned char digest[32]);

#endif
