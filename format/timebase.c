/* SPDX-License-Identifier: MIT */
/*
 * Pieces of the clock. Within a piece of slope dn/dt the floor of x*dn/dt is
 * guessed as (x*m) >> s with m = floor(2^s*dn/dt). For x up to 2^s the guess is
 * right or one too low; the remainder, which fits 64 bits, tells which.
 */

#include "format/timebase.h"

#include "format/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

#define SHIFT_MAX 65u
#define FAST_MAX  (UINT64_C(1) << 61)

struct ctrace_time_piece {
	uint64_t from;	 /* ticks of its first row */
	int128 start_ns; /* nanoseconds there, counted from the file's base */
	uint64_t dt, dn;
	uint64_t multiplier;
	unsigned shift;
	uint64_t fast_ticks; /* up to so many ticks after `from` the guess is allowed */
};

static int by_ticks(const void *left, const void *right)
{
	const struct ctrace_clock_row *a = left, *b = right;

	return (a->ticks > b->ticks) - (a->ticks < b->ticks);
}

/* Stable, so that of rows with equal ticks the last one of the file stands last. */
static bool sort_rows(struct ctrace_clock_row *rows, uint32_t count)
{
	bool is_sorted = true;

	for (uint32_t i = 1; i < count; i++) {
		is_sorted = is_sorted && rows[i - 1].ticks <= rows[i].ticks;
	}
	if (is_sorted) {
		return true;
	}
	struct ctrace_clock_row *copy = malloc(count * sizeof(*rows));
	if (copy == NULL) {
		return false;
	}
	/* A merge sort by halves of doubling size, bottom up. */
	for (uint64_t half = 1; half < count; half *= 2) {
		for (uint64_t start = 0; start < count; start += 2 * half) {
			uint64_t middle = start + half < count ? start + half : count;
			uint64_t end = start + 2 * half < count ? start + 2 * half : count;
			uint64_t a = start, b = middle;
			for (uint64_t to = start; to < end; to++) {
				bool is_left = b == end ||
					       (a < middle && by_ticks(&rows[a], &rows[b]) <= 0);
				copy[to] = rows[is_left ? a++ : b++];
			}
		}
		memcpy(rows, copy, count * sizeof(*rows));
	}
	free(copy);
	return true;
}

/* Of equal ticks the last; then none whose nanoseconds fall. */
static uint32_t thin_rows(struct ctrace_clock_row *rows, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (i + 1 < count && rows[i + 1].ticks == rows[i].ticks) {
			continue;
		}
		if (kept > 0 && rows[i].raw_ns < rows[kept - 1].raw_ns) {
			continue;
		}
		rows[kept++] = rows[i];
	}
	return kept;
}

/* Exact for any ticks: what the fast way must agree with. */
static int128 slow_ns(const struct ctrace_time_piece *piece, uint64_t ticks)
{
	if (ticks >= piece->from) {
		return piece->start_ns +
		       (int128)((uint128)(ticks - piece->from) * piece->dn / piece->dt);
	}
	uint128 product = (uint128)(piece->from - ticks) * piece->dn;
	return piece->start_ns - (int128)((product + piece->dt - 1) / piece->dt);
}

static void make_piece(struct ctrace_time_piece *piece, uint64_t from, uint64_t ns, uint64_t dt,
		       uint64_t dn)
{
	*piece = (struct ctrace_time_piece){.from = from, .start_ns = ns, .dt = dt, .dn = dn};
	piece->shift = SHIFT_MAX;
	while (((uint128)dn << piece->shift) / dt >> 63 != 0) {
		piece->shift--;
	}
	piece->multiplier = (uint64_t)(((uint128)dn << piece->shift) / dt);
}

/* How far the guess may be used: 64-bit sums must not overflow. */
static void limit_fast(struct ctrace_time_piece *piece)
{
	uint64_t limit = piece->shift < 61 ? UINT64_C(1) << piece->shift : FAST_MAX;

	if (piece->start_ns < -(int128)FAST_MAX || piece->start_ns > (int128)FAST_MAX) {
		return;
	}
	if (piece->dn > piece->dt) {
		uint128 most = (uint128)FAST_MAX * piece->dt / piece->dn;
		limit = most < limit ? (uint64_t)most : limit;
	}
	piece->fast_ticks = limit;
}

static uint32_t piece_before(const struct ctrace_timebase *timebase, uint64_t ticks, uint32_t low,
			     uint32_t high)
{
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;
		if (timebase->pieces[middle].from <= ticks) {
			low = middle;
		} else {
			high = middle - 1;
		}
	}
	return low;
}

static enum ctrace_status make_buckets(struct ctrace_timebase *timebase)
{
	uint32_t last = timebase->piece_count - 1;
	uint64_t range = timebase->pieces[last].from - timebase->first_ticks;
	uint32_t wanted = 2 * timebase->piece_count;

	while (range >> timebase->bucket_shift >= wanted) {
		timebase->bucket_shift++;
	}
	timebase->bucket_count = (uint32_t)(range >> timebase->bucket_shift) + 1;
	timebase->buckets = malloc((timebase->bucket_count + 1) * sizeof(*timebase->buckets));
	if (timebase->buckets == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < timebase->bucket_count; i++) {
		uint64_t ticks = timebase->first_ticks + ((uint64_t)i << timebase->bucket_shift);
		timebase->buckets[i] = piece_before(timebase, ticks, 0, last);
	}
	timebase->buckets[timebase->bucket_count] = last;
	return CTRACE_OK;
}

static const struct ctrace_time_piece *piece_of(const struct ctrace_timebase *timebase,
						uint64_t ticks)
{
	if (timebase->piece_count == 1 || ticks < timebase->first_ticks) {
		return &timebase->pieces[0];
	}
	uint64_t bucket = (ticks - timebase->first_ticks) >> timebase->bucket_shift;
	if (bucket >= timebase->bucket_count) {
		return &timebase->pieces[timebase->piece_count - 1];
	}
	uint32_t low = timebase->buckets[bucket], high = timebase->buckets[bucket + 1];
	return &timebase->pieces[piece_before(timebase, ticks, low, high)];
}

/* Count all pieces from the file's base instead of the recorder's zero. */
static void shift_to_base(struct ctrace_timebase *timebase, uint64_t base)
{
	int128 base_ns = slow_ns(piece_of(timebase, base), base);

	for (uint32_t i = 0; i < timebase->piece_count; i++) {
		timebase->pieces[i].start_ns -= base_ns;
		limit_fast(&timebase->pieces[i]);
	}
}

enum ctrace_status ctrace_timebase_init(struct ctrace_timebase *timebase,
					struct ctrace_clock_row *rows, uint32_t *count,
					uint64_t base, uint64_t ticks_per_second)
{
	*timebase = (struct ctrace_timebase){0};
	if (!sort_rows(rows, *count)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	*count = thin_rows(rows, *count);
	timebase->piece_count = *count > 1 ? *count - 1 : 1;
	timebase->pieces = malloc(timebase->piece_count * sizeof(*timebase->pieces));
	if (timebase->pieces == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	if (*count < 2) {
		make_piece(&timebase->pieces[0], *count == 0 ? base : rows[0].ticks,
			   *count == 0 ? 0 : rows[0].raw_ns, ticks_per_second, 1000000000);
	}
	for (uint32_t i = 0; i + 1 < *count; i++) {
		make_piece(&timebase->pieces[i], rows[i].ticks, rows[i].raw_ns,
			   rows[i + 1].ticks - rows[i].ticks, rows[i + 1].raw_ns - rows[i].raw_ns);
	}
	timebase->first_ticks = timebase->pieces[0].from;
	enum ctrace_status status = make_buckets(timebase);
	if (status == CTRACE_OK) {
		shift_to_base(timebase, base);
	}
	return status;
}

void ctrace_timebase_finish(struct ctrace_timebase *timebase)
{
	free(timebase->pieces);
	free(timebase->buckets);
	*timebase = (struct ctrace_timebase){0};
}

static uint64_t clamp(int128 ns)
{
	if (ns < 0) {
		return 0;
	}
	return ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}

uint64_t ctrace_timebase_ns(const struct ctrace_timebase *timebase, uint64_t ticks)
{
	const struct ctrace_time_piece *piece = piece_of(timebase, ticks);
	uint64_t x = ticks - piece->from;

	/* Ticks before the piece wrap around and are past any limit. */
	if (__builtin_expect(x >= piece->fast_ticks, 0)) {
		return clamp(slow_ns(piece, ticks));
	}
	uint64_t guess = (uint64_t)((uint128)x * piece->multiplier >> piece->shift);
	uint64_t remainder = x * piece->dn - guess * piece->dt;
	guess += remainder >= piece->dt;
	int64_t ns = (int64_t)piece->start_ns + (int64_t)guess;
	return ns < 0 ? 0 : (uint64_t)ns;
}
