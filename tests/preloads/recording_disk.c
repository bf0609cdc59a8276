/* Preloaded into processes that write below the directory RECORDED: every change of a file there is appended to the file
   TRACE, in the order in which it happened, also over threads and processes. SQLite's shared memory (`-shm`) is left out:
   it is mapped, and made anew after a crash. tests/power_cut.py reads the records.

   A record is `struct record`, then the name relative to RECORDED, then the data. Kinds:
   c: file made          m: directory made   u: name removed   r: renamed to the data   l: linked to the data
   w: data written at the offset             t: cut or grown to the offset
   s: file flushed       d: directory flushed */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct record { char kind; char padding[3]; uint32_t name_size; uint64_t inode, offset, size; };

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;

/* One change at a time: among threads by the mutex, among processes by a lock that belongs to the process. */
static void turn(short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    if (type != F_UNLCK) pthread_mutex_lock(&mutex);
    int reported = errno;
    if (trace < 0) trace = REAL(open64, getenv("TRACE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (fcntl(trace, F_SETLKW, &lock) < 0 && errno == EINTR);
    errno = reported;
    if (type == F_UNLCK) pthread_mutex_unlock(&mutex);
}

/* The part of a path below RECORDED, "" for that directory itself; NULL if it is elsewhere or left out. */
static const char *below(const char *path) {
    const char *root = getenv("RECORDED");
    size_t size = root ? strlen(root) : 0, length = strlen(path);
    if (!size || strncmp(path, root, size) || (path[size] != '/' && path[size] != 0)) return NULL;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    return path[size] ? path + size + 1 : path + size;
}

/* Likewise for an open file, whose path is put into the buffer. */
static const char *below_open(int file, char path[PATH_MAX]) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int reported = errno;
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    errno = reported;
    if (size < 0) return NULL;
    path[size] = 0;
    return below(path);
}

static void record(char kind, const char *name, int file, uint64_t offset, const void *data, size_t size) {
    int reported = errno;
    struct stat status = {0};
    if (file >= 0) fstat(file, &status);
    struct record head = {kind, {0}, (uint32_t)strlen(name), status.st_ino, offset, size};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)name, head.name_size}, {(void *)data, size}};
    if (writev(trace, parts, 3) != (ssize_t)(sizeof head + head.name_size + size)) abort();
    errno = reported;
}

static int open_recorded(int directory, const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    struct stat before;
    if (!(flags & (O_CREAT | O_TRUNC)) || !getenv("RECORDED")) return REAL(openat64, directory, path, flags, mode);
    turn(F_WRLCK);
    int existed = fstatat(directory, path, &before, 0) == 0;
    int file = REAL(openat64, directory, path, flags, mode);
    const char *name = file < 0 ? NULL : below_open(file, buffer);
    if (name && !existed) record('c', name, file, 0, NULL, 0);
    if (name && existed && flags & O_TRUNC) record('t', name, file, 0, NULL, 0);
    turn(F_UNLCK);
    return file;
}

#define OPEN(name, parameters, directory) \
    int name parameters { \
        va_list rest; va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return open_recorded(directory, path, flags, mode); \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int directory, const char *path, int flags, ...), directory)
OPEN(openat64, (int directory, const char *path, int flags, ...), directory)

/* A call on an open file, and the record of it if it changed something. */
#define ON_FILE(result_type, call, is_done, kind, offset, data, size) \
    char buffer[PATH_MAX]; \
    const char *name = below_open(file, buffer); \
    if (!name) return call; \
    turn(F_WRLCK); \
    result_type result = call; \
    if (is_done) record(kind, name, file, (uint64_t)(offset), data, size); \
    turn(F_UNLCK); \
    return result;

ssize_t write(int file, const void *data, size_t size) {
    ON_FILE(ssize_t, REAL(write, file, data, size), result > 0, 'w', lseek(file, 0, SEEK_CUR) - result, data, (size_t)result)
}
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    ON_FILE(ssize_t, REAL(pwrite, file, data, size, offset), result > 0, 'w', offset, data, (size_t)result)
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    ON_FILE(ssize_t, REAL(pwrite64, file, data, size, offset), result > 0, 'w', offset, data, (size_t)result)
}
int ftruncate(int file, off_t size) { ON_FILE(int, REAL(ftruncate, file, size), result == 0, 't', size, NULL, 0) }
int ftruncate64(int file, off64_t size) { ON_FILE(int, REAL(ftruncate64, file, size), result == 0, 't', size, NULL, 0) }

static char flushed(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && S_ISDIR(status.st_mode) ? 'd' : 's';
}
int fsync(int file) { ON_FILE(int, REAL(fsync, file), result == 0, flushed(file), 0, NULL, 0) }
int fdatasync(int file) { ON_FILE(int, REAL(fdatasync, file), result == 0, flushed(file), 0, NULL, 0) }

/* A call on names, which are absolute here. */
#define ON_NAME(call, kind, path, other) \
    const char *name = below(path), *to = other; \
    if (!name) return call; \
    turn(F_WRLCK); \
    int result = call; \
    if (result == 0) record(kind, name, -1, 0, to, to ? strlen(to) : 0); \
    turn(F_UNLCK); \
    return result;

int unlink(const char *path) { ON_NAME(REAL(unlink, path), 'u', path, NULL) }
int mkdir(const char *path, mode_t mode) { ON_NAME(REAL(mkdir, path, mode), 'm', path, NULL) }
int rename(const char *from, const char *to_path) { ON_NAME(REAL(rename, from, to_path), 'r', from, below(to_path)) }
int link(const char *from, const char *to_path) { ON_NAME(REAL(link, from, to_path), 'l', from, below(to_path)) }
