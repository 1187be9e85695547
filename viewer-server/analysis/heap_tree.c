/* SPDX-License-Identifier: MIT */
/* From the sums of all places to a tree and a list of some; see heap_tree.h. */

#include "viewer-server/analysis/heap_tree.h"

#include "viewer-server/analysis/heap_stack.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* A node of the whole tree while it is made. */
struct grown {
	struct ctrace_heap_sum own[CTRACE_HEAP_MEASURES];
	double total[CTRACE_HEAP_MEASURES]; /* bytes, with what it called */
	double matter;
	uint32_t place; /* in the answer; NONE: left out */
};

struct growing {
	struct ctrace_heap_tree *tree;
	const struct ctrace_heap *heap;
	struct ctrace_function_tree all;
	struct grown *grown; /* owned; by the nodes of `all` */
	uint32_t room;
	uint32_t *told; /* owned; by the functions of `all`: 0, or its number and one */
	uint32_t told_room;
	size_t name_bytes;
};

const struct ctrace_heap_sum *ctrace_heap_measured(const struct ctrace_heap_site *site,
						   enum ctrace_heap_measure measure)
{
	switch (measure) {
	case CTRACE_HEAP_LIVE:
		return &site->live;
	case CTRACE_HEAP_BEFORE:
		return &site->before;
	case CTRACE_HEAP_KEPT:
		return &site->kept;
	case CTRACE_HEAP_GOT:
		return &site->got;
	case CTRACE_HEAP_FREED:
		return &site->freed;
	case CTRACE_HEAP_TOUCHED:
		return &site->touched;
	default:
		return &site->overdue;
	}
}

static void add(struct ctrace_heap_sum *sum, const struct ctrace_heap_sum *more)
{
	sum->bytes += more->bytes;
	sum->blocks += more->blocks;
	sum->variance += more->variance;
}

/* The largest share of any measure. Bytes of nothing count as one: so blocks of no size show. */
static double matter_of(const struct ctrace_heap *heap, const double *bytes)
{
	double most = 0;

	for (unsigned i = 0; i < CTRACE_HEAP_MEASURES; i++) {
		double whole = (double)ctrace_heap_measured(&heap->total, i)->bytes;
		double share = bytes[i] / (whole > 1 ? whole : 1);

		most = share > most ? share : most;
	}
	return most;
}

/* ---- The whole tree ---- */

static bool make_room(struct growing *growing)
{
	uint32_t room = growing->all.nodes.room;
	struct grown *more;

	if (room <= growing->room) {
		return true;
	}
	more = realloc(growing->grown, room * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	growing->grown = more;
	memset(&more[growing->room], 0, (room - growing->room) * sizeof(*more));
	growing->room = room;
	return true;
}

static bool add_sites(struct growing *growing)
{
	for (uint32_t i = 0; i < growing->heap->site_count; i++) {
		const struct ctrace_heap_site *site = &growing->heap->sites[i];
		uint32_t node = ctrace_function_tree_node(&growing->all, site->stack);

		if (growing->all.is_out_of_memory || !make_room(growing)) {
			return false;
		}
		for (unsigned m = 0; node != NONE && m < CTRACE_HEAP_MEASURES; m++) {
			add(&growing->grown[node].own[m], ctrace_heap_measured(site, m));
		}
	}
	return true;
}

/* Parents are made before their children, so one walk from the back sums up. */
static void sum_up(struct growing *growing)
{
	for (uint32_t i = growing->all.nodes.count; i-- > 0;) {
		struct grown *node = &growing->grown[i];
		uint32_t parent = ctrace_function_tree_parent(&growing->all, i);

		for (unsigned m = 0; m < CTRACE_HEAP_MEASURES; m++) {
			node->total[m] += (double)node->own[m].bytes;
			if (parent != NONE) {
				growing->grown[parent].total[m] += node->total[m];
			}
		}
		node->matter = matter_of(growing->heap, node->total);
		node->place = NONE;
	}
}

/* ---- What of it is told ---- */

static size_t text_size(const struct ctrace_trace *trace, uint32_t string)
{
	return string != 0 ? ctrace_trace_string(trace, string).size : 0;
}

static size_t name_bytes(const struct ctrace_trace *trace, struct ctrace_tree_function function)
{
	const struct ctrace_module_row *module = ctrace_trace_module(trace, function.module);

	return text_size(trace, function.function) + text_size(trace, function.file) +
	       text_size(trace, module != NULL ? module->path : 0);
}

static bool make_told_room(struct growing *growing)
{
	uint32_t room = growing->all.functions.room;
	uint32_t *told;
	struct ctrace_tree_function *functions;

	if (room <= growing->told_room) {
		return true;
	}
	told = realloc(growing->told, room * sizeof(*told));
	if (told == NULL) {
		return false;
	}
	growing->told = told;
	functions = realloc(growing->tree->functions, room * sizeof(*functions));
	if (functions == NULL) {
		return false;
	}
	growing->tree->functions = functions;
	memset(&told[growing->told_room], 0, (room - growing->told_room) * sizeof(*told));
	growing->told_room = room;
	return true;
}

/* The function's position in the answer. NONE: its name is one too many, or there is no memory. */
static uint32_t tell(struct growing *growing, uint32_t function)
{
	struct ctrace_heap_tree *tree = growing->tree;
	struct ctrace_tree_function named;
	size_t bytes;

	if (function == NONE || !make_told_room(growing)) {
		return NONE;
	}
	if (growing->told[function] != 0) {
		return growing->told[function] - 1;
	}
	named = ctrace_function_tree_named(&growing->all, function);
	bytes = name_bytes(growing->heap->trace, named);
	if (growing->name_bytes + bytes > CTRACE_HEAP_NAMES_BYTES_MAX) {
		return NONE;
	}
	growing->name_bytes += bytes;
	tree->functions[tree->function_count++] = named;
	growing->told[function] = tree->function_count;
	return tree->function_count - 1;
}

static int by_matter(const void *a, const void *b, void *context)
{
	const struct grown *all = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (all[x].matter != all[y].matter) {
		return all[x].matter > all[y].matter ? -1 : 1;
	}
	return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t *numbers(uint32_t count)
{
	uint32_t *order = malloc((count + 1u) * sizeof(*order));

	for (uint32_t i = 0; order != NULL && i < count; i++) {
		order[i] = i;
	}
	return order;
}

/* In the order of their numbers: parents first. */
static void put_nodes(struct growing *growing, uint32_t *order, uint32_t count)
{
	struct ctrace_heap_tree *tree = growing->tree;

	qsort(order, count, sizeof(*order), by_number);
	for (uint32_t i = 0; i < count; i++) {
		struct ctrace_heap_node *node = &tree->nodes[i];
		uint32_t parent = ctrace_function_tree_parent(&growing->all, order[i]);
		uint32_t function = ctrace_function_tree_function(&growing->all, order[i]);

		growing->grown[order[i]].place = i;
		node->parent = parent != NONE ? growing->grown[parent].place : NONE;
		node->function = growing->told[function] - 1;
	}
	tree->node_count = count;
	tree->left_out = growing->all.nodes.count - count;
}

/* What a node that is left out got is its parent's; from the back, so that it goes all the way. */
static void put_sums(struct growing *growing)
{
	for (uint32_t i = growing->all.nodes.count; i-- > 0;) {
		struct grown *node = &growing->grown[i];
		uint32_t parent = ctrace_function_tree_parent(&growing->all, i);

		for (unsigned m = 0; m < CTRACE_HEAP_MEASURES; m++) {
			if (node->place != NONE) {
				growing->tree->nodes[node->place].own[m] = node->own[m];
			} else if (parent != NONE) {
				add(&growing->grown[parent].own[m], &node->own[m]);
			}
		}
	}
}

/* None matters less than a child of its, so those that matter most hang together. */
static bool take_nodes(struct growing *growing)
{
	uint32_t count = growing->all.nodes.count, taken = 0;
	uint32_t *order = numbers(count);

	growing->tree->nodes = calloc(CTRACE_HEAP_NODES_MAX, sizeof(*growing->tree->nodes));
	if (order == NULL || growing->tree->nodes == NULL) {
		free(order);
		return false;
	}
	qsort_r(order, count, sizeof(*order), by_matter, growing->grown);
	while (taken < count && taken < CTRACE_HEAP_NODES_MAX &&
	       tell(growing, ctrace_function_tree_function(&growing->all, order[taken])) != NONE) {
		taken++;
	}
	put_nodes(growing, order, taken);
	put_sums(growing);
	free(order);
	return true;
}

/* ---- Places ---- */

static void put_frames(struct growing *growing, struct ctrace_heap_place *place)
{
	const struct ctrace_frame_row *rows[CTRACE_HEAP_STACK_MAX];
	uint64_t stack = growing->heap->sites[place->site].stack;
	unsigned count = ctrace_heap_stack(growing->heap->trace, stack, rows);

	for (unsigned i = 0; i < count && i < CTRACE_HEAP_FRAMES_MAX; i++) {
		uint32_t function =
			tell(growing, ctrace_function_tree_of_frame(&growing->all, rows[i]));

		if (function == NONE) {
			return;
		}
		place->frames[place->frame_count++] = (struct ctrace_heap_frame){
			function, rows[i]->function != 0 ? rows[i]->line : 0, rows[i]->address};
	}
}

static double matter_of_site(const struct ctrace_heap *heap, const struct ctrace_heap_site *site)
{
	double bytes[CTRACE_HEAP_MEASURES];

	for (unsigned m = 0; m < CTRACE_HEAP_MEASURES; m++) {
		bytes[m] = (double)ctrace_heap_measured(site, m)->bytes;
	}
	return matter_of(heap, bytes);
}

static bool take_places(struct growing *growing)
{
	struct ctrace_heap_tree *tree = growing->tree;
	uint32_t count = growing->heap->site_count;
	struct grown *sites = calloc(count + 1u, sizeof(*sites));
	uint32_t *order = numbers(count);

	tree->places = calloc(CTRACE_HEAP_PLACES_MAX, sizeof(*tree->places));
	if (sites == NULL || order == NULL || tree->places == NULL) {
		free(sites);
		free(order);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		sites[i].matter = matter_of_site(growing->heap, &growing->heap->sites[i]);
	}
	qsort_r(order, count, sizeof(*order), by_matter, sites);
	for (uint32_t i = 0; i < count && i < CTRACE_HEAP_PLACES_MAX; i++) {
		tree->places[i].site = order[i];
		put_frames(growing, &tree->places[i]);
		tree->place_count++;
	}
	free(sites);
	free(order);
	return !growing->all.is_out_of_memory;
}

enum ctrace_status ctrace_heap_tree_init(struct ctrace_heap_tree *tree,
					 const struct ctrace_heap *heap)
{
	struct growing growing = {.tree = tree, .heap = heap};
	bool is_done;

	*tree = (struct ctrace_heap_tree){.node_count = 0};
	is_done = ctrace_function_tree_init(&growing.all, heap->trace) == CTRACE_OK &&
		  add_sites(&growing);
	if (is_done) {
		sum_up(&growing);
		is_done = take_nodes(&growing) && take_places(&growing);
	}
	ctrace_function_tree_finish(&growing.all);
	free(growing.grown);
	free(growing.told);
	return is_done ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_heap_tree_finish(struct ctrace_heap_tree *tree)
{
	free(tree->nodes);
	free(tree->places);
	free(tree->functions);
	*tree = (struct ctrace_heap_tree){.node_count = 0};
}
