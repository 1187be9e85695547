/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROGRAM_KIND_H
#define CTRACE_PROGRAM_KIND_H

/* Programs that would not be themselves with our library in LD_PRELOAD. */

enum ctrace_program_kind {
	CTRACE_PROGRAM_PLAIN,	  /* or it cannot be read */
	CTRACE_PROGRAM_SANITIZED, /* names a sanitizer's library: gcc's end at once */
	CTRACE_PROGRAM_FOREIGN,	  /* of another machine, or C library: the loader would complain */
};

/*
 * Of a program as execvp finds it; not of what it starts. Thread: any.  Signal handler: no.
 * Blocks: on the file.
 */
enum ctrace_program_kind ctrace_program_kind_of(const char *program);

#endif
