/* The launcher: bin/python, bin/pip and the other programs of the distribution.
 *
 * It maps the loader of the tree (shared_libraries/lib/libc.so) into its own process, as the
 * kernel would, and lets it run bin/pythonX.Y-real. So nothing is written anywhere, the host's
 * loader, shell and libraries have no part in it, no file but this one needs to be executable, and
 * to the kernel the process stays what it is: /proc/self/exe, the command line, the name in ps,
 * capabilities. All that needs the file's place is asked of the kernel, not of argv[0].
 *
 * Exit 127 if a part is missing, 126 if a part cannot be used; one line says which. */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define REAL "python" VERSION "-real"
#define TREE "--everylinux-tree=" /* build/patches/cpython/0001-launched.patch */
#define OPTIONS 10                /* more arguments than we were given, at most */

static char self[PATH_MAX];        /* this file, without symbolic links */
static char tree[PATH_MAX];        /* the distribution */
static char loader[PATH_MAX + 32]; /* libc.so */
static char real[PATH_MAX + 32];   /* the interpreter */
static char script[PATH_MAX + 96]; /* what a tool such as pip runs, "" for the interpreter */
static char option[PATH_MAX + 32]; /* tells the interpreter its tree */
static char executable[PATH_MAX + 2];

void fail(int status, const char *part, const char *what) {
    fprintf(stderr, "python: %s: %s\n", part, what);
    _exit(status);
}

static void need(const char *part) {
    if (access(part, R_OK) != 0)
        fail(errno == ENOENT || errno == ENOTDIR ? 127 : 126, part, strerror(errno));
}

/* Where we are: the file, then its tree. */
static void locate(char **argv) {
    const char *started = (const char *)getauxval(AT_EXECFN);
    if (own_path(self, sizeof self)) {
        if (tree_of(self, tree)) return;
        fail(127, self, "lies in no complete tree: shared_libraries/lib/libc.so is missing");
    }
    /* No /proc. In a script's first line it is argv[0] that names us, not AT_EXECFN. */
    if (started && realpath(started, self) && tree_of(self, tree)) return;
    if (argv[0] && strchr(argv[0], '/') && realpath(argv[0], self) && tree_of(self, tree)) return;
    fail(127, started ? started : "?", "cannot tell where this program lies (is /proc mounted?)");
}

/* pip, idle3.13, pydoc3.13, python3.13-config: the script beside, NAME-real or NAMEX.Y-real. */
static int is_tool(const char *name) {
    size_t n = strlen(name);
    return !strncmp(name, "pip", 3) || !strncmp(name, "idle", 4) || !strncmp(name, "pydoc", 5) ||
           (n > 7 && !strcmp(name + n - 7, "-config"));
}

static void find_script(void) {
    const char *name = strrchr(self, '/') + 1;
    if (!is_tool(name)) return;
    snprintf(script, sizeof script, "%s/bin/%s-real", tree, name);
    if (access(script, R_OK) == 0) return;
    snprintf(script, sizeof script, "%s/bin/%s" VERSION "-real", tree, name);
    need(script);
}

/* What sys.executable shall be: the name by which we were called, if it is one of this very file,
 * so that a virtual environment's symbolic link stays visible. */
static void name_executable(char **argv) {
    const char *started = (const char *)getauxval(AT_EXECFN);
    const char *here = "", *found = self;
    static char sibling[PATH_MAX + 16];
    if (*script) {
        snprintf(sibling, sizeof sibling, "%s/bin/python", tree);
        found = sibling;
    } else if (argv[0] && strchr(argv[0], '/') && is_self(argv[0], self)) {
        found = argv[0];
    } else if (started && !strncmp(started, "/dev/fd/", 8)) {
        found = self; /* fexecve(3) */
    } else if (started && is_self(started, self)) {
        found = started;
        here = strchr(found, '/') ? "" : "./";
    }
    if (snprintf(executable, sizeof executable, "%s%s", here, found) >=
        (int)sizeof executable)
        fail(126, found, strerror(ENAMETOOLONG));
}

int main(int argc, char **argv, char **envp) {
    int n = 0;
    locate(argv);
    snprintf(loader, sizeof loader, "%s/shared_libraries/lib/libc.so", tree);
    snprintf(real, sizeof real, "%s/bin/" REAL, tree);
    snprintf(option, sizeof option, TREE "%s", tree);
    need(real);
    find_script();
    name_executable(argv);

    char **command = calloc((size_t)argc + OPTIONS + 2, sizeof *command);
    if (!command) fail(126, loader, strerror(ENOMEM));
    command[n++] = loader;
    command[n++] = "--preload=";      /* the host's LD_PRELOAD and LD_LIBRARY_PATH are for */
    command[n++] = "--library-path="; /* programs of the host: children still see them */
    command[n++] = "--argv0";
    command[n++] = *script ? executable : argc ? argv[0] : "";
    command[n++] = "--";
    command[n++] = real;
    command[n++] = option;
    command[n++] = executable;
    if (*script) command[n++] = script;
    for (int i = 1; i < argc; i++) command[n++] = argv[i];
    start(loader, n, command, envp);
}
