/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MAPPED_BYTES_H
#define CTRACE_MAPPED_BYTES_H

/*
 * Anonymous memory that a process has mapped since the recording began, by its calls of mmap,
 * munmap, mremap and brk. It is a set of addresses: a call that two sources tell of counts once,
 * and what was mapped before is not in it, so that giving it back counts nothing.
 *
 *     mmap(NULL, 8192, …, MAP_ANONYMOUS) = 0x1000     + 8192
 *     munmap(0x1000, 4096)                            - 4096
 *     brk(…) = 0x9000, then brk(0xb000) = 0xb000      + 8192
 *     execve(…) = 0, exit_group(…)                    all of it is gone
 *
 * Thread: any, own object.  Allocates: 56 bytes a mapping.
 */

#include "viewer-server/model/memory/heap_walk.h"

enum ctrace_mapping_call {
	CTRACE_MAPPING_NONE,
	CTRACE_MAPPING_MMAP,
	CTRACE_MAPPING_MUNMAP,
	CTRACE_MAPPING_MREMAP,
	CTRACE_MAPPING_BRK,
	CTRACE_MAPPING_EXEC, /* another program, which has nothing of this one's */
	CTRACE_MAPPING_EXIT, /* never comes back */
};

/* Which of them a call of this name is. */
enum ctrace_mapping_call ctrace_mapping_call_of(struct ctrace_bytes name);

/* All zero: nothing is mapped. */
struct ctrace_mapped_bytes {
	void *ranges; /* owned; of tsearch, they do not overlap */
	uint64_t bytes;
	uint64_t brk; /* where the break was last; 0: not known */
};

/* The call has come back with `result`. False: no memory. */
bool ctrace_mapped_bytes_take(struct ctrace_mapped_bytes *mapped, enum ctrace_mapping_call call,
			      const uint64_t args[4], int64_t result);
/* All of it is gone. */
void ctrace_mapped_bytes_clear(struct ctrace_mapped_bytes *mapped);
void ctrace_mapped_bytes_finish(struct ctrace_mapped_bytes *mapped);

#endif
