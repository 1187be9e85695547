/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_DECODE_H
#define CTRACE_CALL_DECODE_H

/*
 * A call as one would write it: openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3. Which
 * arguments a call has stands in call_args.def.
 *
 * Thread: any, own object.  Allocates: nothing.
 */

#include "viewer-server/model/kernel/kernel_replay.h"

/* Six arguments of the longest text with quotes, their names, and the result. */
#define CTRACE_DECODED_BYTES 40960u

struct ctrace_decoded_arg {
	const char *name;
	bool is_number; /* `number` says it all */
	int64_t number;
	struct ctrace_bytes text; /* in `memory` */
};

struct ctrace_decoded_call {
	unsigned arg_count;
	struct ctrace_decoded_arg args[6];
	bool has_result, is_error;
	int64_t value;
	struct ctrace_bytes result; /* "3", "0x7f…", "ENOENT"; in `memory` */
	char memory[CTRACE_DECODED_BYTES];
	size_t used;
};

/* The arguments of a wait, from the values of its lock_wait. */
static inline void ctrace_call_take_lock(struct ctrace_call_fact *call,
					 const struct ctrace_value *values)
{
	call->has_args = true;
	call->lock_kind = (unsigned)values[1].u64;
	call->args[0] = values[0].u64;
	call->args[1] = values[3].u64;
}

/* `pid`: whose descriptors are meant. */
void ctrace_call_decode(struct ctrace_decoded_call *decoded, const struct ctrace_trace *trace,
			const struct ctrace_call_fact *fact, uint64_t pid);

#endif
