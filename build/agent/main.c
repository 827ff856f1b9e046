/* agent [OPTION VALUE]...                  serve a host on stdin and stdout
 *   --noexec FOLDER    remount it so that no program starts from it; needs CAP_SYS_ADMIN
 *   --without FOLDER   remove it; it is empty and no mount
 *   --sticky FOLDER    let all users write there
 *   --release TEXT     answer uname(2) with this release to commands whose filter asks
 * agent --join FILE... -- PROGRAM ARG...   write 0 to each cgroup.procs, then become PROGRAM
 * agent --spin MILLISECONDS                compute for so long of processor time, then end: what
 *                                          it takes by the clock tells how busy the machine is */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int join(char **argv) {
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        int fd = open(*argv, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "0", 1) != 1) {
            fprintf(stderr, "agent: cannot join %s: %s\n", *argv, strerror(errno));
            return 71;
        }
        close(fd);
    }
    if (*argv && argv[1]) execvp(argv[1], argv + 1);
    fprintf(stderr, "agent: cannot start %s: %s\n", *argv ? argv[1] : "nothing", strerror(errno));
    return 71;
}

static int spin(double milliseconds) {
    struct timespec used;
    volatile unsigned long sum = 0;
    do {
        for (unsigned long i = 0; i < 20000; i++) sum += i;
        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return 71;
    } while (used.tv_sec * 1e3 + used.tv_nsec / 1e6 < milliseconds);
    return 0;
}

/* What an engine's own start left open must reach no command. */
static void close_inherited(void) {
    struct rlimit files;
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *item;
    if (folder == NULL) {
        int told = getrlimit(RLIMIT_NOFILE, &files) == 0; /* glibc's cannot below Linux 2.6.36 */
        rlim_t last = told && files.rlim_cur < 65536 ? files.rlim_cur : 65536;
        for (int fd = 3; (rlim_t)fd < last; fd++) close(fd);
        return;
    }
    while ((item = readdir(folder)) != NULL) {
        int fd = atoi(item->d_name);
        if (fd > 2 && fd != dirfd(folder)) fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    closedir(folder);
}

static void on_child(int number) { (void)number; }

static void prepare_signals(void) {
    struct sigaction action;
    sigset_t children;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_child;
    sigaction(SIGCHLD, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGINT, &action, NULL); /* also as process 1, where nothing is fatal by itself */
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
}

static void say_hello(uint64_t features) {
    struct utsname name;
    char text[512];
    uname(&name);
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s", name.sysname, name.release, name.version,
             name.machine);
    answer_begin(HELLO, 0);
    answer_number(T_PROTOCOL, PROTOCOL);
    answer_number(T_PID, (uint64_t)getpid());
    answer_number(T_UID, (uint64_t)getuid());
    answer_number(T_FRAME_LIMIT, FRAME_LIMIT);
    answer_number(T_FEATURES, features);
    answer_text(T_UNAME, text);
    answer_text(T_ARCH, sizeof(void *) == 8 ? "x86_64" : "x86");
    answer_send();
}

static uint64_t prepare(const char *release) {
    close_inherited();
    if (release) watch_begin(release);
    uint64_t features = reap_subreaper() ? X_SUBREAPER : 0;
    prepare_signals();
    setsid(); /* no terminal of the host's is ours, or our children's */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* our pipes are not to be opened through /proc */
    if (privileges_drop() < 0) die("cannot drop capabilities");
    if (privileges_setuid()) features |= X_SETUID;
    if (prctl(39 /* PR_GET_NO_NEW_PRIVS */, 0, 0, 0, 0) == 1) features |= X_NO_NEW_PRIVS;
    if (access("/proc/self/stat", R_OK) == 0) features |= X_PROC;
    return features;
}

static void serve_command(struct frame *frame) {
    struct command command;
    int error = command_parse(frame, &command);
    if (error) answer_fail(frame->id, error, "request");
    else if (frame->kind == EXEC) exec_run(frame->id, &command);
    else pty_spawn(frame->id, &command);
    command_free(&command);
}

static void serve(struct frame *frame) {
    switch (frame->kind) {
    case EXEC:
    case SPAWN: serve_command(frame); break;
    case PUT: file_put(frame); break;
    case GET: file_get(frame); break;
    case STAT: file_stat(frame); break;
    case WALK: file_walk(frame); break;
    case PTY_READ: case PTY_WRITE: case PTY_RESIZE: case PTY_SIGNAL: case PTY_WAIT:
    case PTY_CLOSE: pty_serve(frame); break;
    case RULES: rules_set(frame); break;
    case PING: answer_begin(DONE, frame->id); answer_send(); break;
    default: answer_fail(frame->id, ENOTSUP, "request");
    }
}

static void change(const char *option, const char *folder) {
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    int error = 0;
    if (strcmp(option, "--sticky") == 0) (void)!chmod(folder, 01777); /* not ours: it is as it should be */
    else if (strcmp(option, "--noexec") == 0) error = mount(NULL, folder, NULL, flags, NULL);
    else if (strcmp(option, "--without") == 0) error = rmdir(folder);
    else errno = EINVAL, error = -1;
    if (error == 0) return;
    fprintf(stderr, "agent: error: %s %s: %s\n", option, folder, strerror(errno));
    exit(71);
}

int main(int argc, char **argv) {
    struct frame frame;
    const char *release = NULL;
    if (argc > 1 && strcmp(argv[1], "--join") == 0) return join(argv + 2);
    if (argc > 2 && strcmp(argv[1], "--spin") == 0) return spin(atof(argv[2]));
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--release") == 0) release = argv[i + 1];
        else change(argv[i], argv[i + 1]);
    say_hello(prepare(release));
    for (;;) {
        frame_read(&frame);
        serve(&frame);
        reap_all();
    }
}
