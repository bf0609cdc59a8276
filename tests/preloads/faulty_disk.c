/* Preloaded into a child: while the file named by FAULT holds a word, the disk behaves as that word says.
   "full": writes find no space. "readonly": they are refused. "broken": they fail. "flush": flushes fail. "slow": a flush
   takes 0.7 s. "stuck": a flush takes until the word is another. A second word, the end of a path, means only that file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int ends_with(int file, const char *end) {
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path);
    ssize_t length = (ssize_t)strlen(end);
    return size >= length && memcmp(path + size - length, end, (size_t)length) == 0;
}

static int fault_is(const char *word, int file) {
    char held[96] = {0}, first[16] = {0}, end[64] = {0};
    const char *path = getenv("FAULT");
    int fault = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fault < 0) return 0;
    ssize_t size = read(fault, held, sizeof held - 1);
    close(fault);
    return size > 0 && sscanf(held, "%15s %63s", first, end) > 0 && strcmp(first, word) == 0 && ends_with(file, end);
}

static int flush(const char *name, int file) {
    if (fault_is("flush", file)) { errno = EIO; return -1; }
    if (fault_is("slow", file)) usleep(700000);
    while (fault_is("stuck", file)) usleep(20000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

static ssize_t put(const char *name, int file, const void *data, size_t size, off64_t offset) {
    if (fault_is("full", file)) { errno = ENOSPC; return -1; }
    if (fault_is("readonly", file)) { errno = EROFS; return -1; }
    if (fault_is("broken", file)) { errno = EIO; return -1; }
    return ((ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, name))(file, data, size, offset);
}

int fsync(int file) { return flush("fsync", file); }
int fdatasync(int file) { return flush("fdatasync", file); }
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return put("pwrite", file, data, size, offset); }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return put("pwrite64", file, data, size, offset); }
