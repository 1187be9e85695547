/* SPDX-License-Identifier: MIT */

/* Rings to sessions; see feed.h. */

#include "tracer/src/collect/feed.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/sites.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Free rings that keep their memory; more give it back. */
#define FREE_RINGS_WARM 16u

static struct ctrace_feed *feeds;
static uint32_t feeds_count, feeds_room;
static struct cds_lfs_node *newest_known;
static uint32_t free_rings;

static void add_total(_Atomic uint64_t *total, uint64_t count)
{
	atomic_fetch_add_explicit(total, count, memory_order_relaxed);
}

/* ---- this process ---- */

static const struct ctrace_entry *own_entry(struct ctrace_origin *unused, unsigned code)
{
	(void)unused;
	return ctrace_sites_entry(code);
}

static uint32_t own_stream(struct ctrace_origin *unused, uint64_t thread_number)
{
	(void)unused;
	return (uint32_t)(CTRACE_FIRST_STREAM - 1 + thread_number);
}

static struct ctrace_codes *own_codes(struct ctrace_origin *origin, struct ctrace_session *session)
{
	session->codes.origin = origin;
	return &session->codes;
}

static void free_own_ring(struct ctrace_origin *unused, struct ctrace_feed *feed)
{
	struct ctrace_ring *ring = feed->place.ring;

	(void)unused;
	ctrace_growth_undo(ring);
	if (++free_rings > FREE_RINGS_WARM && feed->is_populated) {
		ctrace_ring_release_memory(ring);
		feed->is_populated = false;
	}
	ctrace_ring_free(ring, feed->is_orphan);
	feed->is_orphan = false;
}

static struct ctrace_origin this_process = {
	.entry = own_entry, .stream = own_stream, .codes = own_codes, .free_ring = free_own_ring};

/* ---- finding rings ---- */

static bool add_feed(struct ctrace_ring *ring)
{
	if (feeds_count == feeds_room) {
		uint32_t room = feeds_room != 0 ? 2 * feeds_room : 32;
		struct ctrace_feed *more = realloc(feeds, room * sizeof(*more));

		if (more == NULL) {
			return false;
		}
		feeds = more;
		feeds_room = room;
	}
	feeds[feeds_count] = (struct ctrace_feed){
		.place = {.index = feeds_count, .ring = ring, .origin = &this_process}};
	feeds_count++;
	return true;
}

/* The registry grows at its front: everything before the newest ring we know is new. */
static void find_rings(void)
{
	struct cds_lfs_node *newest = ctrace_rings_first();
	uint32_t count_before = feeds_count;

	for (struct cds_lfs_node *at = newest; at != newest_known; at = at->next) {
		if (!add_feed(ctrace_ring_of(at))) {
			feeds_count = count_before; /* all again next time, each once */
			return;
		}
	}
	newest_known = newest;
}

static void give_orphans(const struct ctrace_sessions *sessions)
{
	struct ctrace_loss_count *orphans = ctrace_orphans();
	uint64_t count = atomic_load_explicit(&orphans->count, memory_order_acquire);
	uint64_t before = atomic_load_explicit(&orphans->seen, memory_order_relaxed);

	if (count == before) {
		return;
	}
	for (unsigned i = 0; i < sessions->count; i++) {
		ctrace_session_orphans(sessions->list[i], count - before,
				       atomic_load_explicit(&orphans->first, memory_order_relaxed),
				       atomic_load_explicit(&orphans->last, memory_order_relaxed));
	}
	add_total(&ctrace_feed_totals.lost[CTRACE_LOSS_NO_RING], count - before);
	atomic_store_explicit(&orphans->seen, count, memory_order_relaxed);
}

/* The pages of a ring that is really used, all at once instead of fault by fault in its thread. */
static void populate(struct ctrace_feed *feed, uint64_t used)
{
	const struct ctrace_ring *ring = feed->place.ring;

	if (feed->is_populated || used < CTRACE_END_RESERVE_BYTES) {
		return;
	}
	feed->is_populated = true;
#ifdef MADV_POPULATE_WRITE
	madvise(ring->data, ring->data_bytes, MADV_POPULATE_WRITE);
#endif
}

static void take(struct ctrace_taken *taken, const struct ctrace_sessions *sessions,
		 struct ctrace_feed *feed, const struct ctrace_pass *pass)
{
	const struct ctrace_ring *ring = feed->place.ring;
	uint64_t tail = ctrace_ring_tail(ring->shared);
	uint64_t count = ctrace_drain(sessions, feed, pass);
	uint64_t used = ctrace_ring_tail(ring->shared) - tail;
	unsigned percent = (unsigned)(used * 100 / ring->data_bytes);

	populate(feed, used);
	taken->count += count;
	taken->fullest_percent =
		percent > taken->fullest_percent ? percent : taken->fullest_percent;
}

struct ctrace_taken ctrace_feed_pass(const struct ctrace_sessions *sessions, bool is_last)
{
	const struct ctrace_pass pass = {.is_last = is_last,
					 .now_ms = ctrace_clock_raw_ns() / 1000000u};
	struct ctrace_taken taken = {.count = 0};

	find_rings();
	free_rings = 0;
	for (uint32_t i = 0; i < feeds_count; i++) {
		free_rings += feeds[i].number == 0;
	}
	for (uint32_t i = 0; i < feeds_count; i++) {
		take(&taken, sessions, &feeds[i], &pass);
	}
	give_orphans(sessions);
	add_total(&ctrace_feed_totals.written, taken.count);
	return taken;
}

/* ---- sessions come and go ---- */

void ctrace_feed_join(struct ctrace_session *session)
{
	this_process.pid = getpid();
	find_rings();
	for (uint32_t i = 0; i < feeds_count; i++) {
		ctrace_session_join(session, &feeds[i].place, true);
	}
}

void ctrace_feed_seal(struct ctrace_session *session)
{
	for (uint32_t i = 0; i < feeds_count; i++) {
		struct ctrace_stream *stream = ctrace_session_stream(session, i);

		if (stream != NULL && stream->has_block) {
			ctrace_writer_seal(&session->recording.writer, &stream->block);
			stream->begun_ms = 0;
			ctrace_session_state_thread(session, stream, &feeds[i].place,
						    CTRACE_THREAD_ALIVE);
		}
	}
}

uint32_t ctrace_feed_waiting(uint64_t *bytes)
{
	uint32_t rings = 0;

	*bytes = 0;
	for (struct cds_lfs_node *at = ctrace_rings_first(); at != NULL; at = at->next) {
		const struct ctrace_ring_shared *shared = ctrace_ring_of(at)->shared;
		/* The tail first: it can only be behind. */
		uint64_t tail = ctrace_ring_tail(shared);

		rings += atomic_load_explicit(&shared->state, memory_order_relaxed) ==
			 CTRACE_RING_ALIVE;
		*bytes += atomic_load_explicit(&shared->published, memory_order_acquire) - tail;
	}
	return rings;
}

__attribute__((no_sanitize_thread)) void ctrace_feed_fork_child(void)
{
	feeds = NULL;
	feeds_count = 0;
	feeds_room = 0;
	newest_known = NULL;
}
