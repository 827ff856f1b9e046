/* Where this program lies, and which tree is its own. */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int own_path(char *path, size_t size) {
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0 || path[0] != '/') return 0;
    path[n] = 0;
    return 1;
}

int is_self(const char *name, const char *self) {
    struct stat one, other;
    return stat(name, &one) == 0 && stat(self, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static int is_tree(const char *path) {
    char part[PATH_MAX + 32];
    snprintf(part, sizeof part, "%s/shared_libraries/lib/libc.so", path);
    return access(part, F_OK) == 0;
}

/* Cut the last name off a path: 0 if there is none. */
static int parent(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash) return 0;
    *slash = 0;
    return 1;
}

static int above(const char *program, char tree[PATH_MAX]) {
    if (strlen(program) >= PATH_MAX) return 0;
    strcpy(tree, program);
    return parent(tree) && parent(tree) && is_tree(tree);
}

/* `home = FOLDER` of a pyvenv.cfg: the folder of the interpreter that made the environment. */
static int home_of(const char *folder, char home[PATH_MAX]) {
    char line[PATH_MAX + 64], *value = NULL;
    snprintf(line, sizeof line, "%s/pyvenv.cfg", folder);
    FILE *file = fopen(line, "re");
    if (!file) return 0;
    while (!value && fgets(line, sizeof line, file)) {
        char *equals = strchr(line, '=');
        if (!equals || strncmp(line, "home", 4) || line[4 + strspn(line + 4, " \t")] != '=') continue;
        value = equals + 1 + strspn(equals + 1, " \t");
        value[strcspn(value, "\r\n")] = 0;
    }
    fclose(file);
    if (!value || strlen(value) >= PATH_MAX - 16) return 0;
    strcpy(home, value);
    return 1;
}

/* A copy, as `venv --copies` makes: its home may itself be reached through symbolic links. */
static int tree_of_copy(const char *program, char tree[PATH_MAX]) {
    static const char *const names[] = {"python", "python3", "python" VERSION};
    char folder[PATH_MAX], home[PATH_MAX], path[PATH_MAX + 32], target[PATH_MAX];
    if (strlen(program) >= PATH_MAX) return 0;
    strcpy(folder, program);
    for (int up = 0; up < 2; up++) {
        if (!parent(folder)) return 0;
        if (!home_of(folder, home)) continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "%s/%s", home, names[i]);
            if (realpath(path, target) && above(target, tree)) return 1;
        }
    }
    return 0;
}

int tree_of(const char *program, char tree[PATH_MAX]) {
    return above(program, tree) || tree_of_copy(program, tree);
}
