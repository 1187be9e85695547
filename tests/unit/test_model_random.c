/* SPDX-License-Identifier: MIT */
/* Models of random traces hold, event by event, what a plain reading of the trace holds. */

#include "tests/unit/lane_fixture.h"
#include "tests/unit/trace_fixture.h"
#include "tests/unit/trace_maker.h"

#include "viewer-server/model/ask/near.h"
#include "viewer-server/model/build/stream_build.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;
static struct ctrace_made_trace made;
static struct ctrace_model *model;
static struct ctrace_error error;

static void make_model(void)
{
	memset(&error, 0, sizeof(error));
	assert_int_equal(ctrace_model_create(&model, made.trace, NULL, &error), CTRACE_OK);
}

struct plain_event {
	uint64_t start, duration;
	struct ctrace_bytes name;
	double value;
};

struct plain_list {
	struct plain_event *events;
	size_t count, room;
};

struct plain_stream {
	struct plain_list spans, instants;
	struct {
		uint32_t site;
		uint64_t begin;
	} open[CTRACE_OPEN_SPANS_MAX];
	uint32_t depth, began_before;
	uint64_t first, lost, gaps;
	bool has_first;
};

static struct plain_list samples;

static void add_plain(struct plain_list *list, struct plain_event event)
{
	if (list->count == list->room) {
		list->room = list->room == 0 ? 64 : list->room * 2;
		list->events = realloc(list->events, list->room * sizeof(*list->events));
		assert_non_null(list->events);
	}
	list->events[list->count++] = event;
}

static struct ctrace_bytes name_of_site(uint32_t site)
{
	const struct ctrace_site *row = ctrace_trace_site(made.trace, site);

	if (row == NULL) {
		return ctrace_model_name(model, CTRACE_NAME_UNKNOWN);
	}
	return ctrace_trace_string(made.trace, row->name);
}

static void close_plain(struct plain_stream *stream, uint64_t ticks)
{
	uint32_t top = --stream->depth;
	uint64_t begin = ctrace_trace_ns(made.trace, stream->open[top].begin);

	add_plain(&stream->spans,
		  (struct plain_event){begin, ctrace_trace_ns(made.trace, ticks) - begin,
				       name_of_site(stream->open[top].site), 0});
}

static void close_unknown(struct plain_stream *stream, uint32_t site, uint64_t ticks)
{
	uint64_t end = ctrace_trace_ns(made.trace, ticks);
	uint64_t begin = ctrace_trace_ns(made.trace, stream->first);

	if (stream->began_before++ >= CTRACE_BEGAN_BEFORE_MAX) {
		begin = end;
	}
	add_plain(&stream->spans, (struct plain_event){begin, end - begin, name_of_site(site), 0});
}

static void end_plain(struct plain_stream *stream, uint32_t site, uint64_t ticks)
{
	uint32_t down_to = stream->depth;

	if (stream->depth == 0) {
		close_unknown(stream, site, ticks);
		return;
	}
	if (site == CTRACE_NO_SITE) {
		close_plain(stream, ticks);
		return;
	}
	while (down_to > 0 && stream->open[down_to - 1].site != site) {
		down_to--;
	}
	while (down_to > 0 && stream->depth >= down_to) {
		close_plain(stream, ticks);
	}
}

static double number_of(const struct ctrace_value *value)
{
	if (value->type == CTRACE_ARG_F64) {
		return value->f64;
	}
	return value->type == CTRACE_ARG_I64 ? (double)value->i64 : (double)value->u64;
}

static void read_other(struct plain_stream *stream, const struct ctrace_event *event)
{
	struct ctrace_value values[16];
	struct plain_event plain = {ctrace_trace_ns(made.trace, event->ticks), 0,
				    name_of_site(event->site), 0};

	ctrace_event_values(made.trace, event, values);
	switch ((int)event->kind) {
	case CTRACE_KIND_INSTANT:
	case CTRACE_KIND_LOG:
		add_plain(&stream->instants, plain);
		break;
	case CTRACE_KIND_COUNTER:
		plain.value = number_of(&values[0]);
		add_plain(&samples, plain);
		break;
	case CTRACE_KIND_LOST:
		stream->lost += values[1].u64;
		stream->gaps++;
		break;
	default:
		break;
	}
}

static void read_event(struct plain_stream *stream, const struct ctrace_event *event)
{
	if (!stream->has_first) {
		stream->has_first = true;
		stream->first = event->ticks;
	}
	if (event->kind == CTRACE_KIND_SPAN_BEGIN) {
		stream->open[stream->depth].site = event->site;
		stream->open[stream->depth++].begin = event->ticks;
	} else if (event->kind == CTRACE_KIND_SPAN_END) {
		end_plain(stream, event->site, event->ticks);
	} else {
		read_other(stream, event);
	}
}

/* Chunks of a stream stand in the file in order; the trace is not damaged. */
static void read_stream(struct plain_stream *stream, uint32_t id)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(made.trace);
	static struct ctrace_cursor cursor;
	struct ctrace_chunk chunk = {0};
	struct ctrace_event event;

	memset(stream, 0, sizeof(*stream));
	for (uint32_t i = 0; i < info->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(made.trace, i);

		if (entry->type != CTRACE_CHUNK_EVENTS || entry->stream != id) {
			continue;
		}
		assert_int_equal(ctrace_chunk_load(&chunk, made.trace, i, &error), CTRACE_OK);
		assert_int_equal(ctrace_cursor_init(&cursor, made.trace, &chunk, &error),
				 CTRACE_OK);
		while (ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
			read_event(stream, &event);
		}
	}
	while (stream->depth > 0) {
		close_plain(stream, info->last_ticks);
	}
	ctrace_chunk_unload(&chunk);
}

static int compare_bytes(struct ctrace_bytes a, struct ctrace_bytes b)
{
	uint32_t size = a.size < b.size ? a.size : b.size;
	int order = size > 0 ? memcmp(a.bytes, b.bytes, size) : 0;

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_plain(const void *x, const void *y)
{
	const struct plain_event *a = x, *b = y;

	if (a->start != b->start) {
		return a->start < b->start ? -1 : 1;
	}
	if (a->duration != b->duration) {
		return a->duration < b->duration ? -1 : 1;
	}
	return compare_bytes(a->name, b->name);
}

static void add_lane(struct plain_list *list, const struct ctrace_lane *lane)
{
	for (uint32_t i = 0; i < lane->count; i++) {
		add_plain(list,
			  (struct plain_event){lane->start[i], ctrace_lane_duration(lane, i),
					       ctrace_model_name(model, ctrace_lane_name(lane, i)),
					       lane->value != NULL ? lane->value[i] : 0});
	}
}

static void assert_same_events(struct plain_list *a, struct plain_list *b)
{
	assert_int_equal(a->count, b->count);
	if (a->count > 0) {
		qsort(a->events, a->count, sizeof(*a->events), compare_plain);
		qsort(b->events, b->count, sizeof(*b->events), compare_plain);
	}
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(compare_plain(&a->events[i], &b->events[i]), 0);
	}
}

static void lanes_of(struct plain_list *list, enum ctrace_lane_kind kind, uint32_t stream)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		if (lane->info.kind == kind &&
		    (stream == 0 || model->tracks[lane->info.track].stream == stream)) {
			add_lane(list, lane);
		}
	}
}

static void check_stream(uint32_t id)
{
	static struct plain_stream stream;
	struct plain_list spans = {0}, instants = {0}, gaps = {0};

	read_stream(&stream, id);
	lanes_of(&spans, CTRACE_LANE_SPAN, id);
	lanes_of(&instants, CTRACE_LANE_INSTANT, id);
	lanes_of(&gaps, CTRACE_LANE_GAP, id);
	assert_same_events(&spans, &stream.spans);
	assert_same_events(&instants, &stream.instants);
	assert_int_equal(gaps.count, stream.gaps);
	for (uint32_t i = 0; i < model->track_count; i++) {
		if (model->tracks[i].kind == CTRACE_TRACK_THREAD && model->tracks[i].stream == id) {
			assert_true(model->tracks[i].lost >= stream.lost);
		}
	}
	free(spans.events);
	free(instants.events);
	free(gaps.events);
	free(stream.spans.events);
	free(stream.instants.events);
}

/* No two events of a lane overlap; starts never fall. */
static void check_lanes(void)
{
	for (uint32_t i = 0; i < model->lane_count; i++) {
		const struct ctrace_lane *lane = &model->lanes[i];

		assert_int_equal(lane->info.id, i);
		assert_int_equal(lane->info.events, lane->count);
		assert_true(lane->info.track < model->track_count);
		for (uint32_t k = 1; k < lane->count; k++) {
			assert_true(lane->start[k] >=
				    lane->start[k - 1] + ctrace_lane_duration(lane, k - 1));
		}
	}
}

static void check_samples(void)
{
	struct plain_list found = {0};

	lanes_of(&found, CTRACE_LANE_COUNTER, 0);
	assert_same_events(&found, &samples);
	free(found.events);
	free(samples.events);
	samples = (struct plain_list){0};
}

static void with_random_traces(uint64_t count, void (*check)(void))
{
	for (uint64_t i = 0; i < count; i++) {
		struct ctrace_maker_settings settings = {.seed = seed + i};

		ctrace_fixture_random(&made, &settings);
		make_model();
		check();
		ctrace_model_destroy(model);
		model = NULL;
		ctrace_fixture_close(&made);
	}
}

static void check_all(void)
{
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(made.trace, &count);

	check_lanes();
	for (uint32_t i = 0; i < count; i++) {
		check_stream(rows[i].stream);
	}
	check_samples();
	assert_true(ctrace_model_summary(model).events == ctrace_trace_info(made.trace)->events);
	assert_true(ctrace_model_summary(model).lost == ctrace_trace_info(made.trace)->lost);
}

static void random_traces_are_in_the_model_as_read(void **state)
{
	(void)state;
	with_random_traces(60, check_all);
}

static void check_detail(struct ctrace_place place)
{
	const struct ctrace_lane *lane = &model->lanes[place.lane];
	struct ctrace_detail detail;
	struct ctrace_model_event event, parent;

	assert_int_equal(ctrace_model_event(model, place, &event), CTRACE_OK);
	assert_int_equal(ctrace_detail_init(&detail, model, place, &error), CTRACE_OK);
	assert_true(detail.event.start == event.start && detail.event.duration == event.duration);
	if (lane->info.kind == CTRACE_LANE_GAP) {
		assert_true(detail.lost_reason > 0);
	} else if (lane->ref[place.index] < CTRACE_STRAY_REF) {
		assert_non_null(detail.site);
		assert_int_equal(compare_bytes(ctrace_trace_string(made.trace, detail.site->name),
					       ctrace_model_name(model, event.name)),
				 0);
		assert_int_equal(detail.arg_count, detail.site->arg_count);
	}
	if (lane->info.kind == CTRACE_LANE_COUNTER) {
		double value = number_of(&detail.args[0]);
		assert_true(!isfinite(value) || value == event.value);
	}
	if (lane->info.kind == CTRACE_LANE_SPAN && detail.parent.lane != CTRACE_NONE) {
		assert_int_equal(ctrace_model_event(model, detail.parent, &parent), CTRACE_OK);
		assert_true(parent.start <= event.start);
		assert_true(parent.start + parent.duration >= event.start + event.duration);
	}
	assert_true(detail.self <= event.duration);
	ctrace_detail_finish(&detail);
}

static void check_some_details(void)
{
	uint64_t dice = seed;

	for (uint32_t i = 0; i < model->lane_count; i++) {
		for (uint32_t k = 0; k < 5 && model->lanes[i].count > 0; k++) {
			uint32_t index =
				(uint32_t)ctrace_random_below(&dice, model->lanes[i].count);

			check_detail((struct ctrace_place){i, index});
		}
	}
}

static void details_agree_with_the_file(void **state)
{
	(void)state;
	with_random_traces(20, check_some_details);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_traces_are_in_the_model_as_read),
		cmocka_unit_test(details_agree_with_the_file),
	};

	seed = ctrace_fixture_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
