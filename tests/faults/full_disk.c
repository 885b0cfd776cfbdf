/* A disk that is full after FULL_DISK_BYTES bytes, for LD_PRELOAD where no small file system can be mounted. Counts what
 * is written to files whose descriptors are above 2. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long long left = -1;

static int is_full(int descriptor, size_t n) {
  struct stat status;
  if (descriptor <= 2 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  if (left < 0) {
    const char *text = getenv("FULL_DISK_BYTES");
    left = text ? atoll(text) : 1LL << 62;
  }
  if (left < (long long)n) return 1;
  left -= (long long)n;
  return 0;
}

ssize_t write(int descriptor, const void *data, size_t n) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (is_full(descriptor, n)) return errno = ENOSPC, -1;
  return real(descriptor, data, n);
}

ssize_t pwrite(int descriptor, const void *data, size_t n, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  if (is_full(descriptor, n)) return errno = ENOSPC, -1;
  return real(descriptor, data, n, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t n, off64_t at) {
  return pwrite(descriptor, data, n, at);
}
