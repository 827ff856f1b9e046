/* Process 1 of an emulated machine: makes the cell's mounts, starts the agent, and carries its pipes
 * and the host's UNIX sockets over one serial line. A serial port is all that every kernel has built
 * in: those of installers and of Debian have virtio as modules.
 *
 * Frame on the line:  u8 kind | u8 channel | u16 length | bytes       little endian
 * Channel 0 is the agent's stdin and stdout, the others are connections to UNIX sockets.
 *
 * The host's half is src/everylinux/qemu/line.py; tests/qemu/test_line.py compares the numbers. */
#ifndef EVERYLINUX_MACHINE_H
#define EVERYLINUX_MACHINE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64

#include <stddef.h>
#include <stdint.h>

#define MAGIC "everylinux machine 1\n" /* what the firmware or the driver wrote before is no frame */
#define PAYLOAD 2048u                  /* of one frame */
#define WINDOW 16384u                  /* bytes on the way to one channel before it takes them */
#define CHANNELS 64                    /* and listening sockets */

enum kind {
    DATA = 1,   /* bytes of a channel */
    END = 2,    /* no more will come from this side */
    RESET = 3,  /* the channel is gone, both ways */
    CREDIT = 4, /* to the host, u32: so many bytes reached the channel's reader */
    TICK = 5,   /* to the host, u32: so many raw bytes were taken off the line */
    OPEN = 6,   /* to the host, a path: somebody connected to that socket */
    WANT = 7,   /* to the host: the kernel's pool is low */
    FOLDER = 16, FILE_PART = 17, SOCKET = 18, REMOVE = 19, /* from the host, below the run folder: */
    ENTROPY = 20                                           /* u16 mode | path | NUL | bytes */
};

/* init.c */
void say(const char *what, const char *which); /* to the console, with errno */
void die(const char *what) __attribute__((noreturn));

/* root.c */
void root_move(void); /* from the kernel's first file system into a tmpfs */

/* mounts.c */
void console_open(void);
void mounts_make(void);           /* /proc, /dev, /tmp, the run folder */
void mounts_close(void);          /* in the agent's own mount namespace: read-only what shall be */
int line_open(void);              /* the second serial port, raw */
extern const char run_folder[];

/* line.c */
void line_begin(int fd);
void line_send(enum kind kind, int channel, const void *data, size_t size);
int line_read(void);              /* what is there; 0 when the line is gone */

/* channels.c */
void channel_agent(int in, int out);
void channel_take(int channel, const unsigned char *data, size_t size);
void channel_end(int channel);
void channel_reset(int channel);
void channel_listen(const char *path);
void channel_forget(const char *path);
void channels_wait(int line);     /* poll once and serve */

/* carried.c */
void carried(enum kind kind, const unsigned char *data, size_t size);
void entropy_begin(void);
int entropy_fd(void);             /* writable when the pool is low; -1: not to be fed */
void entropy_low(void);

#endif
