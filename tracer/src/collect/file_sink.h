/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FILE_SINK_H
#define CTRACE_FILE_SINK_H

/*
 * A trace's file. Space is reserved ahead, with enough left over to close the
 * trace: a full disk then ends the recording in good order. Before each write the
 * file is looked at: a program may close descriptors that it did not open, and use
 * their numbers again, and nothing must be written there.
 *
 *     init ─► write … (wants_end: the disk is full) … ─► finish
 *
 * One thread at a time.
 */

#include "format/writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ctrace_file_sink {
	int fd;	       /* -1: none */
	bool is_plain; /* a regular file: positions and reservations make sense */
	bool can_reserve;
	bool is_full; /* no more space can be reserved; what is reserved is for closing */
	int error;    /* errno of the first failure, 0 */
	dev_t device; /* which file it was */
	ino_t inode;
	uint64_t offset;
	uint64_t reserved; /* bytes of the file that the disk has promised */
	uint64_t writes;
	char reason[96];
};

/* Create or replace `path`, mode 0600; a symbolic link is not followed. 0, or a negative errno
 * value. */
int ctrace_file_sink_init(struct ctrace_file_sink *sink, const char *path);
/* The same, but -EEXIST if there is anything of that name. */
int ctrace_file_sink_init_new(struct ctrace_file_sink *sink, const char *path);
/* Gives what was reserved and not used back. Takes zeroed and finished sinks (fd is then 0 or -1).
 */
void ctrace_file_sink_finish(struct ctrace_file_sink *sink);

/* ctrace_write_fn and wants_end of a session; `sink` is a struct ctrace_file_sink. */
enum ctrace_status ctrace_file_sink_write(void *sink, const void *bytes, size_t size);
const char *ctrace_file_sink_wants_end(void *sink);

/* What went wrong first, for a message; NULL: nothing. */
const char *ctrace_file_sink_trouble(const struct ctrace_file_sink *sink);

#endif
