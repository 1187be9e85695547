/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROCESS_MAPS_H
#define CTRACE_PROCESS_MAPS_H

/*
 * What each process has mapped that can run, so that an address becomes a place in a
 * file. Told by the kernel's records in the order of time; and read from /proc where records
 * were lost.
 *
 *     ctrace_process_maps_create()
 *       _map(maps, pid, &mapping)   _fork(maps, parent, child)   _exec(maps, pid)   _exit(maps,
 * pid) _find(maps, pid, address, &mapping) ctrace_process_maps_destroy(maps)
 */

#include <stdbool.h>
#include <stdint.h>

struct ctrace_mapping {
	uint64_t start, end;
	uint64_t file_offset; /* of what is at start */
	uint32_t module;      /* modules.h; 0: none */
};

/* NULL without memory. */
struct ctrace_process_maps *ctrace_process_maps_create(void);
void ctrace_process_maps_destroy(struct ctrace_process_maps *maps);

/* Something new is there; what it covers is gone. Allocates: yes. */
void ctrace_process_maps_map(struct ctrace_process_maps *maps, uint32_t pid,
			     const struct ctrace_mapping *mapping);
/* A child has what its parent has. */
void ctrace_process_maps_fork(struct ctrace_process_maps *maps, uint32_t parent, uint32_t child);
/* Nothing of the old program is left. */
void ctrace_process_maps_exec(struct ctrace_process_maps *maps, uint32_t pid);
/* Its number may be used again; its mappings stay until then, for samples that come late. */
void ctrace_process_maps_exit(struct ctrace_process_maps *maps, uint32_t pid);

/* False: nothing is known to be there. */
bool ctrace_process_maps_find(const struct ctrace_process_maps *maps, uint32_t pid,
			      uint64_t address, struct ctrace_mapping *mapping);

#endif
