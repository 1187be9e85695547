/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLAME_H
#define CTRACE_FLAME_H

/*
 * Samples of a stretch as one tree of functions: a node for each chain of functions from the
 * outermost on, however many stacks lead there (viewer-server/API.md, "flame").
 *
 *     main;work;parse 3 samples      main 4 ─ work 4 ─ parse 3
 *     main;work       1                              (self of work: 1)
 *
 * Thread: any, own object.
 */

#include "viewer-server/analysis/function_tree.h"
#include "viewer-server/model/query.h"

/* In an answer; those left out are the lightest. */
#define CTRACE_FLAME_NODES_MAX 4096u

struct ctrace_flame_node {
	uint32_t parent;   /* a node before it; CTRACE_NONE: an outermost function */
	uint32_t function; /* in `functions` */
	uint64_t total, self, samples;
};

struct ctrace_flame {
	uint64_t samples, weight, unknown; /* unknown: samples without a stack */
	struct ctrace_flame_node *nodes;   /* owned; parents before children */
	uint32_t node_count, left_out;
	struct ctrace_tree_function *functions; /* owned */
	uint32_t function_count;
};

/* `track` CTRACE_NONE: all threads. As ctrace_split_init. */
enum ctrace_status ctrace_flame_init(struct ctrace_flame *flame, const struct ctrace_model *model,
				     const struct ctrace_trace *trace, uint32_t track,
				     uint64_t start, uint64_t end,
				     const struct ctrace_patience *patience);

/* A stack, and what it weighs, which any unit may have. */
struct ctrace_flame_stack {
	uint32_t stack; /* a row of STACKS; 0: not known */
	uint64_t weight, samples;
};
/* The same of other things than samples. */
enum ctrace_status ctrace_flame_of_stacks_init(struct ctrace_flame *flame,
					       const struct ctrace_trace *trace,
					       const struct ctrace_flame_stack *stacks,
					       size_t count,
					       const struct ctrace_patience *patience);
void ctrace_flame_finish(struct ctrace_flame *flame);

#endif
