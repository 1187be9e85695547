/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_UNITS_H
#define CTRACE_SYMBOL_UNITS_H

/*
 * Debugging information by address: which compilation unit, and which function of
 * it. Made from the units themselves, since not every compiler writes the index that
 * DWARF has for it; a unit's functions are listed when the first of them is asked for.
 *
 *     address ─► unit (ranges of all units, sorted) ─► function (ranges of its own, sorted)
 */

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From `low` to below `high`: the unit, or the function, of this number. */
struct ctrace_symbol_range {
	uint64_t low, high;
	size_t index;
};

struct ctrace_symbol_ranges {
	struct ctrace_symbol_range *list; /* owned */
	size_t count, capacity;
};

struct ctrace_symbol_unit {
	Dwarf_Die lines;     /* the unit that has the line table */
	Dwarf_Die functions; /* the one that has the functions: another if they are in a .dwo */
	Dwarf_Die *list;     /* owned: the functions' entries */
	size_t count, capacity;
	struct ctrace_symbol_ranges ranges;
	bool is_listed;
};

struct ctrace_symbol_units {
	struct ctrace_symbol_unit *list; /* owned */
	size_t count, capacity;
	struct ctrace_symbol_ranges ranges;
};

/* Index the units of `dwarf`, borrowed until finish. False without memory. Allocates: yes. */
bool ctrace_symbol_units_init(struct ctrace_symbol_units *units, Dwarf *dwarf);
void ctrace_symbol_units_finish(struct ctrace_symbol_units *units);

/* The unit that has this address; NULL: none. */
struct ctrace_symbol_unit *ctrace_symbol_units_find(struct ctrace_symbol_units *units,
						    uint64_t address);

/* The function of the unit that has this address; NULL: none. Allocates: at first. */
Dwarf_Die *ctrace_symbol_unit_function(struct ctrace_symbol_unit *unit, uint64_t address);

#endif
