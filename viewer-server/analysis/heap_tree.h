/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HEAP_TREE_H
#define CTRACE_HEAP_TREE_H

/*
 * What heap_sums.h summed up, as much of it as a page can show: one tree of functions, and the
 * places that matter most.
 *
 *     ctrace_heap_tree_init(&tree, &heap)
 *       tree.nodes, tree.places, tree.functions
 *     ctrace_heap_tree_finish(&tree)
 *
 * What matters is the largest share that something has of any measure: of what is alive, of what
 * was got, and so on. So none is missing that any of them would show.
 *
 * Thread: any, own object.
 */

#include "viewer-server/analysis/function_tree.h"
#include "viewer-server/analysis/heap_sums.h"

#define CTRACE_HEAP_NODES_MAX  3000u
#define CTRACE_HEAP_PLACES_MAX 300u
/* Of a place's stack, the innermost. */
#define CTRACE_HEAP_FRAMES_MAX 24u
/* Of the names of functions, files and modules; nodes and places past them are left out. */
#define CTRACE_HEAP_NAMES_BYTES_MAX (768u << 10)

enum ctrace_heap_measure {
	CTRACE_HEAP_LIVE,
	CTRACE_HEAP_BEFORE,
	CTRACE_HEAP_KEPT,
	CTRACE_HEAP_GOT,
	CTRACE_HEAP_FREED,
	CTRACE_HEAP_OVERDUE,
	CTRACE_HEAP_TOUCHED,
	CTRACE_HEAP_MEASURES,
};

struct ctrace_heap_node {
	uint32_t parent;   /* a node before it; UINT32_MAX: an outermost function */
	uint32_t function; /* in `functions` */
	struct ctrace_heap_sum own[CTRACE_HEAP_MEASURES]; /* got by the function itself */
};

struct ctrace_heap_frame {
	uint32_t function; /* in `functions` */
	uint32_t line;	   /* 0: not known */
	uint64_t address;  /* in the module's file */
};

struct ctrace_heap_place {
	uint32_t site; /* in heap.sites */
	unsigned frame_count;
	struct ctrace_heap_frame frames[CTRACE_HEAP_FRAMES_MAX]; /* innermost first */
};

struct ctrace_heap_tree {
	struct ctrace_heap_node *nodes; /* owned; parents before children */
	uint32_t node_count;
	uint32_t left_out;		  /* nodes; what they got is their nearest parent's own */
	struct ctrace_heap_place *places; /* owned; what matters most first */
	uint32_t place_count;
	struct ctrace_tree_function *functions; /* owned */
	uint32_t function_count;
};

/* The sum of a site by its measure. */
const struct ctrace_heap_sum *ctrace_heap_measured(const struct ctrace_heap_site *site,
						   enum ctrace_heap_measure measure);

/* CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_heap_tree_init(struct ctrace_heap_tree *tree,
					 const struct ctrace_heap *heap);
void ctrace_heap_tree_finish(struct ctrace_heap_tree *tree);

#endif
