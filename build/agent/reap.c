/* No command leaves anything behind: every descendant is found, stopped, killed and waited for. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_CHILD_SUBREAPER
#define PR_SET_CHILD_SUBREAPER 36 /* Linux 3.4 */
#endif
#define WATCHED (SESSIONS + 1)
#define ROUNDS 200 /* a fork bomb within a process limit is over in a few */

struct process { pid_t pid, parent, group, session; int doomed; };

static struct { pid_t pid; struct usage *usage; int *ended; } watched[WATCHED];
static struct process *table;
static size_t table_used, table_room;

int reap_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0; }

void reap_watch(pid_t pid, struct usage *usage, int *ended) {
    for (int i = 0; i < WATCHED; i++) {
        if (watched[i].pid != 0) continue;
        watched[i].pid = pid;
        watched[i].usage = usage;
        watched[i].ended = ended;
        return;
    }
    die("too many children");
}

void reap_watch_end(struct usage *usage) {
    for (int i = 0; i < WATCHED; i++)
        if (watched[i].usage == usage) memset(&watched[i], 0, sizeof watched[i]);
}

static void note(pid_t pid, const struct usage *usage) {
    for (int i = 0; i < WATCHED; i++) {
        if (watched[i].pid != pid) continue;
        *watched[i].usage = *usage;
        *watched[i].ended = 1;
        memset(&watched[i], 0, sizeof watched[i]);
    }
}

int reap_all(void) {
    struct usage usage;
    for (;;) {
        pid_t pid = wait4(-1, &usage.status, WNOHANG, &usage.rusage);
        if (pid > 0) note(pid, &usage);
        else if (pid == 0) return 1;
        else if (errno != EINTR) return 0;
    }
}

static int read_process(const char *name, struct process *process) {
    char path[64], text[512], *after;
    snprintf(path, sizeof path, "/proc/%.20s/stat", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (size <= 0) return 0;
    text[size] = 0;
    after = strrchr(text, ')'); /* a name may hold anything */
    int parent, group, session;
    char state;
    if (!after || sscanf(after + 1, " %c %d %d %d", &state, &parent, &group, &session) != 4) return 0;
    process->pid = atoi(name);
    process->parent = parent;
    process->group = group;
    process->session = session;
    process->doomed = 0;
    return state != 'Z' && state != 'X';
}

static int read_table(void) {
    DIR *folder = opendir("/proc");
    struct dirent *item;
    table_used = 0;
    if (folder == NULL) return -1;
    while ((item = readdir(folder)) != NULL) {
        if (item->d_name[0] < '1' || item->d_name[0] > '9') continue;
        if (table_used == table_room) {
            table_room = table_room ? 2 * table_room : 256;
            table = realloc(table, table_room * sizeof *table);
            if (table == NULL) die("out of memory");
        }
        table_used += (size_t)read_process(item->d_name, &table[table_used]);
    }
    closedir(folder);
    return 0;
}

static int parent_doomed(pid_t parent) {
    for (size_t i = 0; i < table_used; i++)
        if (table[i].pid == parent) return table[i].doomed;
    return 0;
}

/* Ours are: our children but the terminals' leaders, the command's own group and session (for
 * kernels without a subreaper), and whatever descends from one of them. */
static size_t mark(pid_t leader, int terminals_too) {
    size_t count = 0, before;
    pid_t self = getpid();
    for (size_t i = 0; i < table_used; i++) {
        struct process *one = &table[i];
        int child = one->parent == self && (terminals_too || !pty_is_leader(one->pid));
        one->doomed = one->pid != self &&
                      (child || (leader > 1 && (one->group == leader || one->session == leader)));
        count += (size_t)one->doomed;
    }
    do {
        before = count;
        for (size_t i = 0; i < table_used; i++)
            if (!table[i].doomed && table[i].pid != self && parent_doomed(table[i].parent))
                count += (size_t)(table[i].doomed = 1);
    } while (count != before);
    return count;
}

static void signal_doomed(int number) {
    for (size_t i = 0; i < table_used; i++)
        if (table[i].doomed) kill(table[i].pid, number);
}

/* Stopped first: what is stopped cannot fork while its brothers are killed. */
static int sweep(pid_t leader, int terminals_too) {
    struct timespec pause = {0, 1000000};
    for (int round = 0; round < ROUNDS; round++) {
        if (read_table() < 0) return -1;
        size_t count = mark(leader, terminals_too), known = 0;
        for (int stops = 0; count > known && stops < 20; stops++) {
            signal_doomed(SIGSTOP);
            known = count;
            if (read_table() < 0) return -1;
            count = mark(leader, terminals_too);
        }
        if (count == 0) return 0;
        signal_doomed(SIGKILL);
        nanosleep(&pause, NULL);
        reap_all();
    }
    return -1;
}

int reap_strays(pid_t leader) {
    if (leader > 1) kill(-leader, SIGKILL);
    return sweep(leader, 0);
}

void reap_everything(void) {
    reap_all();
    sweep(0, 1);
}
