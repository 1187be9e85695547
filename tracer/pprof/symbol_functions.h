/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_FUNCTIONS_H
#define CTRACE_SYMBOL_FUNCTIONS_H

/*
 * The functions of a file by its symbol table: the full one, or the names that
 * other files may use (.dynsym) where that is stripped.
 */

#include "tracer/pprof/symbol_file.h"

struct ctrace_symbol_function {
	uint64_t address, end;
	const char *name;   /* borrows from the file */
	bool is_open_ended; /* its symbol says no size: it ends where the next begins, or its
			       section */
};

struct ctrace_symbol_functions {
	struct ctrace_symbol_function *list; /* owned; by address */
	size_t count, capacity;
};

/* False without memory. A file without symbols gives none. Allocates: yes. */
bool ctrace_symbol_functions_init(struct ctrace_symbol_functions *functions,
				  const struct ctrace_symbol_file *file);
void ctrace_symbol_functions_finish(struct ctrace_symbol_functions *functions);

/* The name as it is written there, mangled; NULL: no function is known at this address. */
const char *ctrace_symbol_functions_find(const struct ctrace_symbol_functions *functions,
					 uint64_t address);

#endif
