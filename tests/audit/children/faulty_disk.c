/* Preloaded into a child: while the file named by FAULT holds a word, the disk behaves as that word says.
   "full": writes find no space. "flush": flushes fail. "slow": a flush takes 0.7 s. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fault_is(const char *word) {
    char held[16] = {0};
    const char *path = getenv("FAULT");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t size = read(file, held, sizeof held - 1);
    close(file);
    return size > 0 && strcmp(held, word) == 0;
}

static int flush(const char *name, int file) {
    if (fault_is("flush")) { errno = EIO; return -1; }
    if (fault_is("slow")) usleep(700000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

static ssize_t put(const char *name, int file, const void *data, size_t size, off64_t offset) {
    if (fault_is("full")) { errno = ENOSPC; return -1; }
    return ((ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, name))(file, data, size, offset);
}

int fsync(int file) { return flush("fsync", file); }
int fdatasync(int file) { return flush("fdatasync", file); }
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return put("pwrite", file, data, size, offset); }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return put("pwrite64", file, data, size, offset); }
