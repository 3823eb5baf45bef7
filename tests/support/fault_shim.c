/* Loaded in front of libc (LD_PRELOAD): the Nth step that a process takes on files below one folder
 * goes wrong. A step is a call that may change what is on disk.
 *
 *   RATLS_FAULT_FOLDER   which files count
 *   RATLS_FAULT_AT       N, from 1; 0: none
 *   RATLS_FAULT_MODE     kill   SIGKILL before the step
 *                        torn   half of the step's bytes are written, then SIGKILL
 *                        full   from this step on no byte finds room (ENOSPC), until the file
 *                               RATLS_FAULT_LIFT exists
 *   RATLS_FAULT_STEPS    a file that a line for each step is appended to
 *   RATLS_FAULT_ONLY_NAMED  if set, the file system makes no files without a name (O_TMPFILE)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long steps;

static int below(const char* path) {
  const char* folder = getenv("RATLS_FAULT_FOLDER");
  return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int fd, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, PATH_MAX - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  return below(path);
}

static void note(long step, const char* call, const char* path) {
  const char* file = getenv("RATLS_FAULT_STEPS");
  if (file == NULL) return;
  char line[PATH_MAX + 64];
  const int size = snprintf(line, sizeof line, "%ld %s %s\n", step, call, path);
  const long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, (size_t)size);
  syscall(SYS_close, fd);
}

enum { go_on, tear, no_room };

static int step(const char* call, const char* path) {
  const char* text = getenv("RATLS_FAULT_AT");
  const char* mode = getenv("RATLS_FAULT_MODE");
  const long at = text == NULL ? 0 : atol(text);
  const long now = atomic_fetch_add(&steps, 1) + 1;
  note(now, call, path);
  if (mode == NULL || at == 0 || now < at) return go_on;
  if (strcmp(mode, "full") == 0) {
    const char* lift = getenv("RATLS_FAULT_LIFT");
    return lift != NULL && access(lift, F_OK) == 0 ? go_on : no_room;
  }
  if (now != at) return go_on;
  if (strcmp(mode, "torn") == 0 && strstr(call, "write") != NULL) return tear;
  raise(SIGKILL);
  return go_on;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int no_space(void) {
  errno = ENOSPC;
  return -1;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  char path[PATH_MAX];
  const int what = is_ours(fd, path) ? step("write", path) : go_on;
  if (what == no_room) return no_space();
  const ssize_t done = REAL(write)(fd, bytes, what == tear ? size / 2 : size);
  if (what == tear) raise(SIGKILL);
  return done;
}

static ssize_t write_at(int fd, const void* bytes, size_t size, off_t offset) {
  char path[PATH_MAX];
  const int what = is_ours(fd, path) ? step("pwrite", path) : go_on;
  if (what == no_room) return no_space();
  const ssize_t done = syscall(SYS_pwrite64, fd, bytes, what == tear ? size / 2 : size, offset);
  if (what == tear) raise(SIGKILL);
  return done;
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return write_at(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return write_at(fd, bytes, size, offset);
}

int fdatasync(int fd) {
  char path[PATH_MAX];
  if (is_ours(fd, path)) step("fdatasync", path);
  return REAL(fdatasync)(fd);
}
int fsync(int fd) {
  char path[PATH_MAX];
  if (is_ours(fd, path)) step("fsync", path);
  return REAL(fsync)(fd);
}
int ftruncate(int fd, off_t size) {
  char path[PATH_MAX];
  if (is_ours(fd, path)) step("ftruncate", path);
  return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  return ftruncate(fd, size);
}

int rename(const char* from, const char* to) {
  if (below(to)) step("rename", to);
  return REAL(rename)(from, to);
}
int link(const char* from, const char* to) {
  if (below(to) && step("link", to) == no_room) return no_space();
  return REAL(link)(from, to);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  if (below(to) && step("linkat", to) == no_room) return no_space();
  return REAL(linkat)(from_folder, from, to_folder, to, flags);
}
int unlink(const char* path) {
  if (below(path)) step("unlink", path);
  return REAL(unlink)(path);
}

/* O_TMPFILE holds O_DIRECTORY's bit, too. */
static int is_unnamed(int flags) {
  return (flags & O_TMPFILE) == O_TMPFILE;
}
static int takes_mode(int flags) {
  return (flags & O_CREAT) != 0 || is_unnamed(flags);
}

static int open_at(const char* path, int flags, mode_t mode) {
  if (is_unnamed(flags) && below(path)) {
    if (getenv("RATLS_FAULT_ONLY_NAMED") != NULL) {
      errno = EOPNOTSUPP;
      return -1;
    }
    if (step("open", path) == no_room) return no_space();
  }
  const int makes = (flags & O_CREAT) != 0 && below(path) && access(path, F_OK) != 0;
  if (makes && step("open", path) == no_room) return no_space();
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_at(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = takes_mode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_at(path, flags, mode);
}
