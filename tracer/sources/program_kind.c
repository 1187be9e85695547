/* SPDX-License-Identifier: MIT */
/* Looking at a program's file; see program_kind.h. */

#include "tracer/sources/program_kind.h"

#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (64u << 10)
#define PAGE_BYTES  4096u
#define MUSL_LOADER "/ld-musl-"

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

/* Its first bytes and ours say for which machine each is. */
static bool is_of_this_machine(const char *head, size_t size)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ElfW(Ehdr) own = {.e_machine = 0}, its;
	bool is_read = fd >= 0 && pread(fd, &own, sizeof(own), 0) == (ssize_t)sizeof(own);

	if (fd >= 0) {
		close(fd);
	}
	if (!is_read || size < sizeof(its) || memcmp(head, ELFMAG, SELFMAG) != 0) {
		return true; /* a script */
	}
	memcpy(&its, head, sizeof(its));
	return its.e_ident[EI_CLASS] == own.e_ident[EI_CLASS] && its.e_machine == own.e_machine;
}

/* The loader's name stands behind the program headers. */
static bool is_foreign(int fd)
{
	char head[PAGE_BYTES];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	size_t size = got > 0 ? (size_t)got : 0;

	return !is_of_this_machine(head, size) ||
	       memmem(head, size, MUSL_LOADER, strlen(MUSL_LOADER)) != NULL;
}

enum ctrace_program_kind ctrace_program_kind_of(const char *program)
{
	int fd = strchr(program, '/') != NULL ? open(program, O_RDONLY | O_CLOEXEC)
					      : open_in_path(program);
	enum ctrace_program_kind kind = CTRACE_PROGRAM_PLAIN;

	if (fd < 0) {
		return kind;
	}
	if (is_foreign(fd)) {
		kind = CTRACE_PROGRAM_FOREIGN;
	} else if (file_holds_name(fd)) {
		kind = CTRACE_PROGRAM_SANITIZED;
	}
	close(fd);
	return kind;
}
