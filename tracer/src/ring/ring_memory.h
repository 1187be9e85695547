/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_MEMORY_H
#define CTRACE_RING_MEMORY_H

/*
 * Where rings live: one reservation of addresses, part of it private, part of it
 * a file in memory that others may map.
 *
 *     | ring | control |  shared  | nested 1..4 |   data   | data again |
 *       private pages  |------------ one file -------------|
 *               ^ wiped in a forked child    ^ not there in a forked child
 *
 * The file is a memfd, or what `ctrace_ring_memory_set_files` says: a file of a
 * ring directory, which outlives the process. So is that of the data alone where a
 * ring goes on once it has grown.
 */

#include "tracer/src/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTRACE_PAGE_BYTES	  4096u
#define CTRACE_RING_SHARED_BYTES  CTRACE_PAGE_BYTES
#define CTRACE_RING_PRIVATE_BYTES (2 * CTRACE_PAGE_BYTES)
#define CTRACE_RING_NESTED_BYTES  (CTRACE_NESTED_LEVELS * CTRACE_NESTED_BYTES)
/* Where the data stand in the file. */
#define CTRACE_RING_HEAD_BYTES (CTRACE_RING_SHARED_BYTES + CTRACE_RING_NESTED_BYTES)

/* Files of rings; only system calls, a signal handler may ask. */
struct ctrace_ring_files {
	/*
	 * Makes an empty file of `bytes` bytes whose space is really there, so that no store to it
	 * can fail: segment `step` of ring *number; of a new ring, whose number it sets, if that
	 * is 0. Gives a descriptor, or -1.
	 */
	int (*make)(size_t bytes, uint32_t *number, unsigned step);
	/* Nobody looks at this segment any more. */
	void (*remove)(uint32_t number, unsigned step);
};

/* Would the process's limit of file sizes let it? Beyond it the kernel sends a signal that kills.
 */
bool ctrace_ring_memory_is_allowed(size_t bytes);

/* Rings made from now on live in such files; NULL: in memfds. Borrowed for ever. */
void ctrace_ring_memory_set_files(const struct ctrace_ring_files *files);

/*
 * Map all of a ring with `data_bytes` of data, a power of two: zeroed, the data twice
 * in a row, the control page wiped in forked children, the file not there. NULL without memory or
 * descriptors. *number is that of its file; 0: it is in a memfd.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps.
 */
uint8_t *ctrace_ring_memory_map(size_t data_bytes, uint32_t *number);

/* Give the memory of `data`, in a memfd, back to the system; the next store brings it back. */
void ctrace_ring_memory_release(uint8_t *data, size_t data_bytes);

/*
 * Memory for data alone, twice in a row; a forked child does not have it. `number` 0: in a
 * memfd; else segment `step` of that ring, as a file. NULL without memory, space or descriptors.
 */
uint8_t *ctrace_ring_memory_map_data(size_t data_bytes, uint32_t number, unsigned step);
void ctrace_ring_memory_unmap_data(uint8_t *data, size_t data_bytes);
/* The file of a segment goes; who has it mapped keeps it. */
void ctrace_ring_memory_remove_file(uint32_t number, unsigned step);

/*
 * In a forked child: private zero pages where the file was mapped in the parent. False if
 * something else is there by now.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps.
 */
bool ctrace_ring_memory_stand_in(uint8_t *shared, size_t data_bytes);
bool ctrace_ring_memory_stand_in_data(uint8_t *data, size_t data_bytes);

#endif
