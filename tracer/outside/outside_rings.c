/* SPDX-License-Identifier: MIT */

/* Ring and site files from outside; see outside_rings.h. */

#include "tracer/outside/outside_rings.h"

#include "tracer/outside/ring_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- places: which ring a session means ---- */

static uint32_t take_place(struct ctrace_outside *outside)
{
	return outside->free_count > 0 ? outside->free_places[--outside->free_count]
				       : outside->next_place++;
}

static void give_place(struct ctrace_outside *outside, uint32_t place)
{
	if (outside->free_count == outside->free_room) {
		uint32_t room = outside->free_room != 0 ? 2 * outside->free_room : 64;
		uint32_t *more = realloc(outside->free_places, room * sizeof(*more));

		if (more == NULL) {
			return; /* a place less */
		}
		outside->free_places = more;
		outside->free_room = room;
	}
	outside->free_places[outside->free_count++] = place;
}

/* ---- sites ---- */

static void read_sites_file(struct ctrace_outside_process *process, uint32_t number)
{
	struct ctrace_image_file first = {0}, second = {0};
	struct ctrace_error error = {.status = CTRACE_OK};
	char name[32], path[PATH_MAX + 32];
	enum ctrace_status status;

	snprintf(name, sizeof(name), "sites-%u", number);
	snprintf(path, sizeof(path), "%s/%s", process->folder, name);
	status = ctrace_image_file_open(&first, path, false, CTRACE_SITES_FILE_BYTES,
					CTRACE_SITES_FILE_BYTES, &error);
	if (status == CTRACE_OK && !process->is_still) {
		status = ctrace_image_file_open(&second, path, false, CTRACE_SITES_FILE_BYTES,
						CTRACE_SITES_FILE_BYTES, &error);
	}
	if (status == CTRACE_OK) {
		ctrace_foreign_sites_take(&process->sites, first.bytes,
					  process->is_still ? first.bytes : second.bytes,
					  first.size, &error);
	}
	if (error.status != CTRACE_OK && process->is_still) {
		ctrace_outside_tell(process, name, &error);
	}
	ctrace_image_file_close(&first);
	ctrace_image_file_close(&second);
}

void ctrace_outside_read_sites(struct ctrace_outside_process *process)
{
	const struct ctrace_process_image *image = (const void *)process->file.bytes;
	/* [I] acquire: a file that is told is there. */
	uint32_t count = atomic_load_explicit(&image->site_files, memory_order_acquire);

	if (process->is_still && process->sites.count > 0) {
		return; /* nothing can have come since */
	}
	for (uint32_t i = 1; i <= count && i <= CTRACE_SITE_FILES_MAX; i++) {
		read_sites_file(process, i);
	}
}

/* ---- rings ---- */

static bool need_room(struct ctrace_outside_process *process, uint32_t end)
{
	struct ctrace_outside_ring **more;

	if (end <= process->rings_end) {
		return true;
	}
	more = realloc(process->rings, end * sizeof(struct ctrace_outside_ring *));
	if (more == NULL) {
		return false;
	}
	for (uint32_t i = process->rings_end; i < end; i++) {
		more[i] = NULL;
	}
	process->rings = more;
	process->rings_end = end;
	return true;
}

static void tell_of_segment(void *context, const char *name, const struct ctrace_error *error)
{
	ctrace_outside_tell(context, name, error);
}

static enum ctrace_status open_segments(struct ctrace_outside_process *process,
					struct ctrace_outside_ring *made, uint32_t number,
					struct ctrace_error *error)
{
	made->segments = (struct ctrace_ring_segments){.ring = &made->ring,
						       .number = number,
						       .folder = process->folder,
						       .is_still = process->is_still,
						       .tell = tell_of_segment,
						       .context = process};
	return ctrace_ring_segments_begin(&made->segments, error);
}

static enum ctrace_status open_ring(struct ctrace_outside_process *process,
				    struct ctrace_outside_ring *made, uint32_t number,
				    struct ctrace_error *error)
{
	char path[PATH_MAX + 32];
	enum ctrace_status status;

	snprintf(path, sizeof(path), "%s/ring-%u", process->folder, number);
	status = ctrace_image_file_open(&made->file, path, !process->is_still,
					CTRACE_RING_FILE_BYTES_MIN, CTRACE_RING_FILE_BYTES_MAX,
					error);
	if (status == CTRACE_OK) {
		status = ctrace_ring_image_open(&made->ring, made->file.bytes, made->file.size,
						process->is_still, error);
	}
	return status == CTRACE_OK ? open_segments(process, made, number, error) : status;
}

static void tell_about(struct ctrace_outside_process *process, uint32_t number,
		       const struct ctrace_error *error)
{
	char name[32];

	snprintf(name, sizeof(name), "ring-%u", number);
	ctrace_outside_tell(process, name, error);
}

static uint64_t untold_losses(const struct ctrace_ring *ring)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < CTRACE_REASONS; i++) {
		count += ctrace_ring_lost(ring->shared, (enum ctrace_loss)i) -
			 atomic_load_explicit(&ring->shared->lost[i].seen, memory_order_relaxed);
	}
	return count;
}

/* A ring that is not complete is looked for again next time; one that is of no use stays broken. */
static void find_ring(struct ctrace_outside_process *process, uint32_t number)
{
	struct ctrace_outside_ring *made = calloc(1, sizeof(*made));
	struct ctrace_error error = {.status = CTRACE_OK};
	enum ctrace_status status;

	if (made == NULL) {
		return;
	}
	status = open_ring(process, made, number, &error);
	if (error.status != CTRACE_OK) {
		tell_about(process, number, &error);
	}
	if (status == CTRACE_ERR_NOT_FOUND) {
		ctrace_image_file_close(&made->file);
		free(made);
		return;
	}
	made->number = number;
	made->feed.place = (struct ctrace_ring_place){.ring = &made->ring,
						      .origin = &process->origin,
						      .index = take_place(process->outside)};
	made->feed.is_broken = made->is_told = status != CTRACE_OK;
	if (status != CTRACE_OK) {
		ctrace_ring_segments_finish(&made->segments);
		ctrace_image_file_close(&made->file); /* nothing of it is looked at again */
	} else if (process->is_still) {
		made->lost = untold_losses(&made->ring);
	}
	process->rings[number - 1] = made;
	process->ring_count += status == CTRACE_OK;
}

void ctrace_outside_find_rings(struct ctrace_outside_process *process)
{
	const struct ctrace_process_image *image = (const void *)process->file.bytes;
	/* [I] acquire: a file that is told is there. */
	uint32_t end = atomic_load_explicit(&image->rings, memory_order_acquire);

	end = end < CTRACE_RING_FILES_MAX ? end : CTRACE_RING_FILES_MAX;
	if (!need_room(process, end)) {
		return;
	}
	for (uint32_t i = 0; i < process->rings_end; i++) {
		if (process->rings[i] == NULL) {
			find_ring(process, i + 1);
		}
	}
}

void ctrace_outside_tell_broken(struct ctrace_outside_process *process,
				struct ctrace_outside_ring *ring)
{
	const struct ctrace_feed *feed = &ring->feed;
	struct ctrace_error error = {.status = CTRACE_OK};
	struct ctrace_ring_byte byte;

	if (!feed->is_broken || ring->is_told) {
		return;
	}
	ring->is_told = true;
	byte = ctrace_ring_segments_byte(&ring->segments, feed->broken_at);
	ctrace_error_set(&error, CTRACE_ERR_DAMAGED, byte.offset, CTRACE_NO_CHUNK,
			 "position %llu cannot be where a record begins or ends in a ring of %zu "
			 "bytes; what comes after it is left out",
			 (unsigned long long)feed->broken_at, byte.segment_bytes);
	ctrace_outside_tell(process, byte.name, &error);
}

static void close_ring(struct ctrace_outside_process *process, struct ctrace_outside_ring *ring)
{
	struct ctrace_outside *outside = process->outside;
	const struct ctrace_sessions sessions = {.list = &outside->session, .count = 1};

	if (ring->file.bytes != NULL && outside->session != NULL) {
		/* Killed with its process, not ended: its open spans stay open. */
		ctrace_drain_leave(&sessions, &ring->feed, CTRACE_THREAD_ALIVE);
	}
	give_place(outside, ring->feed.place.index);
	ctrace_ring_segments_finish(&ring->segments);
	ctrace_image_file_close(&ring->file);
	free(ring);
}

void ctrace_outside_close_rings(struct ctrace_outside_process *process)
{
	for (uint32_t i = 0; i < process->rings_end; i++) {
		if (process->rings[i] != NULL) {
			close_ring(process, process->rings[i]);
		}
	}
	free(process->rings);
	process->rings = NULL;
	process->rings_end = 0;
}
