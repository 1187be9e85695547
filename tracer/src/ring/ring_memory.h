/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_MEMORY_H
#define CTRACE_RING_MEMORY_H

/*
 * Where rings live: one reservation of addresses, private memory that a forked child
 * finds zeroed, or in part a file that others may map.
 *
 *     | control block, 2 pages |  shared  | nested 1..4 |  data  |
 *       as it was | zeroed     |- in a forked child: zeroed; a file: not there -|
 *
 * The file is what `ctrace_ring_memory_set_files` says: one of a ring directory, which
 * outlives the process. So is that of the data alone where a ring goes on once it has
 * grown. No memory is shared by a process and private in its child, so a child has none
 * of a file, and what a fork that tells the library does is to stand in for it.
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

/* Rings made from now on live in such files; NULL: in private memory. Borrowed for ever. */
void ctrace_ring_memory_set_files(const struct ctrace_ring_files *files);

/*
 * Map all of a ring with `data_bytes` of data, a power of two, zeroed. NULL without memory, space
 * or descriptors. *number is that of its file; 0: it is in private memory.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps.
 */
uint8_t *ctrace_ring_memory_map(size_t data_bytes, uint32_t *number);

/* Give the memory of `data`, a private one, back to the system; the next store brings it back,
 * zeroed. */
void ctrace_ring_memory_release(uint8_t *data, size_t data_bytes);

/*
 * Memory for data alone. `number` 0: private; else segment `step` of that ring, as a file. NULL
 * without memory, space or descriptors.
 */
uint8_t *ctrace_ring_memory_map_data(size_t data_bytes, uint32_t number, unsigned step);
void ctrace_ring_memory_unmap_data(uint8_t *data, size_t data_bytes);
/* The file of a segment goes; who has it mapped keeps it. */
void ctrace_ring_memory_remove_file(uint32_t number, unsigned step);

/*
 * In a forked child: private zero pages where a file was mapped in the parent, if nothing else is
 * there by now.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps.
 */
void ctrace_ring_memory_stand_in(uint8_t *from, size_t bytes);

#endif
