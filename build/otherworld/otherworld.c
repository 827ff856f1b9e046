/* Another world for one of the two builds of `everylinux build --verify` (docs/forge.md).
 *
 * Preloaded into the host's programs of a step by /etc/ld.so.preload, which only glibc reads
 * (ld.so(8)): programs made for musl stay as they are. What it changes, a sandbox cannot pin:
 *
 *   the clock      CLOCK_REALTIME is SHIFT_SECONDS ahead; monotonic clocks and the times of files
 *                  are the kernel's, so that make decides as ever
 *   folders        entries come in the reverse of the file system's order
 *
 * A step that writes the one or trusts the other leaves different bytes. cc -shared -fPIC -O2.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef SHIFT_SECONDS
#define SHIFT_SECONDS (400L * 86400 + 5 * 3600 + 17 * 60 + 3) /* another year, day and hour */
#endif

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += SHIFT_SECONDS;
    return status;
}

int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval *now, void *zone)
{
    int status = (int)syscall(SYS_gettimeofday, now, zone);
    if (status == 0)
        now->tv_sec += SHIFT_SECONDS;
    return status;
}

time_t time(time_t *result)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

/* A folder that is being read: all its entries, and how many of them are still to be given. */
struct listing {
    struct listing *next;
    DIR *folder;
    struct dirent64 **entries;
    size_t left;
    size_t count;
};

static struct listing *listings;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void forget(DIR *folder)
{
    pthread_mutex_lock(&guard);
    struct listing **place = &listings;
    while (*place && (*place)->folder != folder)
        place = &(*place)->next;
    struct listing *found = *place;
    if (found)
        *place = found->next;
    pthread_mutex_unlock(&guard);
    if (!found)
        return;
    for (size_t index = 0; index < found->count; index++)
        free(found->entries[index]);
    free(found->entries);
    free(found);
}

static struct listing *read_all(DIR *folder)
{
    struct dirent64 *(*next)(DIR *) = (struct dirent64 * (*)(DIR *)) real("readdir64");
    struct listing *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->folder = folder;
    for (struct dirent64 *entry; (entry = next(folder)) != NULL;) {
        struct dirent64 **more = realloc(made->entries, (made->count + 1) * sizeof *more);
        struct dirent64 *copy = malloc(sizeof *copy);
        if (!more || !copy)
            abort(); /* half a folder would be a wrong result, not a failed one */
        made->entries = more;
        memcpy(copy, entry, offsetof(struct dirent64, d_name) + strlen(entry->d_name) + 1);
        made->entries[made->count++] = copy;
    }
    made->left = made->count;
    return made;
}

static struct listing *find(DIR *folder)
{
    pthread_mutex_lock(&guard);
    struct listing *found = listings;
    while (found && found->folder != folder)
        found = found->next;
    pthread_mutex_unlock(&guard);
    return found;
}

struct dirent64 *readdir64(DIR *folder)
{
    int before = errno;
    struct listing *found = find(folder);
    if (!found) {
        errno = 0;
        found = read_all(folder);
        if (!found || errno)
            return NULL;
        pthread_mutex_lock(&guard);
        found->next = listings;
        listings = found;
        pthread_mutex_unlock(&guard);
    }
    errno = before;
    return found->left ? found->entries[--found->left] : NULL;
}

/* readdir(3): where ino_t and off_t have 64 bits, both structures are one. */
_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "build it for 64 bits");

struct dirent *readdir(DIR *folder)
{
    return (struct dirent *)readdir64(folder);
}

void rewinddir(DIR *folder)
{
    forget(folder);
    ((void (*)(DIR *))real("rewinddir"))(folder);
}

int closedir(DIR *folder)
{
    forget(folder);
    return ((int (*)(DIR *))real("closedir"))(folder);
}
