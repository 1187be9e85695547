/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_LOOKUP_H
#define CTRACE_SYMBOL_LOOKUP_H

/*
 * What the source says of an address: the function, its file and line, and the
 * functions that it is inlined into.
 *
 *     ctrace_symbol_lookup_init(&lookup, &file, path)
 *       count = ctrace_symbol_lookup(&lookup, address, frames)   innermost first
 *     ctrace_symbol_lookup_finish(&lookup)
 *
 * With debugging information (in the file, or beside it, symbol_debug.h) all of it; else the
 * name in the symbol table; else nothing.
 */

#include "tracer/pprof/symbol_debug.h"
#include "tracer/pprof/symbol_functions.h"
#include "tracer/pprof/symbol_units.h"
#include "tracer/src/limits.h"

#define CTRACE_SYMBOL_NAME_BYTES 1024u

struct ctrace_symbol_frame {
	char function[CTRACE_SYMBOL_NAME_BYTES]; /* readable; empty: not known */
	const char *file;			 /* NULL: not known; borrows from the lookup */
	uint32_t line;				 /* 0: not known */
};

struct ctrace_symbol_lookup {
	struct ctrace_symbol_file debug; /* elf NULL: the file has its own, or there is none */
	struct ctrace_symbol_functions functions;
	struct ctrace_symbol_units units;
	Dwarf *dwarf;	 /* NULL: none, or too much */
	bool is_too_big; /* there is debugging information, over the limit */
};

/*
 * `file` is borrowed until finish; `path` is the name it had. False without memory.
 * Blocks: on the disk.  Allocates: yes, up to twice CTRACE_SYMBOL_DEBUG_BYTES_MAX.
 */
bool ctrace_symbol_lookup_init(struct ctrace_symbol_lookup *lookup,
			       const struct ctrace_symbol_file *file, const char *path);
/* Takes zeroed ones. */
void ctrace_symbol_lookup_finish(struct ctrace_symbol_lookup *lookup);

/* Returns how many of `frames` (CTRACE_SYMBOL_INLINED_MAX) were filled, the innermost first; 0:
 * nothing is known of this address. */
unsigned ctrace_symbol_lookup(struct ctrace_symbol_lookup *lookup, uint64_t address,
			      struct ctrace_symbol_frame *frames);

#endif
