/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OUTSIDE_RINGS_H
#define CTRACE_OUTSIDE_RINGS_H

/* The ring and site files of one process that is collected from outside. For outside.c. */

#include "tracer/outside/outside.h"

/* Open ring files that are new. */
void ctrace_outside_find_rings(struct ctrace_outside_process *process);

/* Read what the process has added to its sites. */
void ctrace_outside_read_sites(struct ctrace_outside_process *process);

/* One line, once, if the ring was found to be broken. */
void ctrace_outside_tell_broken(struct ctrace_outside_process *process,
				struct ctrace_outside_ring *ring);

/* Last rows of all threads in the trace, if one is open; rings are closed. */
void ctrace_outside_close_rings(struct ctrace_outside_process *process);

/* A line about a file of the process. In outside.c. */
void ctrace_outside_tell(struct ctrace_outside_process *process, const char *name,
			 const struct ctrace_error *error);

#endif
