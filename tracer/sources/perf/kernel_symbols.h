/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_SYMBOLS_H
#define CTRACE_KERNEL_SYMBOLS_H

/*
 * The kernel's own functions by address, as /proc/kallsyms has them: for root, or where
 * kernel.kptr_restrict lets a user see them. Elsewhere all addresses there are 0.
 *
 *     ctrace_kernel_symbols_base(path)          where the kernel begins: cheap
 *     ctrace_kernel_symbols_load(&symbols, path)
 *       ctrace_kernel_symbols_find(&symbols, address)
 *     ctrace_kernel_symbols_finish(&symbols)
 *
 * A trace has addresses after that beginning: where the kernel lies is not told to who reads it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTRACE_KALLSYMS "/proc/kallsyms"

struct ctrace_kernel_symbol {
	uint64_t address;
	size_t name; /* where it begins in `names` */
};

struct ctrace_kernel_symbols {
	struct ctrace_kernel_symbol *list; /* owned; by address */
	size_t count, capacity;
	char *names; /* owned */
};

/* 0: not to be seen. Blocks: on /proc.  Allocates: no. */
uint64_t ctrace_kernel_symbols_base(const char *path);

/* False: there is nothing to be seen, or no memory. Blocks: a tenth of a second. */
bool ctrace_kernel_symbols_load(struct ctrace_kernel_symbols *symbols, const char *path);
/* Takes zeroed ones. */
void ctrace_kernel_symbols_finish(struct ctrace_kernel_symbols *symbols);

/* The function that the address is in; NULL: in none that is known. Borrows until finish. */
const char *ctrace_kernel_symbols_find(const struct ctrace_kernel_symbols *symbols,
				       uint64_t address);

#endif
