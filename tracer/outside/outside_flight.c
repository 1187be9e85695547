/* SPDX-License-Identifier: MIT */

/* Snapshots of processes that are followed; see outside_flight.h. */

#include "tracer/outside/outside_flight.h"

#include "tracer/src/collect/session_snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sites ---- */

static bool need_entries(struct ctrace_outside_flight *flight, uint32_t end)
{
	const struct ctrace_entry **more;
	uint32_t room = flight->entries_end;

	if (end <= room) {
		return true;
	}
	room = 2 * room > end ? 2 * room : end;
	more = realloc(flight->entries, room * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	for (uint32_t i = flight->entries_end; i < room; i++) {
		more[i] = NULL;
	}
	flight->entries = more;
	flight->entries_end = room;
	return true;
}

/* The id that this process's code has got as a site; 0: none. Calls have numbers of their own. */
static uint32_t id_of(const struct ctrace_outside_process *process, unsigned code)
{
	const struct ctrace_entry *entry = process->sites.entries[code];

	return entry != NULL && ctrace_kind_is_of_sites(entry->kind)
		       ? process->codes.known[code] >> CTRACE_WANT_BITS
		       : 0;
}

static void learn(struct ctrace_outside_flight *flight,
		  const struct ctrace_outside_process *process)
{
	for (unsigned code = 1; code < CTRACE_CODES_MAX; code++) {
		uint32_t id = id_of(process, code);

		if (id != 0 && need_entries(flight, id + 1)) {
			flight->entries[id] = process->sites.entries[code];
		}
	}
}

static void learn_all(struct ctrace_outside_flight *flight)
{
	const struct ctrace_outside_process *at = flight->outside->processes;

	for (; at != NULL; at = at->next) {
		learn(flight, at);
	}
}

const struct ctrace_entry *ctrace_outside_flight_site(struct ctrace_outside_flight *flight,
						      uint32_t id)
{
	if (id >= flight->entries_end || flight->entries[id] == NULL) {
		learn_all(flight);
	}
	return id < flight->entries_end ? flight->entries[id] : NULL;
}

static bool need_kept(struct ctrace_outside_flight *flight)
{
	uint32_t room = flight->kept_room != 0 ? 2 * flight->kept_room : 256;
	struct ctrace_entry **more;

	if (flight->kept_count < flight->kept_room) {
		return true;
	}
	more = realloc(flight->kept, room * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	flight->kept = more;
	flight->kept_room = room;
	return true;
}

void ctrace_outside_flight_inherit(struct ctrace_outside_flight *flight,
				   struct ctrace_outside_process *process)
{
	learn(flight, process);
	for (unsigned code = 1; code < CTRACE_CODES_MAX; code++) {
		uint32_t id = id_of(process, code);
		struct ctrace_entry *entry = process->sites.entries[code];

		if (id == 0 || id >= flight->entries_end || flight->entries[id] != entry) {
			continue;
		}
		if (!need_kept(flight)) {
			flight->entries[id] = NULL; /* its name is gone with the process */
			continue;
		}
		flight->kept[flight->kept_count++] = entry;
		process->sites.entries[code] = NULL;
	}
}

/* ---- the whole ---- */

static void describe(struct ctrace_writer *writer, void *context)
{
	const struct ctrace_outside_flight *flight = context;

	flight->describe(writer, flight->context);
}

static const struct ctrace_entry *site_of(void *context, uint32_t id)
{
	return ctrace_outside_flight_site(context, id);
}

struct ctrace_outside_flight *ctrace_outside_flight_create(struct ctrace_outside *outside)
{
	struct ctrace_outside_flight *flight = calloc(1, sizeof(*flight));

	if (flight == NULL) {
		return NULL;
	}
	flight->outside = outside;
	flight->tables = (struct ctrace_snapshot_tables){
		.describe = describe, .site = site_of, .context = flight};
	return flight;
}

void ctrace_outside_flight_destroy(struct ctrace_outside_flight *flight)
{
	if (flight == NULL) {
		return;
	}
	for (uint32_t i = 0; i < flight->kept_count; i++) {
		free(flight->kept[i]);
	}
	free(flight->kept);
	free(flight->entries);
	free(flight);
}

/* What a thread has done until now stands in a chunk, and its row says that it lives. */
static void seal(struct ctrace_session *session, struct ctrace_outside_ring *ring)
{
	struct ctrace_stream *stream;

	if (ring == NULL || ring->file.bytes == NULL) {
		return;
	}
	stream = ctrace_session_stream(session, ring->feed.place.index);
	if (stream != NULL && stream->has_block) {
		ctrace_writer_seal(&session->recording.writer, &stream->block);
		stream->begun_ms = 0;
		ctrace_session_state_thread(session, stream, &ring->feed.place,
					    CTRACE_THREAD_ALIVE);
	}
}

int ctrace_outside_flight_take(struct ctrace_outside *outside, struct ctrace_snapshot *snapshot)
{
	for (struct ctrace_outside_process *at = outside->processes; at != NULL; at = at->next) {
		for (uint32_t i = 0; i < at->rings_end; i++) {
			seal(outside->session, at->rings[i]);
		}
	}
	snapshot->tables = &outside->flight->tables;
	return ctrace_session_snapshot(outside->session, snapshot);
}
