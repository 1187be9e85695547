/* SPDX-License-Identifier: MIT */

/*
 * What an event costs the collector: from the ring to columns, and on to LZ4,
 * checksum and a sink that discards. One core; nothing else runs.
 *
 *     bench/drain
 */

#include "bench/rounds.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/sites/sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 32768u
#define ROUNDS	400u

/* A made stream like a server's: nested spans of some tens of sites, gaps of some hundred ticks. */
static uint64_t *records;
static struct ctrace_recording recording;
static struct ctrace_stream stream;

static const struct ctrace_entry *entry_of(struct ctrace_origin *unused, unsigned code)
{
	(void)unused;
	return ctrace_sites_entry(code);
}

static struct ctrace_origin origin = {.entry = entry_of};
static struct ctrace_codes codes = {.origin = &origin};
static uint64_t bytes_out, base;

static enum ctrace_status discard(void *sink, const void *bytes, size_t size)
{
	(void)sink;
	(void)bytes;
	bytes_out += size;
	return CTRACE_OK;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *seed >> 33;
}

/* Sites are the bench's own: 40 plain spans. */
static unsigned sites[40];

static void meet_sites(void)
{
	static uint16_t states[40];
	static char names[40][12];

	for (unsigned i = 0; i < 40; i++) {
		const struct ctrace_site_info site = {.state = &states[i],
						      .module = names[0],
						      .name = names[i],
						      .category = "bench",
						      .file = __FILE__,
						      .function = "meet_sites",
						      .schema = "",
						      .line = i,
						      .name_size = 6,
						      .schema_size = 1,
						      .kind = CTRACE_P_SPAN_BEGIN};
		snprintf(names[i], sizeof(names[i]), "site%02u", i);
		ctrace_site_meet(&site);
		sites[i] = ctrace_sites_count();
	}
}

/*
 * A walk over a fixed call tree, as programs do: what a span contains depends on
 * its site, so the same sequences come again and again, with gaps that vary.
 */
static uint64_t *walk(uint64_t *at, const uint64_t *end, unsigned site, unsigned depth,
		      uint64_t *ticks, uint64_t *seed)
{
	if (at + 2 * (8 - depth) > end) {
		return at;
	}
	*ticks += 150 + next_random(seed) % 100;
	*at++ = *ticks << 16 | sites[site % 40];
	for (unsigned i = 0; depth < 4 && i < 1 + site % 3; i++) {
		at = walk(at, end, site * 7 + i * 3 + 1, depth + 1, ticks, seed);
	}
	*ticks += 150 + next_random(seed) % 400;
	*at++ = *ticks << 16 | sites[site % 40] | CTRACE_END_BIT;
	return at;
}

static void make_records(void)
{
	uint64_t ticks = base, seed = 42;
	uint64_t *at, *end;
	unsigned site = 0;

	records = aligned_alloc(4096, RECORDS * 8);
	at = records;
	end = records + RECORDS;
	while (at + 20 < end) {
		at = walk(at, end, site++ % 5, 0, &ticks, &seed);
	}
	while (at < end) {
		*at++ = ++ticks << 16 | sites[0];
		*at++ = ++ticks << 16 | sites[0] | CTRACE_END_BIT;
	}
}

static struct ctrace_stretch all_records(void)
{
	return (struct ctrace_stretch){.data = (const uint8_t *)records,
				       .mask = RECORDS * 8 - 1,
				       .is_doubled = true,
				       .to = RECORDS * 8};
}

static void start_again(void)
{
	ctrace_block_finish(&stream.block);
	stream.has_block = false;
	ctrace_stream_need_block(&stream, 1);
}

/* Columns only: blocks are emptied instead of sealed. */
static void transcode(uint64_t operations)
{
	struct ctrace_stretch stretch = all_records();
	uint64_t left = operations;

	while (left > 0) {
		uint64_t step = left < 8192 ? left : 8192;

		stretch.to = stretch.from + step * 8;
		ctrace_stream_take(&stream, &stretch, base, UINT64_MAX);
		stream.block.ops_at = stream.block.ops;
		stream.block.times_at = stream.block.times;
		left -= step;
	}
}

static void all_the_way(uint64_t operations)
{
	struct ctrace_stretch stretch = all_records();

	stretch.to = operations * 8;
	ctrace_stream_take(&stream, &stretch, base, UINT64_MAX);
	ctrace_writer_seal(&recording.writer, &stream.block);
}

static void row(const char *name, struct rounds rounds)
{
	printf("%-36s %8.2f %8.2f %10.0f\n", name, rounds.fastest_ns, rounds.p10_ns,
	       1000.0 / rounds.fastest_ns);
}

int main(void)
{
	const struct ctrace_writer_settings settings = {
		.write = discard, .ticks_per_second = 2600000000u, .clock_kind = CTRACE_CLOCK_TSC};

	base = ctrace_clock_ticks();
	meet_sites();
	make_records();
	if (ctrace_writer_init(&recording.writer, &settings) != CTRACE_OK) {
		return 1;
	}
	stream.recording = &recording;
	codes.recording = &recording;
	stream.codes = &codes;
	printf("nanoseconds per begin or end         fastest      p10   M events/s\n");
	row("ring to columns", rounds_run(transcode, RECORDS, ROUNDS, start_again));
	bytes_out = 0;
	row("and LZ4, checksum, sink (>= 100 M)",
	    rounds_run(all_the_way, RECORDS, ROUNDS, start_again));
	printf("%.2f bytes per event stored\n", (double)bytes_out / ((double)RECORDS * ROUNDS));
	return 0;
}
