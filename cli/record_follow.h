/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORD_FOLLOW_H
#define CTRACE_RECORD_FOLLOW_H

/*
 * The processes of a ring directory while they run: found as they come, drained
 * again and again, and once more after they died, whatever killed them; then
 * their files go.
 */

#include "tracer/outside/outside.h"

struct ctrace_followed;

struct ctrace_follow {
	struct ctrace_outside *outside;
	const char *directory;
	struct ctrace_followed *list; /* owned */
	uint32_t alive;		      /* of those that trace */
	uint32_t seen;		      /* processes, ever */
	uint32_t ended_rows;
	uint64_t events;
	char **refused; /* folders of no use, told once; owned */
	uint32_t refused_count;
};

/* One round. Returns how many records were taken. */
uint64_t ctrace_follow_pass(struct ctrace_follow *follow);

/* Gives back memory; a last round was made before. */
void ctrace_follow_finish(struct ctrace_follow *follow);

#endif
