/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OUTSIDE_H
#define CTRACE_OUTSIDE_H

/*
 * Collecting from outside: processes whose rings are files become streams of one
 * session, by the same lines that the collector inside a program runs.
 *
 *     ctrace_outside_init(&outside, …)
 *       ctrace_outside_begin(&outside, session, &start)      the trace begins
 *         process = ctrace_outside_add(&outside, folder)     its row and clock
 *           ctrace_outside_drain(&outside, process, false)   while it lives, now and then
 *           ctrace_outside_drain(&outside, process, true)    once it is dead
 *         ctrace_outside_remove(&outside, process)
 *       ctrace_outside_end(&outside, "exited")               the trace is closed
 *     ctrace_outside_finish(&outside)
 *
 * One thread. Nothing it reads is trusted: what breaks a limit is told in one line
 * (file, byte, limit), and the rest goes on.
 */

#include "tracer/outside/foreign_sites.h"
#include "tracer/outside/image_file.h"
#include "tracer/outside/process_image.h"
#include "tracer/outside/ring_segments.h"
#include "tracer/src/collect/drain.h"

#include <limits.h>

/* What became of one thread's ring. */
struct ctrace_outside_ring {
	struct ctrace_feed feed;
	struct ctrace_ring ring;
	struct ctrace_image_file file;
	struct ctrace_ring_segments segments; /* where it goes on */
	uint32_t number;		      /* ring-NUMBER */
	bool is_told;			      /* that it is broken */
	uint64_t events;		      /* taken from it */
	uint64_t lost; /* of a still ring: losses that were not told before */
};

struct ctrace_outside_process {
	struct ctrace_origin origin; /* first: what the collector hands back */
	struct ctrace_outside *outside;
	struct ctrace_outside_process *next;
	struct ctrace_process_image about;
	struct ctrace_image_file file;
	struct ctrace_codes codes;
	struct ctrace_foreign_sites sites;
	struct ctrace_outside_ring **rings; /* by number; NULL: not there yet, or no use */
	uint32_t rings_end;		    /* numbers below have been looked for */
	uint32_t ring_count;
	uint64_t events;
	bool is_still;
	char folder[PATH_MAX];
};

struct ctrace_outside {
	struct ctrace_session *session; /* NULL: no trace is open */
	struct ctrace_outside_process *processes;
	uint32_t process_count;
	struct ctrace_outside_flight *flight; /* borrows; NULL: all goes to a trace at once */
	bool is_still;			      /* folders of dead processes are read as copies */
	/* One line, ready to show. */
	void (*complain)(void *context, const char *line);
	void *context;
	uint64_t complaints;
	uint32_t next_stream, last_number;
	uint32_t next_place, free_count, free_room;
	uint32_t *free_places; /* of rings that are closed */
};

void ctrace_outside_init(struct ctrace_outside *outside, bool is_still,
			 void (*complain)(void *context, const char *line), void *context);
/* Takes zeroed ones. */
void ctrace_outside_finish(struct ctrace_outside *outside);

/* Begin a trace. `settings` as for sessions. */
enum ctrace_status ctrace_outside_begin(struct ctrace_outside *outside,
					const struct ctrace_session_settings *settings,
					const struct ctrace_session_start *start);
/* Close it; totals are those of the session. */
void ctrace_outside_end(struct ctrace_outside *outside, const char *ended,
			struct ctrace_session_totals *totals);

/*
 * Follow the process of this folder. NULL: it is not complete yet, or no use, which is told.
 * `is_refused` says which.
 */
struct ctrace_outside_process *ctrace_outside_add(struct ctrace_outside *outside,
						  const char *folder, bool *is_refused);

/* Take what its rings hold; `is_last`: the process is dead. Returns how many records. */
uint64_t ctrace_outside_drain(struct ctrace_outside *outside,
			      struct ctrace_outside_process *process, bool is_last);

/* It is dead and drained: last rows, and everything is given back but its files. */
void ctrace_outside_remove(struct ctrace_outside *outside, struct ctrace_outside_process *process);

/* Unlink all that a process's folder may hold, and the folder. */
void ctrace_outside_delete(const char *folder);

#endif
