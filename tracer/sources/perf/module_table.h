/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MODULE_TABLE_H
#define CTRACE_MODULE_TABLE_H

/*
 * The programs and libraries that samples lie in: each file once, whoever mapped it,
 * with its row in MODULES. A file is opened when its first mapping is told of, while its
 * process most likely lives, so that it can be read later even if it was deleted or replaced.
 *
 *     ctrace_module_at(modules, id)      of a frame
 *
 * The rest of its face is modules.h.
 */

#include "tracer/pprof/symbol_file.h"
#include "tracer/sources/perf/cfi_rules.h"
#include "tracer/sources/perf/modules.h"

struct ctrace_module {
	uint32_t id; /* its row; 1 and up */
	char *path;  /* as its process calls it; owned */
	struct ctrace_symbol_file
		file; /* elf NULL: it could not be opened, or was another by then */
	struct ctrace_cfi cfi;
	uint64_t device, inode; /* what the kernel told of it */
	uint8_t build_id[20];
	uint8_t build_id_size;
	bool is_kernel;
	uint64_t kernel_base; /* where the kernel begins; 0: not to be seen */
};

/* NULL: 0, or no such module. Borrows until destroy, but not over _get. */
struct ctrace_module *ctrace_module_at(struct ctrace_modules *modules, uint32_t id);

#endif
