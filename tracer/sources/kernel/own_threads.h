/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OWN_THREADS_H
#define CTRACE_OWN_THREADS_H

/*
 * The threads of the recorder's own process, for sources that record that one: a
 * growing list, because threads come while it is read.
 *
 *     ctrace_own_threads_look(&own)      whoever is there and not in the list is added at its end
 *     ctrace_own_threads_name(trace, &own, i)   its row, with the name it has now
 *     ctrace_own_threads_finish(&own)
 */

#include "tracer/sources/kernel/source_trace.h"

#include <stdbool.h>
#include <sys/types.h>

struct ctrace_own_threads {
	pid_t *list; /* owned */
	uint32_t count, capacity;
	pid_t without[2]; /* the recorder's own, which would tell of their own telling */
};

static inline bool ctrace_own_threads_is_without(const struct ctrace_own_threads *own, pid_t tid)
{
	return tid == own->without[0] || tid == own->without[1];
}

/* How many are new. Blocks: no.  Allocates: yes. */
uint32_t ctrace_own_threads_look(struct ctrace_own_threads *own);

/* Rows of those from `first` on, with the names that they have now. */
void ctrace_own_threads_name(struct ctrace_source_trace *trace,
			     const struct ctrace_own_threads *own, uint32_t first);

/* Takes zeroed ones. */
void ctrace_own_threads_finish(struct ctrace_own_threads *own);

/* Descriptors that this process may still open without taking more than half of what is left. */
uint64_t ctrace_own_descriptors_left(void);

#endif
