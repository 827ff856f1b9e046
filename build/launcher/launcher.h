/* What the launcher's parts give each other. */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#define _GNU_SOURCE
#include <limits.h>
#include <stddef.h>

#ifndef VERSION
#define VERSION "3.13"
#endif

/* launcher.c: one line on stderr, and the end. */
_Noreturn void fail(int status, const char *part, const char *what);

/* place.c */
int own_path(char *path, size_t size);                /* 0 without /proc */
int is_self(const char *name, const char *self);      /* the same file */
int tree_of(const char *program, char tree[PATH_MAX]); /* 0 if it lies in no tree */

/* map.c: run the loader in this process with this command line; argc of it are set. */
_Noreturn void start(const char *loader, int argc, char **argv, char **envp);

#endif
