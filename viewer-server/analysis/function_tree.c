/* SPDX-License-Identifier: MIT */
/* Stacks share their outer parts, and so does the work: each is walked down to what is known. See
 * function_tree.h. */

#include "viewer-server/analysis/function_tree.h"

#include "format/limits.h"
#include "format/map.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* Functions inlined into one another that are told apart; the outermost of more are left out. */
#define INLINED_MAX 64u

/* ---- Numbering ----------------------------------------------------------------- */

static uint32_t slot_of(const struct ctrace_tree_numbering *numbering, struct ctrace_tree_key key)
{
	uint64_t mixed = ctrace_map_hash(key.b + ctrace_map_hash(key.c));

	mixed = ctrace_map_hash(key.a + mixed);
	return (uint32_t)(mixed >> 32) & (numbering->slot_count - 1);
}

static void put_slot(struct ctrace_tree_numbering *numbering, uint32_t number)
{
	uint32_t slot = slot_of(numbering, numbering->keys[number]);

	while (numbering->slots[slot] != 0) {
		slot = (slot + 1) & (numbering->slot_count - 1);
	}
	numbering->slots[slot] = number + 1;
}

static bool grow(struct ctrace_tree_numbering *numbering)
{
	uint32_t room = numbering->room == 0 ? 256 : numbering->room * 2;
	struct ctrace_tree_key *keys = realloc(numbering->keys, room * sizeof(*keys));
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

/* The key's number, a new one if need be. NONE: no memory. */
static uint32_t number_of(struct ctrace_tree_numbering *numbering, struct ctrace_tree_key key)
{
	uint32_t slot;

	if (numbering->count == numbering->room && !grow(numbering)) {
		return NONE;
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

static void finish_numbering(struct ctrace_tree_numbering *numbering)
{
	free(numbering->keys);
	free(numbering->slots);
}

/* ---- Nodes ------------------------------------------------------------------------ */

uint32_t ctrace_function_tree_of_frame(struct ctrace_function_tree *tree,
				       const struct ctrace_frame_row *frame)
{
	struct ctrace_tree_key key = {0, 0, 0};
	uint32_t number;

	if (frame != NULL) {
		key = (struct ctrace_tree_key){
			frame->function, frame->function != 0 ? frame->file : 0, frame->module};
	}
	number = number_of(&tree->functions, key);
	tree->is_out_of_memory = tree->is_out_of_memory || number == NONE;
	return number;
}

static uint32_t child_of(struct ctrace_function_tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t function =
		ctrace_function_tree_of_frame(tree, ctrace_trace_frame(tree->trace, frame));
	uint32_t node;

	if (function == NONE) {
		return NONE;
	}
	if (tree->nodes.count >= CTRACE_FUNCTION_TREE_NODES_MAX) {
		return parent;
	}
	node = number_of(&tree->nodes, (struct ctrace_tree_key){parent, function, 0});
	tree->is_out_of_memory = tree->is_out_of_memory || node == NONE;
	return node;
}

/* Below `parent`, what a frame stands for: the functions that it is inlined into (SPEC 7.11), and
 * it. */
static uint32_t node_of_frame(struct ctrace_function_tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t chain[INLINED_MAX], depth = 0;

	for (uint32_t at = frame; at != 0 && depth < INLINED_MAX;) {
		const struct ctrace_frame_row *row = ctrace_trace_frame(tree->trace, at);

		chain[depth++] = at;
		at = row != NULL ? row->outer : 0;
	}
	while (depth > 0 && !tree->is_out_of_memory) {
		parent = child_of(tree, parent, chain[--depth]);
	}
	return parent;
}

static uint32_t node_of(struct ctrace_function_tree *tree, uint32_t stack)
{
	uint32_t chain[CTRACE_STACK_FRAMES_MAX], depth = 0, node = NONE;

	while (stack != 0 && stack < tree->stack_end && tree->node_of_stack[stack] == 0) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(tree->trace, stack);

		if (row == NULL || depth == CTRACE_STACK_FRAMES_MAX) {
			/* An outer part is missing: what is left begins here. */
			stack = 0;
			break;
		}
		chain[depth++] = stack;
		stack = row->parent;
	}
	if (stack != 0 && stack < tree->stack_end) {
		node = tree->node_of_stack[stack] - 1;
	}
	while (depth > 0 && !tree->is_out_of_memory) {
		stack = chain[--depth];
		node = node_of_frame(tree, node, ctrace_trace_stack(tree->trace, stack)->frame);
		tree->node_of_stack[stack] = node + 1;
	}
	return node;
}

uint32_t ctrace_function_tree_node(struct ctrace_function_tree *tree, uint64_t stack)
{
	uint32_t node = stack < tree->stack_end ? node_of(tree, (uint32_t)stack) : NONE;

	return tree->is_out_of_memory ? NONE : node;
}

enum ctrace_status ctrace_function_tree_init(struct ctrace_function_tree *tree,
					     const struct ctrace_trace *trace)
{
	*tree = (struct ctrace_function_tree){.trace = trace,
					      .stack_end = ctrace_trace_stack_end(trace)};
	tree->node_of_stack = calloc(tree->stack_end + 1u, sizeof(*tree->node_of_stack));
	return tree->node_of_stack != NULL ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_function_tree_finish(struct ctrace_function_tree *tree)
{
	finish_numbering(&tree->nodes);
	finish_numbering(&tree->functions);
	free(tree->node_of_stack);
	*tree = (struct ctrace_function_tree){.trace = NULL};
}
