/* SPDX-License-Identifier: MIT */

/*
 * LD_PRELOAD: breaks the C library under a program, as told, once the program has
 * called fault_arm().
 *
 *     FAULT=CALL:ERRNO:N      the N-th CALL fails; ENOMEM is 12, EIO 5, …
 *     FAULT_SHORT=BYTES       pwrite and write take at most so many
 *     FAULT_CLOCK=ID:AFTER:NS from the AFTER-th reading on, clock ID is off by NS; "freeze" stops
 * it
 *
 * At exit FAULT_REPORT, a file, gets how often CALL was made.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void fault_arm(void);

static _Atomic int is_armed;
static char call_name[32];
static int call_error;
static long call_at;
static _Atomic long calls;

static size_t write_max;

static long clock_id = -1, clock_after;
static int64_t clock_off;
static int is_clock_frozen;
static _Atomic long clock_readings;
static _Atomic int64_t frozen_at;

static void read_call(const char *text)
{
	if (text != NULL) {
		sscanf(text, "%31[^:]:%d:%ld", call_name, &call_error, &call_at);
	}
}

static void read_clock(const char *text)
{
	char off[32] = "";

	if (text != NULL && sscanf(text, "%ld:%ld:%31s", &clock_id, &clock_after, off) == 3) {
		is_clock_frozen = strcmp(off, "freeze") == 0;
		clock_off = is_clock_frozen ? 0 : strtoll(off, NULL, 10);
	}
}

void fault_arm(void)
{
	const char *most = getenv("FAULT_SHORT");

	read_call(getenv("FAULT"));
	write_max = most != NULL ? (size_t)atol(most) : 0;
	atomic_store(&is_armed, 1);
}

/* From the beginning, so that a step is a step from a clock that is otherwise steady. */
__attribute__((constructor)) static void bend_clock(void)
{
	read_clock(getenv("FAULT_CLOCK"));
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("FAULT_REPORT");
	char text[32];
	int fd, size;

	atomic_store(&is_armed, 0);
	if (path == NULL) {
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size = snprintf(text, sizeof(text), "%ld\n", atomic_load(&calls));
	if (write(fd, text, (size_t)size) != size) {
		abort();
	}
	close(fd);
}

/* Is this the call that is to fail? */
static int is_the_one(const char *name)
{
	if (atomic_load(&is_armed) == 0 || strcmp(name, call_name) != 0 ||
	    atomic_fetch_add(&calls, 1) + 1 != call_at) {
		return 0;
	}
	errno = call_error;
	return 1;
}

/* ---- the calls: the kernel's by number, the library's by the name behind ours ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	return is_the_one("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_the_one("malloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return is_the_one("malloc") ? NULL : __libc_realloc(old, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return is_the_one("mmap") ? MAP_FAILED
				  : (void *)syscall(SYS_mmap, at, size, protection, flags, fd,
						    offset); /* NOLINT: an address as a number */
}

int madvise(void *at, size_t size, int advice)
{
	return is_the_one("madvise") ? -1 : (int)syscall(SYS_madvise, at, size, advice);
}

int ftruncate(int fd, off_t size)
{
	return is_the_one("ftruncate") ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fallocate(int fd, int mode, off_t from, off_t size)
{
	return is_the_one("fallocate") ? -1 : (int)syscall(SYS_fallocate, fd, mode, from, size);
}

int open(const char *path, int flags, ...)
{
	va_list more;
	int mode;

	va_start(more, flags);
	mode = va_arg(more, int);
	va_end(more);
	return is_the_one("open") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static size_t at_most(size_t size)
{
	return atomic_load(&is_armed) != 0 && write_max != 0 && size > write_max ? write_max : size;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return is_the_one("pwrite") ? -1 : syscall(SYS_pwrite64, fd, bytes, at_most(size), at);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
		   void *argument)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (is_the_one("pthread_create")) {
		return call_error;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attributes, body, argument);
}

/* ---- clocks ---- */

static int64_t as_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Always a day ahead: a step back does not fall before the clock's beginning. */
#define AHEAD_NS INT64_C(86400000000000)

static int64_t bend(int64_t ns)
{
	int64_t none = 0;

	if (atomic_load(&is_armed) == 0 || atomic_fetch_add(&clock_readings, 1) < clock_after) {
		return ns;
	}
	if (!is_clock_frozen) {
		return ns + clock_off;
	}
	atomic_compare_exchange_strong(&frozen_at, &none, ns);
	return atomic_load(&frozen_at);
}

int clock_gettime(clockid_t id, struct timespec *time)
{
	int result = (int)syscall(SYS_clock_gettime, id, time);

	if (id == clock_id) {
		int64_t ns = bend(as_ns(time) + AHEAD_NS);

		time->tv_sec = ns / 1000000000;
		time->tv_nsec = ns % 1000000000;
	}
	return result;
}
