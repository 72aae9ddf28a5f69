// Makes file calls below one folder fail, in a test: preloaded into a process with LD_PRELOAD. FAULT_FOLDER names the folder, FAULT_CONTROL
// a file that the process shares with its test: what is to fail and when, and what was seen so far. Only Linux.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { NOTHING, KILL, TEAR, POWER_LOSS, FAIL_EIO, FAIL_ENOSPC };
enum calls { WRITE = 1, SYNC = 2, TRUNCATE = 4, REMOVE = 8 };

// fault-control.ts knows this layout.
struct fault {
  int32_t kind;
  int32_t calls;  // which kinds of call count
  int32_t at;     // the first, second, ... of them
  int32_t stays;  // every later one fails as well
  int32_t seen;
  int32_t fired;
};
struct control {
  struct fault faults[2];
  int32_t keeps_undo;  // remember what is not synced yet, so that a loss of power can take it away
  int32_t scatters;    // a loss of power spares some of it, by chance
  int32_t random;
  int32_t writes;
  int32_t syncs;
  int32_t reused;  // writes to a write-ahead log after a call on it had failed and before it was closed
};

// A stretch of a file as it was before a write that has not been synced.
struct undo {
  struct undo *next;  // older
  char *path;
  dev_t device;
  ino_t inode;
  off_t at, size;  // of the write
  off_t length;    // of the file before it
  int is_lost;     // its fsync failed: what was written may never reach the disk, whatever later ones say
  char *bytes;     // what was there; zeros behind the end
};

static struct control *control;
static char folder[4096];
static size_t folder_length;
static struct undo *newest;
static char failed[4096];  // by descriptor
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, result, ...) \
  static result (*real)(__VA_ARGS__); \
  if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static ssize_t real_pread(int fd, void *to, size_t size, off_t at) {
  REAL(pread64, ssize_t, int, void *, size_t, off_t);
  return real(fd, to, size, at);
}
static ssize_t real_pwrite(int fd, const void *from, size_t size, off_t at) {
  REAL(pwrite64, ssize_t, int, const void *, size_t, off_t);
  return real(fd, from, size, at);
}
static ssize_t real_write(int fd, const void *from, size_t size) {
  REAL(write, ssize_t, int, const void *, size_t);
  return real(fd, from, size);
}
static int real_ftruncate(int fd, off_t size) {
  REAL(ftruncate64, int, int, off_t);
  return real(fd, size);
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("FAULT_CONTROL"), *below = getenv("FAULT_FOLDER");
  if (!path || !below || !realpath(below, folder)) return;
  strncat(folder, "/", sizeof folder - strlen(folder) - 1);
  folder_length = strlen(folder);
  int fd = open(path, O_RDWR);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) control = page;
}

static int is_below(const char *path) { return control && strncmp(path, folder, folder_length) == 0; }

// The path of an open file below the folder; its length, or 0.
static ssize_t path_of(int fd, char *path, size_t size) {
  char link[64];
  if (!control) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_below(path) ? length : 0;
}

static int ends_with(const char *path, const char *ending) {
  size_t length = strlen(path), end = strlen(ending);
  return length >= end && strcmp(path + length - end, ending) == 0;
}

static uint32_t chance(void) {
  uint32_t x = (uint32_t)control->random | 1;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  control->random = (int32_t)x;
  return x >> 8;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static int is_of(const struct undo *each, const struct stat *file) {
  return each->device == file->st_dev && each->inode == file->st_ino;
}

static void keep_undo(int fd, const char *path, off_t at, off_t size) {
  struct stat file;
  // The index beside a log is made anew after a crash.
  if (!control->keeps_undo || size <= 0 || ends_with(path, "-shm") || fstat(fd, &file) != 0) return;
  struct undo *undo = calloc(1, sizeof *undo);
  undo->bytes = calloc(1, size);
  if (real_pread(fd, undo->bytes, size, at) < 0) undo->bytes[0] = 0;
  undo->path = strdup(path);
  undo->device = file.st_dev;
  undo->inode = file.st_ino;
  undo->at = at;
  undo->size = size;
  undo->length = file.st_size;
  undo->next = newest;
  newest = undo;
}

// A sync ended well: what was written is safe. Where it went over something that an earlier sync had lost, that is now this.
static void forget_undo(int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  for (struct undo *safe = newest; safe; safe = safe->next) {
    if (!is_of(safe, &file) || safe->is_lost) continue;
    for (struct undo *lost = safe->next; lost; lost = lost->next) {
      if (!is_of(lost, &file) || !lost->is_lost) continue;
      off_t from = safe->at > lost->at ? safe->at : lost->at;
      off_t end = safe->at + safe->size, lost_end = lost->at + lost->size;
      off_t to = end < lost_end ? end : lost_end;
      if (from < to) real_pread(fd, lost->bytes + (from - lost->at), to - from, from);
      if (lost->length < end) lost->length = end;
    }
  }
  for (struct undo **at = &newest; *at;) {
    struct undo *each = *at;
    if (!is_of(each, &file) || each->is_lost) {
      at = &each->next;
      continue;
    }
    *at = each->next;
    free(each->path);
    free(each->bytes);
    free(each);
  }
}

static int lose_undo(int fd) {
  struct stat file;
  int count = 0;
  if (fstat(fd, &file) != 0) return 0;
  for (struct undo *each = newest; each; each = each->next)
    if (is_of(each, &file)) each->is_lost = ++count > 0;
  return count;
}

// Takes away what no sync has made safe, newest first. What is kept of a scattered loss may have gone over older bytes that go.
static void lose_power(void) {
  for (struct undo *each = newest; each; each = each->next) {
    if (control->scatters && !each->is_lost && chance() % 2) continue;
    int fd = open(each->path, O_RDWR);
    if (fd < 0) continue;
    real_pwrite(fd, each->bytes, each->size, each->at);
    if (!control->scatters) real_ftruncate(fd, each->length);
    close(fd);
  }
}

// What becomes of the call that is about to be made.
static enum kind next_fault(enum calls call) {
  for (int index = 0; index < 2; index++) {
    struct fault *fault = &control->faults[index];
    if (fault->kind == NOTHING || !(fault->calls & call)) continue;
    int seen = ++fault->seen;
    if (seen != fault->at && !(fault->stays && seen > fault->at)) continue;
    fault->fired++;
    return fault->kind;
  }
  return NOTHING;
}

// 0: go on with the call. Otherwise errno is set, and the call fails.
static int interfere(enum calls call, int fd, const char *path) {
  enum kind kind = next_fault(call);
  int is_log = fd >= 0 && fd < (int)sizeof failed && ends_with(path, "-wal");
  if (is_log && failed[fd] && call == WRITE) control->reused++;
  if (kind == POWER_LOSS) lose_power();
  if (kind == KILL || kind == TEAR || kind == POWER_LOSS) die();
  if (kind == NOTHING) return 0;
  // One that had nothing to make safe has broken nothing.
  int lost = call == SYNC ? lose_undo(fd) : 1;
  if (is_log && lost) failed[fd] = 1;
  errno = kind == FAIL_ENOSPC ? ENOSPC : EIO;
  return -1;
}

static ssize_t put(int fd, const void *data, size_t size, off_t at, int is_positioned) {
  char path[4096];
  if (!path_of(fd, path, sizeof path))
    return is_positioned ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
  pthread_mutex_lock(&mutex);
  control->writes++;
  struct fault *faults = control->faults;
  for (int index = 0; index < 2; index++)
    if (faults[index].kind == TEAR && (faults[index].calls & WRITE) && faults[index].seen + 1 == faults[index].at) {
      ssize_t half = is_positioned ? real_pwrite(fd, data, size / 2, at) : real_write(fd, data, size / 2);
      faults[index].fired += half >= 0;
    }
  ssize_t result = interfere(WRITE, fd, path);
  if (result == 0) {
    keep_undo(fd, path, is_positioned ? at : lseek(fd, 0, SEEK_CUR), (off_t)size);
    result = is_positioned ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

static int sync_with(int fd, int (*real)(int)) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return real(fd);
  pthread_mutex_lock(&mutex);
  control->syncs++;
  int result = interfere(SYNC, fd, path);
  if (result == 0) result = real(fd);
  if (result == 0) forget_undo(fd);
  pthread_mutex_unlock(&mutex);
  return result;
}

static int cut(int fd, off_t size) {
  char path[4096];
  if (!path_of(fd, path, sizeof path)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&mutex);
  int result = interfere(TRUNCATE, fd, path);
  if (result == 0) {
    struct stat file;
    if (fstat(fd, &file) == 0) keep_undo(fd, path, size, file.st_size - size);
    result = real_ftruncate(fd, size);
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

static void forget_failure(int fd) {
  if (fd >= 0 && fd < (int)sizeof failed) failed[fd] = 0;
}

ssize_t write(int fd, const void *data, size_t size) { return put(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return put(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return put(fd, data, size, at, 1); }

int fsync(int fd) {
  REAL(fsync, int, int);
  return sync_with(fd, real);
}
int fdatasync(int fd) {
  REAL(fdatasync, int, int);
  return sync_with(fd, real);
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

int unlink(const char *path) {
  REAL(unlink, int, const char *);
  if (!is_below(path)) return real(path);
  pthread_mutex_lock(&mutex);
  int result = interfere(REMOVE, -1, path);
  pthread_mutex_unlock(&mutex);
  return result == 0 ? real(path) : result;
}

int close(int fd) {
  REAL(close, int, int);
  forget_failure(fd);
  return real(fd);
}
