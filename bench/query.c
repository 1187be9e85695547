/* SPDX-License-Identifier: MIT */
/*
 * What a view costs: 50 lanes on 2,000 pixels, whole range and zoomed in.
 *
 *     bench/query [EVENTS [LANES]]      100,000,000 events in 200 lanes without arguments
 *
 * Lanes are synthetic, dense and 60 s long (about 2.3 GB at 100 M events). Each line: the tiles of
 * 50 lanes at five random places, the average and the best, in CPU time. Targets: 20 ms whole
 * range, 5 ms zoomed in.
 */

#include "tests/unit/trace_maker.h"
#include "viewer-server/model/lanes/pyramid.h"
#include "viewer-server/model/model_parts.h"
#include "viewer-server/model/tile.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RANGE_NS UINT64_C(60000000000)
#define SHOWN	 50u
#define PIXELS	 2000u
#define PLACES	 5

/* Of this thread: what else runs on the machine does not count. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t dice = 1;

static void fill_lane(struct ctrace_lane *lane, uint64_t events)
{
	uint64_t pitch = RANGE_NS / events, time = 0;

	*lane = (struct ctrace_lane){.info = {.kind = CTRACE_LANE_SPAN}};
	for (uint64_t i = 0; i < events; i++) {
		const struct ctrace_lane_event event = {
			.start = time,
			.duration = ctrace_random_below(&dice, pitch),
			.name = (uint32_t)ctrace_random_below(&dice, 300),
			.ref = (uint32_t)i,
		};

		if (!ctrace_lane_append(lane, &event)) {
			abort();
		}
		time += event.duration + ctrace_random_below(&dice, pitch);
	}
}

static void fill(struct ctrace_model *model, uint64_t events, uint32_t lanes)
{
	double start = seconds(), append;
	uint64_t bytes = 0;

	model->lanes = calloc(lanes, sizeof(*model->lanes));
	model->lane_count = lanes;
	for (uint32_t i = 0; i < lanes; i++) {
		fill_lane(&model->lanes[i], events / lanes);
		bytes = model->lanes[i].last_end;
		model->duration = bytes > model->duration ? bytes : model->duration;
	}
	append = seconds();
	for (uint32_t i = 0; i < lanes; i++) {
		if (!ctrace_lane_seal(&model->lanes[i]) ||
		    !ctrace_pyramid_create(&model->lanes[i], model->duration)) {
			abort();
		}
		bytes = (i == 0 ? 0 : bytes) + ctrace_lane_bytes(&model->lanes[i]);
	}
	printf("# %llu events, %u lanes: filled in %.2f s, index in %.2f s, %.2f bytes an event\n",
	       (unsigned long long)events, lanes, append - start, seconds() - append,
	       (double)bytes / (double)events);
}

/* The tiles of 50 lanes over [start, start + range). */
static double view(const struct ctrace_model *model, uint64_t start, uint64_t range)
{
	static struct ctrace_tile tile;
	double begin = seconds();
	uint8_t level = 0;

	while (range >> (level + 1) >= PIXELS) {
		level++;
	}
	for (uint32_t lane = 0; lane < SHOWN; lane++) {
		uint64_t last = (start + range) / CTRACE_TILE_BUCKETS >> level;

		for (uint64_t i = start / CTRACE_TILE_BUCKETS >> level; i <= last; i++) {
			ctrace_tile_make(model, lane, level, (uint32_t)i, &tile);
		}
	}
	return seconds() - begin;
}

static void measure(const struct ctrace_model *model, unsigned zoom)
{
	uint64_t range = model->duration >> zoom;
	double sum = 0, best = 1e9;

	for (int i = 0; i < PLACES; i++) {
		uint64_t room = model->duration - range;
		double took = view(model, room > 0 ? ctrace_random_below(&dice, room) : 0, range);

		sum += took;
		best = took < best ? took : best;
	}
	printf("%10s%-6u %10.2f %10.2f\n", "1/", 1u << zoom, sum / PLACES * 1e3, best * 1e3);
}

int main(int argc, char **argv)
{
	struct ctrace_model model = {0};
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000000;
	uint32_t lanes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200;

	if (lanes < SHOWN || events / lanes == 0) {
		fprintf(stderr, "usage: bench/query [EVENTS [LANES]], at least %u lanes\n", SHOWN);
		return 2;
	}
	fill(&model, events, lanes);
	printf("%16s %10s %10s\n", "view", "avg ms", "best ms");
	for (unsigned zoom = 0; zoom <= 16; zoom += 2) {
		measure(&model, zoom);
	}
	for (uint32_t i = 0; i < lanes; i++) {
		ctrace_lane_finish(&model.lanes[i]);
	}
	free(model.lanes);
	return 0;
}
