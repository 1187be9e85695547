/* SPDX-License-Identifier: MIT */
/* Stacks share their outer parts, and so does the work: each is walked down to what is known. See
 * flame.h. */

#include "viewer-server/analysis/flame.h"

#include "format/limits.h"
#include "viewer-server/model/ask/thread_query.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_SAMPLES 4096u

struct key {
	uint32_t a, b, c;
};

/* Numbers 0, 1, 2, … for different keys. */
struct numbering {
	struct key *keys; /* owned */
	uint32_t count, room;
	uint32_t *slots; /* owned; 0: free, else the number and one */
	uint32_t slot_count;
};

struct growing {
	struct ctrace_flame *flame;
	const struct ctrace_model *model;
	const struct ctrace_trace *trace;
	const struct ctrace_patience *patience;
	uint64_t start, end;
	struct numbering nodes;	    /* by parent, function */
	struct numbering functions; /* by function, file, module */
	uint32_t *node_of_stack;    /* owned; 0: not made, else the node and one */
	uint32_t stack_end;
	struct ctrace_flame_node *all; /* owned; as `nodes` */
	uint32_t room;
	uint32_t looked_at;
	bool is_stopped, is_out_of_memory;
};

/* ---- Numbering ----------------------------------------------------------------- */

static uint32_t slot_of(const struct numbering *numbering, struct key key)
{
	uint64_t mixed = (key.a * UINT64_C(0x9e3779b97f4a7c15)) ^
			 (key.b * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ key.c;

	mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(mixed >> 32) & (numbering->slot_count - 1);
}

static void put_slot(struct numbering *numbering, uint32_t number)
{
	uint32_t slot = slot_of(numbering, numbering->keys[number]);

	while (numbering->slots[slot] != 0) {
		slot = (slot + 1) & (numbering->slot_count - 1);
	}
	numbering->slots[slot] = number + 1;
}

static bool grow(struct numbering *numbering)
{
	uint32_t room = numbering->room == 0 ? 256 : numbering->room * 2;
	struct key *keys = realloc(numbering->keys, room * sizeof(*keys));
	uint32_t *slots = calloc(room * 2u, sizeof(*slots));

	numbering->keys = keys != NULL ? keys : numbering->keys;
	if (keys == NULL || slots == NULL) {
		free(slots);
		return false;
	}
	free(numbering->slots);
	numbering->slots = slots;
	numbering->slot_count = room * 2;
	numbering->room = room;
	for (uint32_t i = 0; i < numbering->count; i++) {
		put_slot(numbering, i);
	}
	return true;
}

/* The key's number, a new one if need be. CTRACE_NONE: no memory. */
static uint32_t number_of(struct numbering *numbering, struct key key)
{
	uint32_t slot;

	if (numbering->count == numbering->room && !grow(numbering)) {
		return CTRACE_NONE;
	}
	slot = slot_of(numbering, key);
	while (numbering->slots[slot] != 0) {
		uint32_t number = numbering->slots[slot] - 1;

		if (memcmp(&numbering->keys[number], &key, sizeof(key)) == 0) {
			return number;
		}
		slot = (slot + 1) & (numbering->slot_count - 1);
	}
	numbering->keys[numbering->count] = key;
	numbering->slots[slot] = ++numbering->count;
	return numbering->count - 1;
}

static void finish_numbering(struct numbering *numbering)
{
	free(numbering->keys);
	free(numbering->slots);
}

/* Functions inlined into one another that are told apart; the outermost of more are left out. */
#define INLINED_MAX 64u

/* ---- Nodes ------------------------------------------------------------------------ */

static uint32_t function_of(struct growing *growing, uint32_t frame_id)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(growing->trace, frame_id);
	struct key key = {0, 0, 0};

	if (frame != NULL) {
		key = (struct key){frame->function, frame->function != 0 ? frame->file : 0,
				   frame->module};
	}
	return number_of(&growing->functions, key);
}

static uint32_t child_of(struct growing *growing, uint32_t parent, uint32_t frame)
{
	uint32_t function = function_of(growing, frame);
	uint32_t node = function != CTRACE_NONE
				? number_of(&growing->nodes, (struct key){parent, function, 0})
				: CTRACE_NONE;

	if (node == CTRACE_NONE) {
		growing->is_out_of_memory = true;
		return CTRACE_NONE;
	}
	if (node >= growing->room) {
		uint32_t room = growing->nodes.room;
		void *grown = realloc(growing->all, room * sizeof(*growing->all));

		if (grown == NULL) {
			growing->is_out_of_memory = true;
			return CTRACE_NONE;
		}
		growing->all = grown;
		memset(&growing->all[growing->room], 0,
		       (room - growing->room) * sizeof(*growing->all));
		growing->room = room;
	}
	growing->all[node].parent = parent;
	growing->all[node].function = function;
	return node;
}

/* Below `parent`, what a frame stands for: the functions that it is inlined into (SPEC 7.11), and
 * it. */
static uint32_t node_of_frame(struct growing *growing, uint32_t parent, uint32_t frame)
{
	uint32_t chain[INLINED_MAX], depth = 0;

	for (uint32_t at = frame; at != 0 && depth < INLINED_MAX;) {
		const struct ctrace_frame_row *row = ctrace_trace_frame(growing->trace, at);

		chain[depth++] = at;
		at = row != NULL ? row->outer : 0;
	}
	while (depth > 0 && !growing->is_out_of_memory) {
		parent = child_of(growing, parent, chain[--depth]);
	}
	return parent;
}

/* The node of a stack's innermost function; CTRACE_NONE: the stack is not known. */
static uint32_t node_of(struct growing *growing, uint32_t stack)
{
	uint32_t chain[CTRACE_STACK_FRAMES_MAX], depth = 0, node = CTRACE_NONE;

	while (stack != 0 && stack < growing->stack_end && growing->node_of_stack[stack] == 0) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(growing->trace, stack);

		if (row == NULL || depth == CTRACE_STACK_FRAMES_MAX) {
			/* An outer part is missing: what is left begins here. */
			stack = 0;
			break;
		}
		chain[depth++] = stack;
		stack = row->parent;
	}
	if (stack != 0 && stack < growing->stack_end) {
		node = growing->node_of_stack[stack] - 1;
	}
	while (depth > 0 && !growing->is_out_of_memory) {
		stack = chain[--depth];
		node = node_of_frame(growing, node,
				     ctrace_trace_stack(growing->trace, stack)->frame);
		growing->node_of_stack[stack] = node + 1;
	}
	return node;
}

/* ---- Samples ------------------------------------------------------------------------- */

static void add_sample(struct growing *growing, const struct ctrace_model_event *event)
{
	struct ctrace_flame *flame = growing->flame;
	uint32_t node = node_of(growing, ctrace_thread_stack(growing->model, event->place));
	uint64_t weight = event->value > 0 ? (uint64_t)event->value : 0;

	flame->samples++;
	flame->weight += weight;
	if (node == CTRACE_NONE) {
		flame->unknown++;
		return;
	}
	growing->all[node].self += weight;
	growing->all[node].samples++;
}

static bool goes_on(struct growing *growing)
{
	const struct ctrace_patience *patience = growing->patience;

	if (++growing->looked_at % PATIENCE_SAMPLES == 0 && patience != NULL &&
	    !patience->go_on(patience->context)) {
		growing->is_stopped = true;
	}
	return !growing->is_stopped && !growing->is_out_of_memory;
}

static void add_lane(struct growing *growing, uint32_t lane)
{
	struct ctrace_place place = {
		lane, ctrace_thread_first_after(growing->model, lane, growing->start)};
	struct ctrace_model_event event;

	for (; ctrace_model_event(growing->model, place, &event) == CTRACE_OK &&
	       event.start < growing->end && goes_on(growing);
	     place.index++) {
		add_sample(growing, &event);
	}
}

static void add_lanes(struct growing *growing, uint32_t track)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(growing->model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (lanes[i].kind == CTRACE_LANE_SAMPLE &&
		    (track == CTRACE_NONE || lanes[i].track == track)) {
			add_lane(growing, i);
		}
	}
}

/* ---- The answer ------------------------------------------------------------------------- */

/* Parents are made before their children, so one walk from the back sums up. */
static void sum_up(struct growing *growing)
{
	for (uint32_t i = growing->nodes.count; i-- > 0;) {
		struct ctrace_flame_node *node = &growing->all[i];

		node->total += node->self;
		if (node->parent != CTRACE_NONE) {
			growing->all[node->parent].total += node->total;
			growing->all[node->parent].samples += node->samples;
		}
	}
}

static int heaviest_first(const void *a, const void *b, void *context)
{
	const struct ctrace_flame_node *all = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (all[x].total != all[y].total) {
		return all[x].total > all[y].total ? -1 : 1;
	}
	return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* No parent is lighter than a child of its, so the heaviest hang together. */
static bool take_heaviest(struct growing *growing)
{
	struct ctrace_flame *flame = growing->flame;
	uint32_t count = growing->nodes.count, *order, *place;

	order = malloc((count + 1u) * sizeof(*order));
	place = malloc((count + 1u) * sizeof(*place));
	flame->node_count = count < CTRACE_FLAME_NODES_MAX ? count : CTRACE_FLAME_NODES_MAX;
	flame->left_out = count - flame->node_count;
	flame->nodes = calloc(flame->node_count + 1u, sizeof(*flame->nodes));
	if (order == NULL || place == NULL || flame->nodes == NULL) {
		free(order);
		free(place);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		order[i] = i;
	}
	qsort_r(order, count, sizeof(*order), heaviest_first, growing->all);
	qsort(order, flame->node_count, sizeof(*order), by_number);
	for (uint32_t i = 0; i < flame->node_count; i++) {
		struct ctrace_flame_node *node = &flame->nodes[i];

		*node = growing->all[order[i]];
		place[order[i]] = i;
		node->self = node->total;
		node->parent = node->parent == CTRACE_NONE ? CTRACE_NONE : place[node->parent];
		if (node->parent != CTRACE_NONE) {
			flame->nodes[node->parent].self -= node->total;
		}
	}
	free(order);
	free(place);
	return true;
}

static bool take_functions(struct growing *growing)
{
	struct ctrace_flame *flame = growing->flame;

	flame->function_count = growing->functions.count;
	flame->functions = calloc(flame->function_count + 1u, sizeof(*flame->functions));
	for (uint32_t i = 0; flame->functions != NULL && i < flame->function_count; i++) {
		const struct key *key = &growing->functions.keys[i];

		flame->functions[i] = (struct ctrace_flame_function){key->a, key->b, key->c};
	}
	return flame->functions != NULL;
}

static enum ctrace_status grow_all(struct growing *growing, uint32_t track)
{
	growing->stack_end = ctrace_trace_stack_end(growing->trace);
	growing->node_of_stack = calloc(growing->stack_end + 1u, sizeof(*growing->node_of_stack));
	if (growing->node_of_stack == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	add_lanes(growing, track);
	if (growing->is_stopped) {
		return CTRACE_END;
	}
	sum_up(growing);
	return !growing->is_out_of_memory && take_heaviest(growing) && take_functions(growing)
		       ? CTRACE_OK
		       : CTRACE_ERR_NO_MEMORY;
}

enum ctrace_status ctrace_flame_init(struct ctrace_flame *flame, const struct ctrace_model *model,
				     const struct ctrace_trace *trace, uint32_t track,
				     uint64_t start, uint64_t end,
				     const struct ctrace_patience *patience)
{
	struct growing growing = {.flame = flame,
				  .model = model,
				  .trace = trace,
				  .patience = patience,
				  .start = start,
				  .end = end};
	struct ctrace_thread_view view;
	enum ctrace_status status;

	*flame = (struct ctrace_flame){0};
	if (track != CTRACE_NONE && !ctrace_thread_view(model, track, &view)) {
		return CTRACE_ERR_NOT_FOUND;
	}
	status = grow_all(&growing, track);
	finish_numbering(&growing.nodes);
	finish_numbering(&growing.functions);
	free(growing.node_of_stack);
	free(growing.all);
	return status;
}

void ctrace_flame_finish(struct ctrace_flame *flame)
{
	free(flame->nodes);
	free(flame->functions);
	*flame = (struct ctrace_flame){0};
}
