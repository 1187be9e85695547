/* SPDX-License-Identifier: MIT */
/* From plain arrays to indexed lanes. Out of memory ends the test program. */

#include "tests/unit/lane_fixture.h"

#include "viewer-server/model/lanes/pyramid.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void require(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

void ctrace_fixture_lane(struct ctrace_lane *lane, const struct ctrace_oracle_lane *plain,
			 uint64_t trace_end)
{
	*lane = (struct ctrace_lane){.info = {.kind = plain->kind}};
	for (uint32_t i = 0; i < plain->count; i++) {
		const struct ctrace_oracle_event *from = &plain->events[i];
		const struct ctrace_lane_event event = {
			.start = from->start,
			.duration = from->duration,
			.name = from->name,
			.flags = from->flags,
			.ref = CTRACE_NO_REF,
			.value = from->value,
		};

		require(ctrace_lane_append(lane, &event));
	}
	require(ctrace_lane_seal(lane) && ctrace_pyramid_create(lane, trace_end));
}

static void count_names(struct ctrace_model *model)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		for (uint32_t k = 0; k < model->lanes[i].count; k++) {
			model->name_counts[ctrace_lane_name(&model->lanes[i], k)]++;
		}
	}
}

void ctrace_fixture_model(struct ctrace_model *model, const struct ctrace_oracle_lane *plain,
			  uint32_t count)
{
	static char texts[256][8];

	*model = (struct ctrace_model){.lane_count = count, .name_count = 256};
	model->lanes = calloc(count, sizeof(*model->lanes));
	model->infos = calloc(count, sizeof(*model->infos));
	model->lane_streams = calloc(count, sizeof(*model->lane_streams));
	model->names = calloc(model->name_count, sizeof(*model->names));
	model->name_counts = calloc(model->name_count, sizeof(*model->name_counts));
	require(model->lanes != NULL && model->infos != NULL && model->lane_streams != NULL &&
		model->names != NULL && model->name_counts != NULL);
	for (uint32_t i = 0; i < model->name_count; i++) {
		int size = snprintf(texts[i], sizeof(texts[i]), "Name%u", i);

		model->names[i] = (struct ctrace_bytes){texts[i], (uint32_t)size};
	}
	for (uint32_t i = 0; i < count; i++) {
		model->duration = plain[i].end > model->duration ? plain[i].end : model->duration;
	}
	for (uint32_t i = 0; i < count; i++) {
		ctrace_fixture_lane(&model->lanes[i], &plain[i], model->duration);
		model->lanes[i].info.id = i;
		model->infos[i] = model->lanes[i].info;
		model->lane_streams[i] = CTRACE_NONE;
	}
	count_names(model);
}

void ctrace_fixture_finish(struct ctrace_model *model)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		ctrace_lane_finish(&model->lanes[i]);
	}
	free(model->lanes);
	free(model->infos);
	free(model->lane_streams);
	free(model->names);
	free(model->name_counts);
	*model = (struct ctrace_model){0};
}

uint64_t ctrace_fixture_seed(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}
