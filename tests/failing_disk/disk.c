/* A disk that fails on cue: what a process writes into one folder goes through here.
 *
 * The cue is a file, read again at each call, with what fails and how: "write EIO", "write ENOSPC",
 * "torn ENOSPC" (the first part of what is written still arrives), "sync EIO", "sync ENOSPC",
 * "truncate EIO". Anything else, or no file: nothing fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int in_folder(int fd) {
    const char *folder = getenv("FAILING_DISK_FOLDER");
    char link[64], path[4096];
    if (folder == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* Whether it fails, with errno set. */
static int fails(int fd, const char *what) {
    const char *cue = getenv("FAILING_DISK_CUE");
    char text[64] = "", operation[32] = "", error[32] = "";
    if (cue == NULL || !in_folder(fd)) return 0;
    int file = open(cue, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0 || sscanf(text, "%31s %31s", operation, error) != 2) return 0;
    if (strcmp(operation, what) != 0) return 0;
    errno = strcmp(error, "ENOSPC") == 0 ? ENOSPC : EIO;
    return 1;
}

/* How much of so many bytes still arrives; -1 if none does. */
static ssize_t arriving(int fd, size_t count) {
    if (fails(fd, "write")) return -1;
    if (fails(fd, "torn")) return count > 1000 ? (ssize_t)(count / 2) : -1;
    return (ssize_t)count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t some = arriving(fd, count);
    return some < 0 ? -1 : syscall(SYS_write, fd, bytes, (size_t)some);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t some = arriving(fd, count);
    return some < 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, (size_t)some, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

int fsync(int fd) { return fails(fd, "sync") ? -1 : (int)syscall(SYS_fsync, fd); }

int fdatasync(int fd) { return fails(fd, "sync") ? -1 : (int)syscall(SYS_fdatasync, fd); }

int ftruncate64(int fd, off64_t length) {
    return fails(fd, "truncate") ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
