/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_ALLOC_RECORD_H
#define CTRACE_PRELOAD_ALLOC_RECORD_H

/*
 * What is recorded of a program's blocks of memory. CTRACE_ALLOC says how: `full`, each of them
 * with who called; `stacks`, each with its whole stack (alloc_stacks.h); `sampled`, some of them,
 * chosen at random, with their stacks (told_stack.h); else none. In a program that is linked with
 * libctrace-alloc it is `sampled` unless it says otherwise, while a recording names `alloc`.
 *
 *     size < ctrace_alloc_self.left                    nearly always: it is not chosen
 *     choice = ctrace_alloc_choose(size)               else: what to do about it
 *       block = ctrace_allocator.malloc(size)
 *     ctrace_alloc_got(choice, block, size, &frame)
 *
 *     ctrace_live_may_be(block)                        nearly never: its free may be recorded
 *       ctrace_alloc_gives_back(block)
 *
 * [L] ctrace_alloc_mode: release by the constructor, after sites are met; acquire by the slow path.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no (a thread's first event maps its
 * ring).  errno: kept.
 */

#include "tracer/preload/caller_frame.h"
#include "tracer/src/library/face.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctrace_alloc_choice {
	CTRACE_ALLOC_PASS,
	CTRACE_ALLOC_SAMPLED,
	CTRACE_ALLOC_FULL,
	CTRACE_ALLOC_STACKS
};

/*
 * `left`: bytes up to and with the next that is chosen. 0: the slow path decides, as at a thread's
 * beginning and where everything is recorded. `told`: the block whose delete is recorded, and whose
 * free is not to be.
 */
struct ctrace_alloc_self {
	uint64_t left;
	uint64_t random;
	const void *told;
	bool has_drawn;
};

#pragma GCC visibility push(hidden)
extern __thread struct ctrace_alloc_self ctrace_alloc_self
	__attribute__((tls_model("initial-exec")));

/* Once, by the constructor that has found the recorder. */
void ctrace_alloc_start(const struct ctrace_face *recorder);

/* Not less than ctrace_alloc_self.left bytes are wanted: then what? */
enum ctrace_alloc_choice ctrace_alloc_choose(size_t size);

/* `block` may be NULL: nothing was got. */
void ctrace_alloc_got(enum ctrace_alloc_choice choice, const void *block, size_t size,
		      const struct ctrace_caller_frame *frame);

/* About to be freed. True: this was recorded. */
bool ctrace_alloc_gives_back(const void *block);

/* A block that ctrace_alloc_gives_back said true of goes on elsewhere, all being recorded. */
void ctrace_alloc_moved(const void *from, const void *to, size_t size,
			const struct ctrace_caller_frame *frame);
/* Or it does not: the call failed, and it is alive. */
void ctrace_alloc_kept(const void *block);
#pragma GCC visibility pop

#endif
