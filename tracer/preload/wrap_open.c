/* SPDX-License-Identifier: MIT */

/* Calls with an argument that may not be there: open, fcntl, ioctl. */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"

/* Only these take a mode; libc looks at no more either. */
static mode_t mode_of(int flags, va_list list)
{
	return __OPEN_NEEDS_MODE(flags) ? va_arg(list, mode_t) : 0;
}

static int opened(unsigned code, const char *path, int fd)
{
	int64_t result = CTRACE_RESULT_ERRNO(fd);

	if (code != 0) {
		ctrace_call_text_of(1, path, result);
		ctrace_call_end(code, result);
	}
	return fd;
}

static unsigned begin_open(enum ctrace_call_id id, int folder, const char *path, int flags,
			   mode_t mode)
{
	const uint64_t words[] = {(uint64_t)folder, (uint64_t)path, (uint64_t)flags, mode};

	return ctrace_call_begin(id, words, 4);
}

CTRACE_WRAPPER int open(const char *path, int flags, ...)
{
	unsigned code;
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	code = begin_open(CTRACE_CALL_open, AT_FDCWD, path, flags, mode);
	return opened(code, path, ctrace_real.open(path, flags, mode));
}

CTRACE_WRAPPER int openat(int folder, const char *path, int flags, ...)
{
	unsigned code;
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	code = begin_open(CTRACE_CALL_openat, folder, path, flags, mode);
	return opened(code, path, ctrace_real.openat(folder, path, flags, mode));
}

CTRACE_WRAPPER extern __typeof__(open) open64 __attribute__((alias("open")));
CTRACE_WRAPPER extern __typeof__(openat) openat64 __attribute__((alias("openat")));

/* The third argument is a number or a pointer; either is a word, and passed on as one. */
CTRACE_WRAPPER int fcntl(int fd, int command, ...)
{
	uint64_t words[] = {(uint64_t)fd, (uint64_t)command, 0};
	unsigned code;
	va_list list;
	void *third;
	int result;

	va_start(list, command);
	third = va_arg(list, void *);
	va_end(list);
	words[2] = (uint64_t)third;
	code = ctrace_call_begin(CTRACE_CALL_fcntl, words, 3);
	result = ctrace_real.fcntl(fd, command, third);
	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}

CTRACE_WRAPPER extern __typeof__(fcntl) fcntl64 __attribute__((alias("fcntl")));

CTRACE_WRAPPER int ioctl(int fd, unsigned long request, ...)
{
	uint64_t words[] = {(uint64_t)fd, request, 0};
	unsigned code;
	va_list list;
	void *third;
	int result;

	va_start(list, request);
	third = va_arg(list, void *);
	va_end(list);
	words[2] = (uint64_t)third;
	code = ctrace_call_begin(CTRACE_CALL_ioctl, words, 3);
	result = ctrace_real.ioctl(fd, request, third);
	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}
