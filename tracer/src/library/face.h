/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FACE_H
#define CTRACE_FACE_H

/*
 * What a recorder shows the preload library: the few functions that a recorded call needs.
 *
 * A process may hold a recorder in libctrace.so, in the program itself or in one of its
 * libraries (libctrace.a), with its symbols hidden or not. Each carries an ELF note of the
 * owner "ctrace", which lies in a loaded segment whatever is stripped, and says where its
 * face is: the preload library goes through the notes of all loaded objects, and records by
 * the first recorder it meets, so that program and calls have one recorder and one ring a thread.
 *
 *     note: "ctrace", type CTRACE_FACE_NOTE, { i32 address of the face relative to this word }
 */

#include "tracer/src/emit/call.h"
#include "tracer/src/emit/lock.h"

#include <ctrace/trace.h>
#include <stdbool.h>
#include <stdint.h>

#define CTRACE_FACE_OWNER "ctrace"
#define CTRACE_FACE_NOTE  1u
/* Of the functions below and of what they do: another one is not spoken to. */
#define CTRACE_FACE_VERSION 3u

struct ctrace_face {
	uint32_t version;
	uint32_t bytes;	     /* of this struct */
	const char *release; /* for messages */
	/* Make a site known; returns its state, which the recorder switches from now on. */
	uint16_t (*meet)(const struct ctrace_site_info *site);
	unsigned (*enter)(unsigned code, const uint64_t *words, unsigned count);
	void (*text)(unsigned code, unsigned index, const char *text, size_t size);
	void (*leave)(unsigned code, int64_t result);
	/* Do these come from the thread that made them, not from a child of vfork? */
	bool (*is_own_process)(void);
	/* A record with strings; its code, or 0: not recorded. */
	unsigned (*record)(unsigned code, const struct ctrace_arg *args, unsigned count);
	/* Where this process's rings are read from outside, leave there what it has mapped: now,
	 * and again as it ends. Not in a signal handler. */
	void (*tell_maps)(void);
};

/* Part of libctrace-alloc: without an address where the program is not linked with it. */
extern const char ctrace_alloc_is_linked __attribute__((weak, visibility("default")));

/* Of this recorder. */
extern const struct ctrace_face ctrace_face;

#endif
