/* connect PATH: send stdin to a UNIX socket, print what it answers. For test_hardening.py. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char data[256];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (argc != 2 || fd < 0) return 2;
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return perror("connect"), 1;
    ssize_t size = read(0, data, sizeof data);
    if (size < 0 || write(fd, data, (size_t)size) != size) return perror("write"), 1;
    size = read(fd, data, sizeof data);
    return size < 0 || write(1, data, (size_t)size) != size;
}
