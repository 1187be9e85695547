/* SPDX-License-Identifier: MIT */
/* Sums of memory to JSON; see answer_heap.h. */

#include "viewer-server/serve/answer_heap.h"

#include "viewer-server/analysis/heap_tree.h"
#include "viewer-server/limits.h"
#include "viewer-server/serve/answer_analysis.h"
#include "viewer-server/serve/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a pool's name, which the program chose. */
#define POOL_NAME_BYTES_MAX 256u

/* Estimates need no more digits, and these end: 1/64 is 0.015625. */
static json_t *blocks_of(double blocks)
{
	double rounded = round(blocks * 64) / 64;

	return rounded == floor(rounded) && fabs(rounded) < 9e15 ? json_integer((json_int_t)rounded)
								 : ctrace_json_real(rounded);
}

static json_t *variance_of(double variance)
{
	return variance < 9e15 ? json_integer((json_int_t)ceil(variance > 0 ? variance : 0))
			       : ctrace_json_real(variance);
}

static void append_sum(json_t *row, const struct ctrace_heap_sum *sum)
{
	json_array_append_new(row, ctrace_json_count(sum->bytes));
	json_array_append_new(row, blocks_of(sum->blocks > 0 ? sum->blocks : 0));
	json_array_append_new(row, variance_of(sum->variance));
}

static json_t *sums_of(const struct ctrace_heap_site *site)
{
	json_t *row = json_array();

	for (unsigned i = 0; i < CTRACE_HEAP_MEASURES; i++) {
		append_sum(row, ctrace_heap_measured(site, i));
	}
	return row;
}

static json_t *nodes_of(const struct ctrace_heap_tree *tree)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < tree->node_count; i++) {
		const struct ctrace_heap_node *node = &tree->nodes[i];
		json_t *row = json_array();

		json_array_append_new(
			row,
			json_integer(node->parent == UINT32_MAX ? -1 : (json_int_t)node->parent));
		json_array_append_new(row, json_integer(node->function));
		for (unsigned m = 0; m < CTRACE_HEAP_MEASURES; m++) {
			append_sum(row, &node->own[m]);
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- Places ---- */

static json_t *hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

static json_t *lives_of(const struct ctrace_heap_site *site)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < CTRACE_HEAP_LIVES; i++) {
		if (site->lives[i] > 0) {
			json_array_append_new(
				rows, json_pack("[I,o]", (json_int_t)i, blocks_of(site->lives[i])));
		}
	}
	return rows;
}

/* Where a function has no name, its address tells it from others of its module. */
static json_t *stack_of(const struct ctrace_heap_tree *tree, const struct ctrace_heap_place *place)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < place->frame_count; i++) {
		const struct ctrace_heap_frame *frame = &place->frames[i];
		json_t *row =
			json_pack("[I,I]", (json_int_t)frame->function, (json_int_t)frame->line);

		if (tree->functions[frame->function].function == 0) {
			json_array_append_new(row, hex(frame->address));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *site_of(const struct ctrace_heap_site *site)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "sums", sums_of(site), "half_life",
			 ctrace_json_count(ctrace_heap_median_life(site)), "longest_life",
			 ctrace_json_count(site->longest_life), "lives", lives_of(site));
}

static json_t *places_of(const struct ctrace_heap *heap, const struct ctrace_heap_tree *tree)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < tree->place_count; i++) {
		const struct ctrace_heap_place *place = &tree->places[i];
		json_t *row = site_of(&heap->sites[place->site]);

		json_object_set_new(row, "stack", stack_of(tree, place));
		if (heap->sites[place->site].pool != 0) {
			json_object_set_new(row, "pool", hex(heap->sites[place->site].pool));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- From hand to hand ---- */

struct hands {
	const struct ctrace_answer_source *source;
	uint32_t streams[CTRACE_HEAP_THREADS_MAX];
	uint32_t stream_count;
	json_t *threads, *rows;
	uint64_t left_out_bytes;
	uint32_t left_out;
};

static json_t *thread_of(const struct ctrace_answer_source *source, uint32_t stream)
{
	const struct ctrace_thread_row *row = ctrace_trace_thread(source->trace, stream);
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(source->model, &count);
	json_t *json =
		json_pack("{s:o,s:o,s:s}", "pid", ctrace_json_count(row != NULL ? row->pid : 0),
			  "tid", ctrace_json_count(row != NULL ? row->tid : 0), "label", "");

	for (uint32_t i = 0; i < count; i++) {
		if (tracks[i].kind == CTRACE_TRACK_THREAD && tracks[i].stream == stream) {
			json_object_set_new(json, "label", ctrace_json_text(tracks[i].label));
			json_object_set_new(json, "track", json_integer(tracks[i].id));
			break;
		}
	}
	return json;
}

/* CTRACE_HEAP_THREADS_MAX: it is one too many. */
static uint32_t number_of(struct hands *hands, uint32_t stream)
{
	uint32_t at = 0;

	while (at < hands->stream_count && hands->streams[at] != stream) {
		at++;
	}
	if (at == hands->stream_count && at < CTRACE_HEAP_THREADS_MAX) {
		hands->streams[hands->stream_count++] = stream;
		json_array_append_new(hands->threads, thread_of(hands->source, stream));
	}
	return at;
}

/* Largest first, so those that are left out are the smallest. */
static void add_pair(struct hands *hands, const struct ctrace_heap_pair *pair)
{
	uint32_t from = CTRACE_HEAP_THREADS_MAX, to = CTRACE_HEAP_THREADS_MAX;

	if (json_array_size(hands->rows) < CTRACE_HEAP_HANDS_MAX) {
		from = number_of(hands, pair->from);
		to = number_of(hands, pair->to);
	}
	if (from == CTRACE_HEAP_THREADS_MAX || to == CTRACE_HEAP_THREADS_MAX) {
		hands->left_out++;
		hands->left_out_bytes += pair->sum.bytes;
		return;
	}
	json_t *row = json_pack("[I,I]", (json_int_t)from, (json_int_t)to);
	append_sum(row, &pair->sum);
	json_array_append_new(hands->rows, row);
}

static void put_hands(json_t *json, const struct ctrace_answer_source *source,
		      const struct ctrace_heap *heap)
{
	struct hands hands = {.source = source, .threads = json_array(), .rows = json_array()};

	for (uint32_t i = 0; i < heap->pair_count; i++) {
		add_pair(&hands, &heap->pairs[i]);
	}
	json_object_set_new(json, "threads", hands.threads);
	json_object_set_new(json, "hands", hands.rows);
	json_object_set_new(json, "hands_left_out",
			    json_pack("[I,o]", (json_int_t)hands.left_out,
				      ctrace_json_count(hands.left_out_bytes)));
}

/* ---- Pools and the curve ---- */

static json_t *pool_of(const struct ctrace_heap_pool *pool)
{
	struct ctrace_bytes name = pool->name;

	name.size = name.size < POOL_NAME_BYTES_MAX ? name.size : POOL_NAME_BYTES_MAX;
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "pid", ctrace_json_count(pool->pid), "pool",
			 hex(pool->pool), "name", ctrace_json_text(name), "has",
			 ctrace_json_count(pool->reserved), "gave", ctrace_json_count(pool->live));
}

static void put_pools(json_t *json, const struct ctrace_heap *heap)
{
	json_t *rows = json_array();
	uint32_t count =
		heap->pool_count < CTRACE_HEAP_POOLS_MAX ? heap->pool_count : CTRACE_HEAP_POOLS_MAX;

	for (uint32_t i = 0; i < count; i++) {
		json_array_append_new(rows, pool_of(&heap->pools[i]));
	}
	json_object_set_new(json, "pools", rows);
	json_object_set_new(json, "pools_left_out", json_integer(heap->pool_count - count));
}

static json_t *curve_of(const struct ctrace_heap *heap)
{
	json_t *points = json_array();

	for (uint32_t i = 0; i < heap->point_count; i++) {
		const struct ctrace_heap_point *point = &heap->curve[i];

		json_array_append_new(points,
				      json_pack("[o,o,o,o,o]", ctrace_json_count(point->live),
						ctrace_json_count(point->most),
						ctrace_json_count(point->got),
						ctrace_json_count(point->resident),
						ctrace_json_count(point->resident_most)));
	}
	return json_pack("{s:o,s:o}", "step", ctrace_json_count(heap->point_ns), "points", points);
}

/* What processes had in RAM, all together. */
static json_t *resident_of(const struct ctrace_resident *resident)
{
	const struct ctrace_resident_row *all = &resident->all;

	return json_pack("{s:I,s:o,s:o,s:o,s:o,s:o}", "processes", (json_int_t)resident->count,
			 "begin", ctrace_json_count(all->begin), "end", ctrace_json_count(all->end),
			 "now", ctrace_json_count(all->now), "most", ctrace_json_count(all->most),
			 "time", ctrace_json_count(all->most_time));
}

/* ---- The answer ---- */

static json_t *head_of(const struct ctrace_heap *heap, const struct ctrace_message *question)
{
	json_t *json = json_pack(
		"{s:s,s:b,s:o,s:o,s:o,s:b,s:o,s:o,s:o,s:o}", "type", "heap", "done", 1, "start",
		ctrace_json_count(question->start), "end", ctrace_json_count(question->end),
		"moment", ctrace_json_count(heap->moment), "is_sampled", (int)heap->is_sampled,
		"events", ctrace_json_count(heap->events), "lost", ctrace_json_count(heap->lost),
		"unmatched", ctrace_json_count(heap->unmatched), "damaged",
		ctrace_json_count(heap->damaged));

	json_object_set_new(json, "peak",
			    json_pack("{s:o,s:o}", "bytes", ctrace_json_count(heap->peak), "time",
				      ctrace_json_count(heap->peak_time)));
	json_object_set_new(json, "resident", resident_of(&heap->resident));
	json_object_set_new(json, "total", site_of(&heap->total));
	json_object_set_new(json, "growth_variance",
			    variance_of(ctrace_heap_growth_variance(&heap->total)));
	return json;
}

static json_t *answer_of(const struct ctrace_answer_source *source,
			 const struct ctrace_message *question, const struct ctrace_heap *heap,
			 const struct ctrace_heap_tree *tree)
{
	json_t *json = head_of(heap, question);

	json_object_set_new(
		json, "functions",
		ctrace_answer_functions(tree->functions, tree->function_count, source->trace));
	json_object_set_new(json, "nodes", nodes_of(tree));
	json_object_set_new(json, "left_out", json_integer(tree->left_out));
	json_object_set_new(json, "places", places_of(heap, tree));
	json_object_set_new(json, "places_left_out",
			    json_integer(heap->site_count - tree->place_count));
	put_hands(json, source, heap);
	put_pools(json, heap);
	json_object_set_new(json, "curve", curve_of(heap));
	return json;
}

static enum ctrace_status complain(struct ctrace_error *error, const struct ctrace_heap *heap)
{
	return ctrace_error_set(
		error, CTRACE_ERR_LIMIT, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
		"more than %u %s at %.3f s, which is the limit here: take an earlier end, or "
		"`ctrace heap`",
		heap->blocks.is_full ? CTRACE_HEAP_BLOCKS_MAX : CTRACE_HEAP_ROWS_MAX,
		heap->blocks.is_full ? "blocks are alive" : "places, pools or pairs of threads",
		(double)heap->moment / 1e9);
}

enum ctrace_status ctrace_answer_heap(const struct ctrace_answer_source *source,
				      const struct ctrace_message *question,
				      const struct ctrace_patience *patience, json_t **json,
				      struct ctrace_error *error)
{
	struct ctrace_heap_settings settings = {.at = question->end,
						.from = question->start,
						.has_from = question->start > 0,
						.has_pid = question->has_pid,
						.pid = question->pid,
						.blocks_max = CTRACE_HEAP_BLOCKS_MAX,
						.rows_max = CTRACE_HEAP_ROWS_MAX,
						.buffer_chunks =
							ctrace_model_memory_chunks(source->model),
						.patience = patience};
	struct ctrace_heap_tree tree = {.node_count = 0};
	struct ctrace_heap heap;
	enum ctrace_status status = ctrace_heap_init(&heap, source->trace, &settings);

	if (status == CTRACE_ERR_LIMIT) {
		complain(error, &heap);
	}
	if (status == CTRACE_OK) {
		status = ctrace_heap_tree_init(&tree, &heap);
	}
	if (status == CTRACE_OK) {
		*json = answer_of(source, question, &heap, &tree);
	}
	ctrace_heap_tree_finish(&tree);
	ctrace_heap_finish(&heap);
	return status;
}
