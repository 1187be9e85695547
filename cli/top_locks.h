/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TOP_LOCKS_H
#define CTRACE_TOP_LOCKS_H

/* What `ctrace top` says of locks: the most contended ones, and threads that wait for each other.
 */

#include "viewer-server/analysis/lock_counts.h"

#include <stdio.h>

struct ctrace_top_locks {
	struct ctrace_lock_waits waits;
	struct ctrace_lock_counts counts;
	struct ctrace_lock_cycles cycles;
};

/* Borrows the model. CTRACE_ERR_NO_MEMORY, or done. Undo with _finish, also after a failure. */
enum ctrace_status ctrace_top_locks_init(struct ctrace_top_locks *locks,
					 const struct ctrace_model *model,
					 const struct ctrace_trace *trace,
					 const struct ctrace_lock_settings *settings);
void ctrace_top_locks_finish(struct ctrace_top_locks *locks);

/* `rows` at most; 0: all. Nothing where there are none. */
void ctrace_top_locks_text(FILE *out, const struct ctrace_top_locks *locks,
			   const struct ctrace_trace *trace, uint64_t rows);
/* Two members of an object, each with a comma before it. */
void ctrace_top_locks_json(FILE *out, const struct ctrace_top_locks *locks,
			   const struct ctrace_trace *trace);

#endif
