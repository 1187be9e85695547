/* SPDX-License-Identifier: MIT */

/* Descriptors, names of files, memory; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BAD ((void *)16)

/* What gcc makes of the plain calls where it knows the size of the buffer. */
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t at, size_t room);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

static void read_and_write(int fd)
{
	char buffer[16];
	struct iovec parts[2] = {{buffer, 4}, {buffer + 4, 4}};

	SHOW("write", write(fd, "abcdefghijklmnop", 16));
	SHOW("write", write(fd, BAD, 16));
	SHOW("pwrite", pwrite(fd, "xy", 2, 4));
	SHOW("pwrite64", pwrite64(fd, "xy", 2, -1));
	SHOW("writev", writev(fd, parts, 2));
	SHOW("pwritev", pwritev(fd, parts, 2, 0));
	SHOW("pwritev64", pwritev64(-1, parts, 2, 0));
	SHOW("lseek", lseek(fd, 0, SEEK_SET));
	SHOW("read", read(fd, buffer, sizeof(buffer)));
	SHOW("read", read(fd, BAD, 4));
	SHOW("read", read(-1, buffer, 1));
	SHOW("pread", pread(fd, buffer, 8, 2));
	SHOW("pread64", pread64(fd, buffer, 8, 1000));
	SHOW("readv", readv(fd, parts, 2));
	SHOW("preadv", preadv(fd, parts, 2, 1));
	SHOW("preadv64", preadv64(fd, parts, -2, 1));
	SHOW("__read_chk", __read_chk(fd, buffer, 4, sizeof(buffer)));
	SHOW("__pread_chk", __pread_chk(fd, buffer, 4, 1, sizeof(buffer)));
	SHOW("__pread64_chk", __pread64_chk(fd, buffer, 4, 1, sizeof(buffer)));
}

static void handle(int fd)
{
	int number = 0;

	SHOW("fsync", fsync(fd));
	SHOW("fdatasync", fdatasync(-1));
	SHOW("syncfs", syncfs(-1));
	SHOW("flock", flock(fd, LOCK_EX));
	SHOW("lockf", lockf(fd, F_LOCK, 0));
	SHOW("lockf64", lockf64(-1, F_LOCK, 0));
	SHOW("ftruncate", ftruncate(fd, 12));
	SHOW("ftruncate64", ftruncate64(fd, -1));
	SHOW("fallocate", fallocate(fd, 0, 0, 4096));
	SHOW("fallocate64", fallocate64(fd, 0, 0, 0));
	SHOW("sync_file_range", sync_file_range(fd, 0, 0, 0));
	SHOW("fcntl", fcntl(fd, F_GETFD));
	SHOW("fcntl", fcntl(fd, F_SETFD, FD_CLOEXEC));
	SHOW("fcntl64", fcntl64(fd, F_SETLK, BAD));
	SHOW("ioctl", ioctl(fd, FIONREAD, &number));
	SHOW("ioctl", ioctl(fd, TIOCGWINSZ, BAD));
	SHOW("getrandom", getrandom(&number, sizeof(number), 0));
}

static void move_between(int fd)
{
	int ends[2], others[2];
	off_t at = 0;
	int copy;

	SHOW("pipe", pipe(ends));
	SHOW("pipe", pipe(BAD));
	SHOW("pipe2", pipe2(others, O_CLOEXEC | O_NONBLOCK));
	SHOW("sendfile", sendfile(ends[1], fd, &at, 4));
	SHOW("sendfile64", sendfile64(ends[1], fd, NULL, 2));
	SHOW("tee", tee(ends[0], others[1], 4, 0));
	SHOW("splice", splice(ends[0], NULL, others[1], NULL, 2, 0));
	SHOW("copy_file_range", copy_file_range(fd, NULL, -1, NULL, 4, 0));
	copy = dup(fd);
	SHOW("dup", copy);
	SHOW("dup2", dup2(fd, copy));
	SHOW("dup3", dup3(fd, fd, 0));
	SHOW("close", close(copy));
	SHOW("close", close(copy));
	close(ends[0]);
	close(ends[1]);
	close(others[0]);
	close(others[1]);
}

static void map(int fd)
{
	void *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);

	SHOW("mmap", at != MAP_FAILED);
	SHOW("mmap", mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	SHOW("mmap64", mmap64(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) != MAP_FAILED);
	SHOW("mprotect", mprotect(at, 4096, PROT_READ | PROT_WRITE));
	SHOW("madvise", madvise(at, 4096, MADV_WILLNEED));
	SHOW("msync", msync((char *)at + 1, 4096, MS_SYNC));
	SHOW("munmap", munmap(at, 8192));
	SHOW("munmap", munmap((char *)at + 1, 4096));
}

void call_files(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0640);

	SHOW("open", fd);
	read_and_write(fd);
	handle(fd);
	move_between(fd);
	map(fd);
	close(fd);
}

static void close_shown(const char *name, int fd)
{
	show(name, fd);
	if (fd >= 0) {
		close(fd);
	}
}

#define SHOW_OPEN(name, call) (errno = 0, close_shown(name, call))

static void open_in_all_ways(void)
{
	SHOW_OPEN("open", open("nothing", O_RDONLY));
	SHOW_OPEN("open", open(BAD, O_RDONLY));
	SHOW_OPEN("open64", open64("file", O_RDONLY));
	SHOW_OPEN("openat", openat(AT_FDCWD, "made", O_CREAT | O_EXCL | O_WRONLY, 0600));
	SHOW_OPEN("openat64", openat64(-5, "file", O_RDONLY));
	SHOW_OPEN("open", open(".", O_TMPFILE | O_RDWR, 0600));
	SHOW_OPEN("__open_2", __open_2("file", O_RDONLY));
	SHOW_OPEN("__open64_2", __open64_2("file/not", O_RDONLY));
	SHOW_OPEN("__openat_2", __openat_2(AT_FDCWD, "file", O_RDONLY));
	SHOW_OPEN("__openat64_2", __openat64_2(AT_FDCWD, "nothing", O_RDONLY));
	SHOW_OPEN("creat", creat("created", 0600));
	SHOW_OPEN("creat64", creat64("", 0600));
}

void call_names_of_files(void)
{
	struct stat about;
	char buffer[64];

	open_in_all_ways();
	SHOW("stat", stat("file", &about));
	show("mode", about.st_mode);
	SHOW("stat", stat("file", BAD));
	SHOW("stat", stat(BAD, &about));
	SHOW("lstat", lstat("nothing", &about));
	SHOW("fstat", fstat(0, &about));
	SHOW("fstatat", fstatat(AT_FDCWD, "file", &about, 0));
	SHOW("access", access("file", R_OK));
	SHOW("mkdir", mkdir("folder", 0700));
	SHOW("mkdir", mkdir("folder", 0700));
	SHOW("readlink", readlink("file", buffer, sizeof(buffer)));
	SHOW("rename", rename("made", "created"));
	SHOW("rename", rename("made", "created"));
	SHOW("rmdir", rmdir("folder"));
	SHOW("unlink", unlink("created"));
	SHOW("unlink", unlink("created"));
	SHOW("unlink", unlink("file"));
}
