/* SPDX-License-Identifier: MIT */
/* Answers by looking at all events of a lane. */

#include "tests/oracle/lane_oracle.h"

#include "tests/unit/trace_maker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number with a random count of bits, so that small and huge ones are equally likely. */
static uint64_t some_bits(uint64_t *random, unsigned bits_max)
{
	uint64_t bits = ctrace_random_below(random, bits_max + 1);

	return bits == 0 ? 0 : ctrace_random(random) >> (64 - bits);
}

static double some_value(uint64_t *random)
{
	double value = (double)(int64_t)some_bits(random, 40) / 16;

	return ctrace_random_below(random, 3) == 0 ? -value : value;
}

/* How wide a lane's gaps and durations may be differs from lane to lane. */
struct habits {
	unsigned gap_bits, duration_bits;
	uint64_t odds_of_gap, odds_of_length;
};

static struct habits some_habits(uint64_t *random, uint32_t count)
{
	unsigned room = count > 100000 ? 16 : 34;

	return (struct habits){
		.gap_bits = (unsigned)ctrace_random_below(random, room),
		.duration_bits = 2 + (unsigned)ctrace_random_below(random, room),
		.odds_of_gap = 1 + ctrace_random_below(random, 4),
		.odds_of_length = 1 + ctrace_random_below(random, 4),
	};
}

void ctrace_oracle_lane_init(struct ctrace_oracle_lane *lane, enum ctrace_lane_kind kind,
			     uint32_t count, uint32_t names, uint64_t *random)
{
	struct habits habits = some_habits(random, count);
	bool has_length = kind != CTRACE_LANE_INSTANT && kind != CTRACE_LANE_COUNTER;
	uint64_t time = some_bits(random, 20);

	*lane = (struct ctrace_oracle_lane){.kind = kind, .count = count};
	lane->events = calloc(count + 1u, sizeof(*lane->events));
	if (lane->events == NULL) {
		abort();
	}
	for (uint32_t i = 0; i < count; i++) {
		struct ctrace_oracle_event *event = &lane->events[i];

		event->start = time;
		event->name = (uint32_t)ctrace_random_below(random, names);
		event->flags = (uint32_t)ctrace_random_below(random, 2) *
			       (has_length ? CTRACE_REAL_HAS_ARGS : 1);
		event->value = some_value(random);
		if (has_length && ctrace_random_below(random, habits.odds_of_length) == 0) {
			event->duration = some_bits(random, habits.duration_bits);
		}
		lane->end = event->start + event->duration;
		time = lane->end;
		if (ctrace_random_below(random, habits.odds_of_gap) == 0) {
			time += some_bits(random, habits.gap_bits);
		}
	}
}

void ctrace_oracle_lane_finish(struct ctrace_oracle_lane *lane)
{
	free(lane->events);
	*lane = (struct ctrace_oracle_lane){0};
}

static uint64_t end_of(const struct ctrace_oracle_event *event)
{
	return event->start + event->duration;
}

/* How much of [start, end) the event covers. */
static uint64_t overlap(const struct ctrace_oracle_event *event, uint64_t start, uint64_t end)
{
	uint64_t from = event->start > start ? event->start : start;
	uint64_t to = end_of(event) < end ? end_of(event) : end;

	return to > from ? to - from : 0;
}

uint64_t ctrace_oracle_busy(const struct ctrace_oracle_lane *lane, uint64_t start, uint64_t end)
{
	uint64_t busy = 0;

	for (uint32_t i = 0; i < lane->count; i++) {
		busy += overlap(&lane->events[i], start, end);
	}
	return busy;
}

uint32_t ctrace_oracle_longest(const struct ctrace_oracle_lane *lane, uint32_t from, uint32_t to)
{
	uint32_t longest = from;

	for (uint32_t i = from; i < to; i++) {
		if (lane->events[i].duration > lane->events[longest].duration) {
			longest = i;
		}
	}
	return longest;
}

bool ctrace_oracle_touches(const struct ctrace_oracle_event *event, uint64_t start, uint64_t end)
{
	if (event->duration == 0) {
		return event->start >= start && event->start < end;
	}
	return overlap(event, start, end) > 0;
}

/* How far the event is from a time; 0 within it and at its edges. */
static uint64_t distance(const struct ctrace_oracle_event *event, uint64_t time)
{
	if (time < event->start) {
		return event->start - time;
	}
	return time <= end_of(event) ? 0 : time - end_of(event);
}

uint32_t ctrace_oracle_at(const struct ctrace_oracle_lane *lane, uint64_t time)
{
	uint32_t best = CTRACE_NONE;

	for (uint32_t i = 0; i < lane->count; i++) {
		uint64_t here = distance(&lane->events[i], time);

		if (best == CTRACE_NONE || here < distance(&lane->events[best], time) ||
		    (here == distance(&lane->events[best], time) &&
		     lane->events[i].start <= time)) {
			best = i;
		}
	}
	return best;
}

/* A tile while it is filled: its place in time, and all buckets, present or not. */
struct picture {
	const struct ctrace_oracle_lane *lane;
	struct ctrace_tile *tile;
	uint64_t from, to, width;
	struct ctrace_tile_bucket buckets[CTRACE_TILE_BUCKETS];
};

static void add_real(struct picture *picture, uint32_t index)
{
	const struct ctrace_oracle_event *event = &picture->lane->events[index];
	struct ctrace_tile *tile = picture->tile;

	if (event->start >= picture->to || end_of(event) <= picture->from) {
		return;
	}
	if (tile->real_count == CTRACE_TILE_REAL_MAX) {
		abort();
	}
	tile->real[tile->real_count++] = (struct ctrace_tile_real){
		.start = event->start,
		.duration = event->duration,
		.index = index,
		.name = event->name,
		.flags = (uint16_t)(event->flags |
				    (event->start < picture->from ? CTRACE_REAL_CONTINUES : 0)),
	};
}

static void add_to_its_bucket(struct picture *picture, uint32_t index)
{
	const struct ctrace_oracle_event *event = &picture->lane->events[index];
	struct ctrace_tile_bucket *bucket;

	if (event->start < picture->from || event->start >= picture->to) {
		return;
	}
	bucket = &picture->buckets[(event->start - picture->from) / picture->width];
	if (bucket->count == 0 || event->duration > bucket->longest) {
		bucket->longest = event->duration;
		bucket->longest_index = index;
		bucket->longest_name = event->name;
	}
	if (bucket->count++ == 0) {
		bucket->first_time = event->start;
	}
}

static void add_coverage(struct picture *picture, const struct ctrace_oracle_event *event)
{
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS; i++) {
		uint64_t from = picture->from + i * picture->width;

		if (event->start < from + picture->width && end_of(event) > from) {
			picture->buckets[i].busy += overlap(event, from, from + picture->width);
		}
	}
}

static void add_span(struct picture *picture, uint32_t index)
{
	const struct ctrace_oracle_event *event = &picture->lane->events[index];

	if (event->duration >= 2 * picture->width) {
		add_real(picture, index);
		return;
	}
	add_to_its_bucket(picture, index);
	if (event->start < picture->to && end_of(event) > picture->from) {
		add_coverage(picture, event);
	}
}

static void add_instant(struct picture *picture, uint32_t index)
{
	const struct ctrace_oracle_event *event = &picture->lane->events[index];
	struct ctrace_tile_bucket *bucket;
	bool is_log = event->flags & 1;

	add_to_its_bucket(picture, index);
	if (event->start < picture->from || event->start >= picture->to) {
		return;
	}
	bucket = &picture->buckets[(event->start - picture->from) / picture->width];
	if (bucket->count == 1) {
		bucket->flags = is_log;
	} else if (is_log != (bucket->flags == 1)) {
		bucket->flags = 2;
	}
}

static void add_sample(struct picture *picture, uint32_t index)
{
	const struct ctrace_oracle_event *event = &picture->lane->events[index];
	struct ctrace_tile_bucket *bucket;

	add_to_its_bucket(picture, index);
	if (event->start < picture->from) {
		picture->tile->before = event->value;
	}
	if (event->start < picture->from || event->start >= picture->to) {
		return;
	}
	bucket = &picture->buckets[(event->start - picture->from) / picture->width];
	if (bucket->count == 1) {
		bucket->min = bucket->max = bucket->first = event->value;
	}
	bucket->min = event->value < bucket->min ? event->value : bucket->min;
	bucket->max = event->value > bucket->max ? event->value : bucket->max;
	bucket->last = event->value;
}

/* The mean over the bucket's time, the value held from sample to sample. */
static double mean_of(const struct picture *picture, uint32_t position, uint64_t trace_end)
{
	uint64_t from = picture->from + position * picture->width, to = from + picture->width;
	double area = 0, time = 0, last = 0;

	to = to < trace_end ? to : trace_end;
	for (uint32_t i = 0; i < picture->lane->count; i++) {
		const struct ctrace_oracle_event *event = &picture->lane->events[i];
		uint64_t until = i + 1 < picture->lane->count ? event[1].start : trace_end;
		const struct ctrace_oracle_event held = {event->start, until - event->start, 0, 0,
							 0};
		double part = (double)overlap(&held, from, to);

		area += event->value * part;
		time += part;
		last = event->start < from + picture->width ? event->value : last;
	}
	return time > 0 ? area / time : last;
}

static void add_event(struct picture *picture, uint32_t index)
{
	switch (picture->tile->kind) {
	case CTRACE_TILE_INSTANTS:
		add_instant(picture, index);
		break;
	case CTRACE_TILE_COUNTER:
		add_sample(picture, index);
		break;
	default:
		add_span(picture, index);
	}
}

static void keep_buckets(struct picture *picture, uint64_t trace_end)
{
	for (uint32_t i = 0; i < CTRACE_TILE_BUCKETS; i++) {
		struct ctrace_tile_bucket *bucket = &picture->buckets[i];

		if (bucket->count == 0 && bucket->busy == 0) {
			continue;
		}
		bucket->position = (uint16_t)i;
		if (picture->tile->kind == CTRACE_TILE_SPANS) {
			bucket->first_time = 0; /* of points and samples only */
		}
		if (bucket->count == 0) {
			bucket->longest_index = bucket->longest_name = CTRACE_NONE;
		}
		if (picture->tile->kind == CTRACE_TILE_COUNTER) {
			bucket->mean = mean_of(picture, i, trace_end);
		}
		picture->tile->buckets[picture->tile->bucket_count++] = *bucket;
	}
}

static enum ctrace_tile_kind tile_kind(const struct ctrace_oracle_lane *lane)
{
	if (lane->kind == CTRACE_LANE_INSTANT) {
		return CTRACE_TILE_INSTANTS;
	}
	return lane->kind == CTRACE_LANE_COUNTER ? CTRACE_TILE_COUNTER : CTRACE_TILE_SPANS;
}

void ctrace_oracle_tile(const struct ctrace_oracle_lane *lane, uint64_t trace_end, uint8_t level,
			uint32_t number, struct ctrace_tile *tile)
{
	struct picture picture = {.lane = lane, .tile = tile, .width = UINT64_C(1) << level};

	tile->number = number;
	tile->level = level;
	tile->kind = tile_kind(lane);
	tile->before = NAN;
	tile->real_count = tile->bucket_count = 0;
	picture.from = number * picture.width * CTRACE_TILE_BUCKETS;
	picture.to = picture.from + picture.width * CTRACE_TILE_BUCKETS;
	for (uint32_t i = 0; i < lane->count && picture.from <= trace_end; i++) {
		add_event(&picture, i);
	}
	keep_buckets(&picture, trace_end);
}
