/* init: process 1. The agent is its child; when either the agent or the host is gone, so are we. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void say(const char *what, const char *which) {
    char text[512];
    int size = snprintf(text, sizeof text, "everylinux: %s %s: %s\n", what, which, strerror(errno));
    (void)!write(2, text, (size_t)size < sizeof text ? (size_t)size : sizeof text);
}

/* -no-reboot makes this the end of the emulator. */
void die(const char *what) {
    say(what, "");
    for (;;) {
        reboot(RB_AUTOBOOT);
        sleep(1);
    }
}

static void become_agent(int in, int out) {
    char *argv[] = {"/everylinux/agent", "--sticky", "/tmp", "--sticky", "/dev/shm", NULL};
    char *env[] = {NULL};
    struct rlimit files = {1024, 4096}; /* as systemd has set it for everybody since 2013 */
    if (unshare(CLONE_NEWNS) < 0) die("cannot unshare mounts");
    mounts_close();
    setrlimit(RLIMIT_NOFILE, &files);
    if (chdir("/") < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0) die("cannot start the agent");
    execve(argv[0], argv, env);
    say("cannot start", argv[0]);
    _exit(71);
}

static void start_agent(void) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) die("no pipe");
    pid_t pid = fork();
    if (pid < 0) die("no process");
    if (pid == 0) become_agent(in[0], out[1]);
    close(in[0]);
    close(out[1]);
    channel_agent(in[1], out[0]);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    console_open();
    root_move();
    mounts_make();
    int line = line_open();
    line_begin(line);
    entropy_begin();
    start_agent();
    for (;;) {
        channels_wait(line);
        while (waitpid(-1, NULL, WNOHANG) > 0) continue; /* whom the agent left */
    }
}
