/* What a command is, and how a forked child becomes it: no privileges, nothing inherited. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/capability.h and linux/prctl.h, which a musl tool chain may lack. */
#define CAP_VERSION_3 0x20080522
#define CAP_BIT(n) (1u << (n))
#define CAPS_KEPT (CAP_BIT(5) | CAP_BIT(6) | CAP_BIT(7)) /* KILL, SETGID, SETUID */
#ifndef PR_SET_NO_NEW_PRIVS
#define PR_SET_NO_NEW_PRIVS 38
#endif
#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

struct caps { uint32_t effective, permitted, inheritable; };

static int caps_read(struct caps caps[2]) {
    struct { uint32_t version; int pid; } head = {CAP_VERSION_3, 0};
    return (int)syscall(SYS_capget, &head, caps);
}

static int caps_limit(uint32_t kept) {
    struct { uint32_t version; int pid; } head = {CAP_VERSION_3, 0};
    struct caps caps[2];
    if (caps_read(caps) < 0) return -1;
    caps[0].permitted &= kept;
    caps[0].effective = caps[0].permitted;
    caps[1].permitted = caps[1].effective = 0;
    caps[0].inheritable = caps[1].inheritable = 0;
    return (int)syscall(SYS_capset, &head, caps);
}

/* The bounding set can only be emptied with CAP_SETPCAP: once, here, for all children. */
int privileges_drop(void) {
    for (int cap = 0; cap < 64; cap++) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* EINVAL below Linux 3.5 */
    return caps_limit(CAPS_KEPT);
}

int privileges_setuid(void) {
    struct caps caps[2];
    return caps_read(caps) == 0 && (caps[0].effective & CAP_BIT(7)) != 0;
}

static void parse_limit(struct command *command, const struct field *field) {
    struct field part = {field->tag, 8, field->data};
    uint64_t values[3];
    if (field->size != 24 || command->limits_count == 16) die("a wrong resource limit");
    for (int i = 0; i < 3; i++, part.data += 8) values[i] = field_number(&part);
    command->limits[command->limits_count].resource = (int)values[0];
    command->limits[command->limits_count].value.rlim_cur = (rlim_t)values[1];
    command->limits[command->limits_count++].value.rlim_max = (rlim_t)values[2];
}

static int parse_field(struct command *command, const struct field *field) {
    switch (field->tag) {
    case T_EXECUTABLE: command->executable = field_text(field); break;
    case T_CWD: command->cwd = field_text(field); break;
    case T_UID: command->uid = (int64_t)field_number(field); break;
    case T_GID: command->gid = (int64_t)field_number(field); break;
    case T_STDIN: command->input = field->data; command->input_size = field->size; break;
    case T_RLIMIT: parse_limit(command, field); break;
    case T_TIME_LIMIT: command->time_limit = field_number(field); break;
    case T_OUTPUT_LIMIT: command->output_limit = field_number(field); break;
    case T_OPTIONS: command->options = field_number(field); break;
    case T_ROWS: command->rows = (uint16_t)field_number(field); break;
    case T_COLUMNS: command->columns = (uint16_t)field_number(field); break;
    default: return ENOTSUP; /* a floor that is not installed must not look installed */
    }
    return 0;
}

int command_parse(struct frame *frame, struct command *command) {
    struct field field;
    size_t argc = 0, envc = 0;
    int error = 0;
    memset(command, 0, sizeof *command);
    command->uid = command->gid = -1;
    command->argv = grab((ARGS_LIMIT + 1) * sizeof(char *));
    command->env = grab((ARGS_LIMIT + 1) * sizeof(char *));
    while (error == 0 && frame_next(frame, &field)) {
        if (field.tag == T_ARGV || field.tag == T_ENV) {
            if (argc + envc == ARGS_LIMIT) error = E2BIG;
            else if (field.tag == T_ARGV) command->argv[argc++] = field_text(&field);
            else command->env[envc++] = field_text(&field);
        } else error = parse_field(command, &field);
    }
    command->argv[argc] = command->env[envc] = NULL;
    return error;
}

void command_free(struct command *command) {
    for (char **text = command->argv; *text; text++) free(*text);
    for (char **text = command->env; *text; text++) free(*text);
    free(command->argv);
    free(command->env);
    free(command->executable);
    free(command->cwd);
}

static void fail(int fd, int error, const char *stage) {
    struct failure failure = {error, ""};
    snprintf(failure.stage, sizeof failure.stage, "%s", stage);
    if (write(fd, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

static void reset_signals(void) {
    struct sigaction standard;
    sigset_t none;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < 65; number++) sigaction(number, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_user(const struct command *command, int fd) {
    if (command->uid >= 0 && (uid_t)command->uid != getuid()) {
        gid_t gid = (gid_t)(command->gid >= 0 ? command->gid : command->uid);
        if (setgroups(0, NULL) < 0) fail(fd, errno, "setgroups");
        if (setresgid(gid, gid, gid) < 0) fail(fd, errno, "setgid");
        if (setresuid((uid_t)command->uid, (uid_t)command->uid, (uid_t)command->uid) < 0)
            fail(fd, errno, "setuid");
    } else {
        (void)!setgroups(0, NULL); /* a user namespace with one user refuses it */
    }
    if (caps_limit(0) < 0) fail(fd, errno, "capset");
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static const char *search_path(char **env) {
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0) return *env + 5;
    return "/bin:/usr/bin";
}

/* execvpe(3) without its shell: what execve refuses is refused. */
static int execute(const struct command *command) {
    const char *file = command->executable ? command->executable : command->argv[0];
    int denied = 0;
    if (file == NULL) return EINVAL;
    if (strchr(file, '/') != NULL || *file == 0) {
        execve(file, command->argv, command->env);
        return errno;
    }
    for (const char *at = search_path(command->env); at != NULL;) {
        size_t size = strcspn(at, ":");
        char *whole = grab(size + strlen(file) + 2);
        sprintf(whole, "%.*s%s%s", (int)size, at, size ? "/" : "", file);
        execve(whole, command->argv, command->env);
        if (errno == EACCES) denied = 1;
        else if (errno != ENOENT && errno != ENOTDIR) return errno;
        at = at[size] ? at + size + 1 : NULL;
    }
    return denied ? EACCES : ENOENT;
}

/* glibc asks a call alone that Linux 2.6.36 brought; musl asks the older one as well. */
static int limit(int resource, const struct rlimit *value) {
    if (setrlimit(resource, value) == 0) return 0;
    if (errno != ENOSYS) return -1;
    unsigned long most = -1, soft = value->rlim_cur, hard = value->rlim_max;
    if (value->rlim_cur > most) soft = most;
    if (value->rlim_max > most) hard = most;
    unsigned long old[2] = {soft, hard};
    return (int)syscall(SYS_setrlimit, resource, old);
}

void child_become(const struct command *command, int failure_fd) {
    umask(022);
    reset_signals();
    for (int i = 0; i < command->limits_count; i++)
        if (limit(command->limits[i].resource, &command->limits[i].value) < 0)
            fail(failure_fd, errno, "setrlimit");
    become_user(command, failure_fd);
    if (chdir(command->cwd ? command->cwd : "/") < 0) fail(failure_fd, errno, "chdir");
    const char *stage = rules_apply();
    if (stage) fail(failure_fd, errno, stage);
    fail(failure_fd, execute(command), "execve");
    _exit(127);
}
