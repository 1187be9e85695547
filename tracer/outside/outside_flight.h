/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OUTSIDE_FLIGHT_H
#define CTRACE_OUTSIDE_FLIGHT_H

/*
 * A flight from outside: the last seconds of all processes that are followed, also of
 * those that are gone by now, and snapshots of them. Its session remembers rows (rows_bytes).
 *
 *     outside.flight = ctrace_outside_flight_create(&outside)     before ctrace_outside_begin
 *       …add, drain, remove as ever…
 *       ctrace_outside_flight_take(&outside, &snapshot)           then ctrace_snapshot_write
 *     ctrace_outside_flight_destroy(outside.flight)               after ctrace_outside_finish
 *
 * One thread. What a snapshot points at stays until destroy.
 */

#include "tracer/outside/outside.h"
#include "tracer/src/collect/snapshot.h"

struct ctrace_outside_flight {
	struct ctrace_snapshot_tables tables; /* `ended` is the caller's to set */
	/* META of each snapshot, the caller's to set. */
	void (*describe)(struct ctrace_writer *writer, void *context);
	void *context;
	struct ctrace_outside *outside;
	const struct ctrace_entry **entries; /* by id of the site */
	uint32_t entries_end;
	struct ctrace_entry **kept; /* owned: of processes that are gone */
	uint32_t kept_count, kept_room;
};

/* NULL without memory. */
struct ctrace_outside_flight *ctrace_outside_flight_create(struct ctrace_outside *outside);
/* NULL is fine. */
void ctrace_outside_flight_destroy(struct ctrace_outside_flight *flight);

/* A process goes, and its sites stay. For outside.c. */
void ctrace_outside_flight_inherit(struct ctrace_outside_flight *flight,
				   struct ctrace_outside_process *process);

/* The site of an id; NULL: none. For a watch, too. */
const struct ctrace_entry *ctrace_outside_flight_site(struct ctrace_outside_flight *flight,
						      uint32_t id);

/* What the past holds now; `last_ns` and `reason` are set. 0 or -ENOMEM. Finish it in any case. */
int ctrace_outside_flight_take(struct ctrace_outside *outside, struct ctrace_snapshot *snapshot);

#endif
