/* SPDX-License-Identifier: MIT */
/* Samples to weights of a tree of functions; see flame.h. */

#include "viewer-server/analysis/flame.h"

#include "viewer-server/model/ask/thread_query.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_SAMPLES 4096u

struct growing {
	struct ctrace_flame *flame;
	const struct ctrace_model *model;
	const struct ctrace_patience *patience;
	uint64_t start, end;
	struct ctrace_function_tree tree;
	struct ctrace_flame_node *all; /* owned; by the tree's nodes */
	uint32_t room;
	uint32_t looked_at;
	bool is_stopped, is_out_of_memory;
};

/* ---- Samples ------------------------------------------------------------------------- */

/* Nodes that the tree has made since. */
static bool make_room(struct growing *growing)
{
	uint32_t room = growing->tree.nodes.room;
	void *grown;

	if (room <= growing->room) {
		return true;
	}
	grown = realloc(growing->all, room * sizeof(*growing->all));
	if (grown == NULL) {
		return false;
	}
	growing->all = grown;
	memset(&growing->all[growing->room], 0, (room - growing->room) * sizeof(*growing->all));
	growing->room = room;
	return true;
}

static void add_stack(struct growing *growing, const struct ctrace_flame_stack *stack)
{
	struct ctrace_flame *flame = growing->flame;
	uint32_t node = ctrace_function_tree_node(&growing->tree, stack->stack);

	growing->is_out_of_memory = growing->tree.is_out_of_memory || !make_room(growing);
	if (growing->is_out_of_memory) {
		return;
	}
	flame->samples += stack->samples;
	flame->weight += stack->weight;
	if (node == CTRACE_NONE) {
		flame->unknown += stack->samples;
		return;
	}
	growing->all[node].self += stack->weight;
	growing->all[node].samples += stack->samples;
}

static void add_sample(struct growing *growing, const struct ctrace_model_event *event)
{
	add_stack(growing, &(struct ctrace_flame_stack){
				   .stack = ctrace_thread_stack(growing->model, event->place),
				   .weight = event->value > 0 ? (uint64_t)event->value : 0,
				   .samples = 1,
			   });
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
	for (uint32_t i = growing->tree.nodes.count; i-- > 0;) {
		struct ctrace_flame_node *node = &growing->all[i];

		node->parent = ctrace_function_tree_parent(&growing->tree, i);
		node->function = ctrace_function_tree_function(&growing->tree, i);
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
	uint32_t count = growing->tree.nodes.count, *order, *place;

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

	flame->function_count = growing->tree.functions.count;
	flame->functions = calloc(flame->function_count + 1u, sizeof(*flame->functions));
	for (uint32_t i = 0; flame->functions != NULL && i < flame->function_count; i++) {
		flame->functions[i] = ctrace_function_tree_named(&growing->tree, i);
	}
	return flame->functions != NULL;
}

static enum ctrace_status grow_all(struct growing *growing, const struct ctrace_trace *trace,
				   uint32_t track, const struct ctrace_flame_stack *stacks,
				   size_t count)
{
	if (ctrace_function_tree_init(&growing->tree, trace) != CTRACE_OK) {
		return CTRACE_ERR_NO_MEMORY;
	}
	if (growing->model != NULL) {
		add_lanes(growing, track);
	}
	for (size_t i = 0; i < count && goes_on(growing); i++) {
		add_stack(growing, &stacks[i]);
	}
	if (growing->is_stopped) {
		return CTRACE_END;
	}
	if (growing->is_out_of_memory) {
		return CTRACE_ERR_NO_MEMORY;
	}
	sum_up(growing);
	return take_heaviest(growing) && take_functions(growing) ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

enum ctrace_status ctrace_flame_init(struct ctrace_flame *flame, const struct ctrace_model *model,
				     const struct ctrace_trace *trace, uint32_t track,
				     uint64_t start, uint64_t end,
				     const struct ctrace_patience *patience)
{
	struct growing growing = {
		.flame = flame, .model = model, .patience = patience, .start = start, .end = end};
	struct ctrace_thread_view view;
	enum ctrace_status status;

	*flame = (struct ctrace_flame){0};
	if (track != CTRACE_NONE && !ctrace_thread_view(model, track, &view)) {
		return CTRACE_ERR_NOT_FOUND;
	}
	status = grow_all(&growing, trace, track, NULL, 0);
	ctrace_function_tree_finish(&growing.tree);
	free(growing.all);
	return status;
}

enum ctrace_status ctrace_flame_of_stacks_init(struct ctrace_flame *flame,
					       const struct ctrace_trace *trace,
					       const struct ctrace_flame_stack *stacks,
					       size_t count, const struct ctrace_patience *patience)
{
	struct growing growing = {.flame = flame, .patience = patience};
	enum ctrace_status status;

	*flame = (struct ctrace_flame){0};
	status = grow_all(&growing, trace, CTRACE_NONE, stacks, count);
	ctrace_function_tree_finish(&growing.tree);
	free(growing.all);
	return status;
}

void ctrace_flame_finish(struct ctrace_flame *flame)
{
	free(flame->nodes);
	free(flame->functions);
	*flame = (struct ctrace_flame){0};
}
