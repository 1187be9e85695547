/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FUNCTION_TREE_H
#define CTRACE_FUNCTION_TREE_H

/*
 * A trace's stacks as one tree of functions: a node for each chain of functions from the outermost
 * on, however many stacks lead there. Nodes are numbered as they are made, parents before children;
 * what they weigh is the caller's to keep.
 *
 *     ctrace_function_tree_init(&tree, trace)
 *       node = ctrace_function_tree_node(&tree, stack)
 *       ctrace_function_tree_parent(&tree, node), _function(&tree, node)
 *     ctrace_function_tree_finish(&tree)
 *
 * Thread: any, own object.  Allocates: 4 bytes a stack of the trace, 20 bytes a node.
 */

#include "format/reader.h"

/* Chains beyond end in the nearest node that is there. */
#define CTRACE_FUNCTION_TREE_NODES_MAX (1u << 20)

/* String ids; module a row's number; 0: not known. */
struct ctrace_tree_function {
	uint32_t function, file, module;
};

struct ctrace_tree_key {
	uint32_t a, b, c;
};

/* Numbers 0, 1, 2, … for different keys. */
struct ctrace_tree_numbering {
	struct ctrace_tree_key *keys; /* owned */
	uint32_t count, room;
	uint32_t *slots; /* owned; 0: free, else the number and one */
	uint32_t slot_count;
};

struct ctrace_function_tree {
	const struct ctrace_trace *trace;	/* borrows */
	struct ctrace_tree_numbering nodes;	/* by parent, function */
	struct ctrace_tree_numbering functions; /* by function, file, module */
	uint32_t *node_of_stack;		/* owned; 0: not made, else the node and one */
	uint32_t stack_end;
	bool is_out_of_memory;
};

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_function_tree_init(struct ctrace_function_tree *tree,
					     const struct ctrace_trace *trace);
/* The node of the stack's innermost function, what is inlined told apart. UINT32_MAX: the stack is
 * not known, or there is no memory (is_out_of_memory). */
uint32_t ctrace_function_tree_node(struct ctrace_function_tree *tree, uint64_t stack);
/* The number of the function that a frame stands for (NULL: not known); UINT32_MAX: no memory. */
uint32_t ctrace_function_tree_of_frame(struct ctrace_function_tree *tree,
				       const struct ctrace_frame_row *frame);
void ctrace_function_tree_finish(struct ctrace_function_tree *tree);

/* UINT32_MAX: an outermost function. */
static inline uint32_t ctrace_function_tree_parent(const struct ctrace_function_tree *tree,
						   uint32_t node)
{
	return tree->nodes.keys[node].a;
}

/* Of the node; a number below functions.count. */
static inline uint32_t ctrace_function_tree_function(const struct ctrace_function_tree *tree,
						     uint32_t node)
{
	return tree->nodes.keys[node].b;
}

static inline struct ctrace_tree_function ctrace_function_tree_named(
	const struct ctrace_function_tree *tree, uint32_t function)
{
	const struct ctrace_tree_key *key = &tree->functions.keys[function];

	return (struct ctrace_tree_function){key->a, key->b, key->c};
}

#endif
