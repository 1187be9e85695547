/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STACK_WALK_H
#define CTRACE_STACK_WALK_H

/*
 * The calling thread's stack, walked from a frame outward by call frame information, inside the
 * program: the 64 innermost functions. What is further out is left out.
 *
 *     ctrace_stack_walk(&standing, &room, &innermost)
 *       hash = ctrace_walk_hash(&standing, &room, …), ctrace_walk_addresses(&standing, &room, …)
 *
 * From one walk to the next most frames stand where they stood. They are kept, the outermost first,
 * and a walk that comes to the same place at the same stack pointer goes on along them:
 *
 *     kept     main  loop  handle  parse  new_node            what was walked last
 *     walked                       parse  grow                these are stepped through by their
 * rows joined   main  loop  handle                             these are only compared
 *
 * That is exact. A frame's row goes by its address alone, so with the same stack pointer its end is
 * where it was; if the word below that end is still the same, so is the caller's address, and its
 * stack pointer is that end. Where a row goes by the frame pointer, that must be the same too: it
 * is compared, in the register, or where it was saved, for each frame from which somebody further
 * out takes it.
 *
 * Cost: 1 ns a frame that stands, 8 ns one that is stepped through; 1 us a row that is made
 * (bench/alloc.py). On a stack that is not the thread's own, nothing is kept, and each of its pages
 * costs a system call.
 *
 * Thread: any, each its own.  Signal handler: yes, with `standing` NULL and room of its own.
 * Blocks: no. Allocates: no.  errno: kept.
 */

#include "tracer/unwind/stack_reach.h"

#define CTRACE_WALK_FRAMES_MAX 64u
/* Deeper stacks are walked anew where what is kept has not enough of them. */
#define CTRACE_STANDING_FRAMES_MAX 192u

/* A function's frame: where it goes on, and its registers then. */
struct ctrace_walk_frame {
	uintptr_t address, stack_pointer, frame_pointer;
	uintptr_t saved_at; /* where the frame pointer was saved; 0: the function within has the
			       same */
	bool uses_frame_pointer;  /* its end goes by it */
	bool has_frame_pointer;	  /* its caller's is the same */
	bool needs_frame_pointer; /* it uses it, or somebody further out has it from here and does
				   */
	bool is_apart; /* its end goes by more than is compared: its caller is not joined */
};

struct ctrace_standing_stack {
	struct ctrace_own_stack own;
	uint32_t generation; /* of the rows */
	uint32_t count;
	bool is_whole; /* its outermost frame is the thread's */
	struct ctrace_walk_frame frames[CTRACE_STANDING_FRAMES_MAX]; /* the outermost first */
};

/* Registers as they are once a call has returned. */
struct ctrace_walk_registers {
	uintptr_t address, stack_pointer, frame_pointer;
};

/* What a walk has come to: frames walked anew, the innermost first; behind them standing ones. */
struct ctrace_walk_room {
	struct ctrace_walk_frame frames[CTRACE_WALK_FRAMES_MAX];
	uint32_t walked, joined;
	uint32_t standing; /* of those, the joined ones are the uppermost below this */
	bool is_kept;	   /* it is what stands now */
};

#pragma GCC visibility push(hidden)
/* Once, by a constructor, on the program's first thread. */
void ctrace_stack_walk_start(void);

/* Does the stack that was walked last stand as it is, from this frame on? Then no walk is needed.
 */
bool ctrace_stack_stands(const struct ctrace_standing_stack *standing,
			 const struct ctrace_walk_frame *innermost);

/* `standing` may be NULL. */
void ctrace_stack_walk(struct ctrace_standing_stack *standing, struct ctrace_walk_room *room,
		       const struct ctrace_walk_frame *innermost);

/* Without anything that is kept: the addresses, as ctrace_walk_addresses() gives them. Of what has
 * to be started it needs ctrace_reach_start() alone. */
uint32_t ctrace_stack_walk_once(const struct ctrace_walk_frame *innermost, uint64_t *addresses);

/* Of the frames' addresses and of their order; never 0. `mix`: of what else there is. */
uint64_t ctrace_walk_hash(const struct ctrace_standing_stack *standing,
			  const struct ctrace_walk_room *room, uint64_t mix);

/* The addresses, the innermost first; CTRACE_WALK_FRAMES_MAX of them have room. Returns how many.
 */
uint32_t ctrace_walk_addresses(const struct ctrace_standing_stack *standing,
			       const struct ctrace_walk_room *room, uint64_t *addresses);
#pragma GCC visibility pop

#endif
