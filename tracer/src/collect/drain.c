/* SPDX-License-Identifier: MIT */

/* One ring to all sessions; see drain.h. */

#include "tracer/src/collect/drain.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/ring/ring_seen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ctrace_feed_totals ctrace_feed_totals;

static void add_total(_Atomic uint64_t *total, uint64_t count)
{
	atomic_fetch_add_explicit(total, count, memory_order_relaxed);
}

/* ---- one ring to one session ---- */

/* Level 0's own records: those in the memory at ring->data, then those in its next segment. */
struct main_stretch {
	struct ctrace_stretch part[2];
};

static uint64_t at_most(uint64_t position, uint64_t bound)
{
	return position < bound ? position : bound;
}

static struct main_stretch main_stretch(const struct ctrace_ring *ring,
					const struct ctrace_stream *stream,
					const struct ctrace_ring_seen *seen)
{
	uint64_t from = stream->from > seen->from ? stream->from : seen->from;
	uint64_t split = seen->next != NULL ? seen->next->from : UINT64_MAX;
	struct main_stretch main = {.part = {{.data = ring->data,
					      .mask = ring->mask,
					      .is_doubled = ring->is_doubled,
					      .is_still = ring->is_still,
					      .from = from,
					      .to = at_most(seen->to, split)}}};

	if (seen->copy != NULL) {
		main.part[0] = (struct ctrace_stretch){.data = seen->copy,
						       .mask = UINT64_MAX,
						       .is_doubled = true,
						       .from = from - seen->from,
						       .to = seen->to - seen->from};
	}
	if (seen->next != NULL) {
		main.part[1] = (struct ctrace_stretch){.data = seen->next->data,
						       .mask = seen->next->bytes - 1,
						       .is_doubled = ring->is_doubled,
						       .is_still = ring->is_still,
						       .from = from > split ? from : split,
						       .to = seen->to};
	}
	return main;
}

static bool has_main(const struct main_stretch *main)
{
	return main->part[0].from < main->part[0].to || main->part[1].from < main->part[1].to;
}

static struct ctrace_stretch nested_stretch(const struct ctrace_ring *ring,
					    const struct ctrace_stream *stream, unsigned level,
					    uint64_t to)
{
	uint64_t tail = ctrace_ring_nested_tail(ring, level);
	uint64_t from = stream->nested_from[level];

	return (struct ctrace_stretch){.data = ring->nested[level],
				       .mask = CTRACE_NESTED_BYTES - 1,
				       .from = from > tail ? from : tail,
				       .to = to};
}

/* The nested stretch whose next record is the oldest; -1: none has any. */
static int oldest(const struct ctrace_stretch nested[CTRACE_NESTED_LEVELS], uint64_t now,
		  uint64_t *ticks)
{
	int found = -1;

	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		uint64_t at;

		if (nested[i].from >= nested[i].to) {
			continue;
		}
		at = ctrace_stretch_ticks(&nested[i], now);
		if (found < 0 || at < *ticks) {
			found = (int)i;
			*ticks = at;
		}
	}
	return found;
}

/* Was something overwritten that this session has not been told of? */
static bool has_gap(const struct ctrace_stream *stream, const struct ctrace_ring_seen *seen)
{
	return seen->gap.is_new && seen->gap.count != stream->lost_seen[CTRACE_LOSS_OVERWRITTEN];
}

/* A stretch that holds what is no record ends there. */
static void stop_broken(struct ctrace_stretch *stretch, struct ctrace_feed *feed)
{
	if (stretch->is_broken) {
		feed->is_broken = true;
		feed->broken_at = stretch->from;
		stretch->from = stretch->to;
	}
}

/* Those not after `until`. */
static uint64_t take_main(struct ctrace_stream *stream, struct ctrace_feed *feed,
			  struct main_stretch *main, uint64_t now, uint64_t until)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct ctrace_stretch *part = &main->part[i];

		count += part->from < part->to ? ctrace_stream_take(stream, part, now, until) : 0;
		stop_broken(part, feed);
		if (part->from < part->to) {
			break;
		}
	}
	return count;
}

/* Handlers' records from while the events were emitted that are now overwritten; then the gap. */
static uint64_t take_gap(struct ctrace_stream *stream, struct ctrace_feed *feed,
			 struct ctrace_stretch nested[CTRACE_NESTED_LEVELS],
			 const struct ctrace_ring_seen *seen)
{
	uint64_t count = 0, ticks = 0;

	for (int at = oldest(nested, seen->now, &ticks); at >= 0 && ticks <= seen->gap.last;
	     at = oldest(nested, seen->now, &ticks)) {
		count += ctrace_stream_take(stream, &nested[at], seen->now, ticks);
		stop_broken(&nested[at], feed);
	}
	ctrace_stream_gap(stream, &seen->gap);
	return count;
}

/* Merge by time: a handler's records among those of the thread it interrupted. */
static uint64_t take_merged(struct ctrace_stream *stream, struct ctrace_feed *feed,
			    struct main_stretch *main, const struct ctrace_ring_seen *seen)
{
	const struct ctrace_ring *ring = feed->place.ring;
	struct ctrace_stretch nested[CTRACE_NESTED_LEVELS];
	uint64_t count = 0, ticks = 0;

	/* Times that are compared are completed from one and the same. */
	main->part[0].is_still = false;
	main->part[1].is_still = false;
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		nested[i] = nested_stretch(ring, stream, i, seen->nested_to[i]);
	}
	if (has_gap(stream, seen)) {
		count += take_gap(stream, feed, nested, seen);
	}
	for (int at = oldest(nested, seen->now, &ticks); at >= 0;
	     at = oldest(nested, seen->now, &ticks)) {
		count += take_main(stream, feed, main, seen->now, ticks);
		count += ctrace_stream_take(stream, &nested[at], seen->now, ticks);
		stop_broken(&nested[at], feed);
	}
	return count + take_main(stream, feed, main, seen->now, UINT64_MAX);
}

/* All records of the ring that are this session's, and what was overwritten before them. */
static uint64_t take_all(struct ctrace_stream *stream, struct ctrace_feed *feed,
			 struct main_stretch *main, const struct ctrace_ring_seen *seen)
{
	if (seen->has_nested) {
		return take_merged(stream, feed, main, seen);
	}
	if (has_gap(stream, seen)) {
		ctrace_stream_gap(stream, &seen->gap);
	}
	return take_main(stream, feed, main, seen->now, UINT64_MAX);
}

static void tell_lost(struct ctrace_stream *stream, const struct ctrace_ring_seen *seen)
{
	for (unsigned i = 1; i < CTRACE_LOSS_OVERWRITTEN; i++) {
		if (seen->lost[i] > stream->lost_seen[i]) {
			ctrace_stream_lost(stream, (enum ctrace_loss)i,
					   seen->lost[i] - stream->lost_seen[i],
					   seen->lost_first[i], seen->lost_last[i]);
			stream->lost_seen[i] = seen->lost[i];
		}
	}
}

static bool has_news(const struct ctrace_stream *stream, const struct ctrace_ring_seen *seen,
		     const struct main_stretch *main)
{
	return has_main(main) || seen->has_nested || seen->has_lost || has_gap(stream, seen) ||
	       stream->deep_lost > 0;
}

static uint64_t give(struct ctrace_session *session, struct ctrace_feed *feed,
		     const struct ctrace_ring_seen *seen)
{
	struct ctrace_stream *stream = ctrace_session_join(session, &feed->place, false);
	struct main_stretch main;
	uint64_t count, clamped;
	bool is_new;

	if (stream == NULL) {
		return 0;
	}
	main = main_stretch(feed->place.ring, stream, seen);
	is_new = !stream->has_block;
	if (!has_news(stream, seen, &main) || !ctrace_stream_need_block(stream, feed->stream)) {
		return 0;
	}
	if (is_new) {
		ctrace_session_state_thread(session, stream, &feed->place, CTRACE_THREAD_ALIVE);
	}
	clamped = stream->clamped;
	count = take_all(stream, feed, &main, seen);
	tell_lost(stream, seen);
	ctrace_stream_tell_deep(stream);
	add_total(&ctrace_feed_totals.clamped, stream->clamped - clamped);
	return count;
}

/* ---- one ring ---- */

/* Where nobody discards, only we write the tail. */
static void move_tail(struct ctrace_ring_shared *shared, uint64_t to)
{
	uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_relaxed);

	/* [T] release. */
	atomic_store_explicit(&shared->tail, to | (tail & CTRACE_TAIL_SLOT) | CTRACE_TAIL_TAKEN,
			      memory_order_release);
}

static void let_go(const struct ctrace_feed *feed, const struct ctrace_ring_seen *seen)
{
	struct ctrace_ring_shared *shared = feed->place.ring->shared;

	for (unsigned i = 1; i < CTRACE_REASONS; i++) {
		struct ctrace_loss_count *lost = &shared->lost[i];
		uint64_t before = atomic_load_explicit(&lost->seen, memory_order_relaxed);

		add_total(&ctrace_feed_totals.lost[i], seen->lost[i] - before);
		atomic_store_explicit(&lost->seen, seen->lost[i], memory_order_relaxed);
	}
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		/* [T] release: reading before reuse. */
		atomic_store_explicit(&shared->nested_tail[i], seen->nested_to[i],
				      memory_order_release);
	}
	atomic_store_explicit(&shared->looked, seen->now, memory_order_relaxed);
	if (seen->copy == NULL) {
		move_tail(shared, seen->to);
	}
}

void ctrace_drain_leave(const struct ctrace_sessions *sessions, struct ctrace_feed *feed,
			enum ctrace_thread_state state)
{
	for (unsigned i = 0; i < sessions->count; i++) {
		ctrace_session_leave(sessions->list[i], &feed->place, state);
	}
	feed->number = 0;
}

/* A thread that ended without running destructors leaves its ring alive: ask the kernel. */
static bool has_vanished(const struct ctrace_feed *feed)
{
	uint32_t tid = atomic_load_explicit(&feed->place.ring->shared->tid, memory_order_relaxed);
	int saved = errno;
	bool is_gone = syscall(SYS_tgkill, feed->place.origin->pid, tid, 0) != 0 && errno == ESRCH;

	errno = saved;
	return is_gone;
}

/* [S] acquire-release: what its last owner left, and what we do next, on their sides of it. */
static bool change_state(const struct ctrace_feed *feed, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong_explicit(&feed->place.ring->shared->state, &from, to,
						       memory_order_acq_rel, memory_order_relaxed);
}

/* It may have emitted since we looked, so the ring is left for the next pass. */
static void look_for_thread(struct ctrace_feed *feed, bool is_silent, uint64_t now_ms)
{
	if (!is_silent) {
		feed->silent_ms = 0;
		return;
	}
	if (feed->silent_ms == 0) {
		feed->silent_ms = now_ms;
	}
	if (now_ms - feed->silent_ms < CTRACE_PROBE_IDLE_MS) {
		return;
	}
	feed->silent_ms = now_ms;
	if (has_vanished(feed)) {
		feed->is_orphan = change_state(feed, CTRACE_RING_ALIVE, CTRACE_RING_EXITED);
	}
}

/*
 * Is there anything to look at? Who adopts a ring finds it empty; one that its thread
 * left we take first, so that nobody adopts it under our hands.
 */
static bool begin_drain(const struct ctrace_feed *feed, uint32_t *state)
{
	/* [S] acquire: before looking, so that "exited" means nothing comes after what we see. */
	*state = atomic_load_explicit(&feed->place.ring->shared->state, memory_order_acquire);
	if (*state == CTRACE_RING_EXITED) {
		return change_state(feed, CTRACE_RING_EXITED, CTRACE_RING_EMPTYING);
	}
	return *state != CTRACE_RING_FREE && *state != CTRACE_RING_TAKEN;
}

static uint64_t give_all(const struct ctrace_sessions *sessions, struct ctrace_feed *feed,
			 const struct ctrace_ring_seen *seen)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < sessions->count; i++) {
		uint64_t given = give(sessions->list[i], feed, seen);

		count = given > count ? given : count;
	}
	return count;
}

static void write_out(const struct ctrace_sessions *sessions, const struct ctrace_feed *feed)
{
	for (unsigned i = 0; i < sessions->count; i++) {
		ctrace_session_write_out(sessions->list[i], &feed->place);
	}
}

uint64_t ctrace_drain(const struct ctrace_sessions *sessions, struct ctrace_feed *feed,
		      const struct ctrace_pass *pass)
{
	struct ctrace_origin *origin = feed->place.origin;
	struct ctrace_ring_seen seen;
	uint64_t count, number;
	uint32_t state;
	bool is_last;

	if (feed->is_broken || !begin_drain(feed, &state)) {
		return 0;
	}
	/* [S] acquire: the row before its number. */
	number = atomic_load_explicit(&feed->place.ring->shared->number, memory_order_acquire);
	if (number == 0) {
		return 0; /* no thread of ours: a damaged image */
	}
	if (number != feed->number) {
		ctrace_drain_leave(sessions, feed, CTRACE_THREAD_EXITED);
		feed->number = number;
		feed->stream = origin->stream(origin, number);
	}
	is_last = pass->is_last || state == CTRACE_RING_EXITED;
	ctrace_ring_see(&seen, feed->place.ring, &feed->nested_passes, is_last);
	if (seen.is_possible) {
		ctrace_ring_seen_take_over(&seen, feed->place.ring, is_last);
	}
	if (!seen.is_possible) {
		feed->is_broken = true;
		feed->broken_at = seen.to;
		return 0;
	}
	count = give_all(sessions, feed, &seen);
	write_out(sessions, feed);
	let_go(feed, &seen);
	if (seen.next != NULL && seen.to >= seen.next->from) {
		ctrace_growth_settle(feed->place.ring);
		feed->is_populated = false;
	}
	if (state == CTRACE_RING_EXITED) {
		ctrace_drain_leave(sessions, feed, CTRACE_THREAD_EXITED);
		origin->free_ring(origin, feed);
	} else {
		look_for_thread(feed, count == 0, pass->now_ms);
	}
	return count;
}
