/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OUTPUT_H
#define CTRACE_OUTPUT_H

/*
 * The file a command writes. It appears under its name when it is whole, and
 * not at all if anything fails or the command is killed: until then it is a
 * nameless file in the same folder. `-` is standard output; devices and pipes
 * are written as they are.
 *
 *     ctrace_output_open(&output, path, is_gzip)
 *       ctrace_output_write(&output, bytes, size)
 *     ctrace_output_commit(&output)     now it is there
 *     ctrace_output_finish(&output)     always; drops what was not committed
 *
 * Every failure is one line on stderr.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_gzip; /* zlib's state and a buffer */

struct ctrace_output {
	const char *path;
	int fd;
	bool is_stdout, is_direct; /* direct: no file of its own to rename */
	bool is_failed;
	char *temporary;	  /* owned: its name, where the system has no nameless files */
	struct ctrace_gzip *gzip; /* owned; NULL: plain */
	uint64_t bytes;		  /* written to the file so far */
};

bool ctrace_output_open(struct ctrace_output *output, const char *path, bool is_gzip);
/* Before the first write: who may not read the file at `fd`, a regular one, may not read the new
 * one. `has_owner`: it is in that one's place, and belongs to whom that did, if this user may say
 * so. */
void ctrace_output_keep_rights(struct ctrace_output *output, int fd, bool has_owner);
bool ctrace_output_write(struct ctrace_output *output, const void *bytes, size_t size);
bool ctrace_output_commit(struct ctrace_output *output);
void ctrace_output_finish(struct ctrace_output *output);

#endif
