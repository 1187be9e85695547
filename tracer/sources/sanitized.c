/* SPDX-License-Identifier: MIT */
/* Looking for a sanitizer's name; see sanitized.h. */

#include "tracer/sources/sanitized.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (64u << 10)

/* As they stand in a table of strings: behind another's end. */
static const char *const names[] = {"\0libasan.so.", "\0libhwasan.so.", "\0liblsan.so.",
				    "\0libtsan.so."};
#define NAME_BYTES_MAX 15u

static bool holds_name(const char *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (memmem(bytes, size, names[i], 1 + strlen(names[i] + 1)) != NULL) {
			return true;
		}
	}
	return false;
}

/* Piece by piece; what may be the beginning of a name is looked at again with the next piece. */
static bool file_holds_name(int fd)
{
	char piece[PIECE_BYTES];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, piece, sizeof(piece), at)) > 0) {
		if (holds_name(piece, (size_t)got)) {
			return true;
		}
		if ((size_t)got < sizeof(piece)) {
			return false;
		}
		at += got - (ssize_t)NAME_BYTES_MAX;
	}
	return false;
}

static int open_in_path(const char *name)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];
	int fd = -1;

	at = at != NULL ? at : "/bin:/usr/bin";
	while (fd < 0) {
		size_t size = strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s/%s", size > 0 ? (int)size : 1,
			 size > 0 ? at : ".", name);
		fd = access(path, X_OK) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		if (at[size] == '\0') {
			break;
		}
		at += size + 1;
	}
	return fd;
}

bool ctrace_sanitized_is(const char *program)
{
	int fd = strchr(program, '/') != NULL ? open(program, O_RDONLY | O_CLOEXEC)
					      : open_in_path(program);
	bool is_sanitized = fd >= 0 && file_holds_name(fd);

	if (fd >= 0) {
		close(fd);
	}
	return is_sanitized;
}
