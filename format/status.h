/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STATUS_H
#define CTRACE_STATUS_H

/*
 * How calls of every part answer: a status, and for readers an error with the
 * place. Errors are values; no byte of input can reach an assertion.
 */

#include <stdint.h>

enum ctrace_status {
	CTRACE_OK = 0,
	CTRACE_END,	      /* no more: not a failure */
	CTRACE_ERR_NOT_TRACE, /* not a ctrace file at all */
	CTRACE_ERR_VERSION,   /* needs a newer reader */
	CTRACE_ERR_DAMAGED,   /* a checksum or a rule of SPEC.md is broken */
	CTRACE_ERR_CUT,	      /* ends in the middle of something */
	CTRACE_ERR_LIMIT,     /* over a limit of limits.h */
	CTRACE_ERR_IO,	      /* the system said no; errno is in the text */
	CTRACE_ERR_NO_MEMORY,
	CTRACE_ERR_USAGE, /* the caller asked for something impossible */
	CTRACE_ERR_NOT_FOUND,
};

#define CTRACE_NO_CHUNK	 UINT32_MAX
#define CTRACE_NO_OFFSET UINT64_MAX

struct ctrace_error {
	enum ctrace_status status;
	uint32_t chunk;	 /* which chunk, CTRACE_NO_CHUNK if none */
	uint64_t offset; /* byte in the file where the rule broke, CTRACE_NO_OFFSET if none */
	char text[232];	 /* one line, ready to show: what, which number, which limit, what to do */
};

/*
 * Fill `error` (NULL is allowed) unless it already holds one: the first error
 * wins. Returns `status`, so that a caller can write `return ctrace_error_set(…)`.
 *
 * Thread: any, one per error object.  Signal handler: no.  Allocates: no.
 */
enum ctrace_status ctrace_error_set(struct ctrace_error *error, enum ctrace_status status,
				    uint64_t offset, uint32_t chunk, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* A short English name of a status, never NULL. */
const char *ctrace_status_name(enum ctrace_status status);

/*
 * One line for people: `FILE: byte 40960 (chunk 7): TEXT`, leaving out what is not known.
 * Writes at most `size` bytes with the NUL; control characters of `file` are shown as \xNN.
 */
void ctrace_error_line(const struct ctrace_error *error, const char *file, char *line, int size);

#endif
