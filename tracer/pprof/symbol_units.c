/* SPDX-License-Identifier: MIT */

/* Units and functions by address; see symbol_units.h. */

#include "tracer/pprof/symbol_units.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Namespaces within classes within namespaces. */
#define NESTING_MAX 64u

/* Room for one more of `size` bytes each. */
static bool grow(void **list, size_t *capacity, size_t count, size_t size)
{
	size_t wanted = *capacity != 0 ? 2 * *capacity : 16;
	void *more;

	if (count < *capacity) {
		return true;
	}
	more = realloc(*list, wanted * size);
	if (more == NULL) {
		return false;
	}
	*list = more;
	*capacity = wanted;
	return true;
}

/* ---- ranges ---- */

static bool add_range(struct ctrace_symbol_ranges *ranges, uint64_t low, uint64_t high,
		      size_t index)
{
	void *list = ranges->list;

	/* A linker that drops a function leaves its range at 0. */
	if (low == 0 || low >= high) {
		return true;
	}
	if (!grow(&list, &ranges->capacity, ranges->count, sizeof(*ranges->list))) {
		return false;
	}
	ranges->list = list;
	ranges->list[ranges->count++] =
		(struct ctrace_symbol_range){.low = low, .high = high, .index = index};
	return true;
}

static bool add_ranges(struct ctrace_symbol_ranges *ranges, Dwarf_Die *die, size_t index)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		if (!add_range(ranges, low, high, index)) {
			return false;
		}
	}
	return true;
}

static int by_low(const void *a, const void *b)
{
	const struct ctrace_symbol_range *one = a, *other = b;

	return (one->low > other->low) - (one->low < other->low);
}

static void sort(struct ctrace_symbol_ranges *ranges)
{
	if (ranges->count > 0) {
		qsort(ranges->list, ranges->count, sizeof(*ranges->list), by_low);
	}
}

static const struct ctrace_symbol_range *find_range(const struct ctrace_symbol_ranges *ranges,
						    uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->list[middle].low <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0 || address >= ranges->list[low - 1].high) {
		return NULL;
	}
	return &ranges->list[low - 1];
}

/* ---- units ---- */

static bool has_code(uint8_t type)
{
	return type == DW_UT_compile || type == DW_UT_skeleton || type == DW_UT_split_compile;
}

static bool add_unit(struct ctrace_symbol_units *units, Dwarf_Die *lines, Dwarf_Die *split)
{
	void *list = units->list;

	if (!grow(&list, &units->capacity, units->count, sizeof(*units->list))) {
		return false;
	}
	units->list = list;
	units->list[units->count] = (struct ctrace_symbol_unit){
		.lines = *lines, .functions = dwarf_tag(split) > 0 ? *split : *lines};
	return add_ranges(&units->ranges, lines, units->count++);
}

bool ctrace_symbol_units_init(struct ctrace_symbol_units *units, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die lines, split;
	uint8_t type;

	*units = (struct ctrace_symbol_units){.list = NULL};
	memset(&split, 0, sizeof(split));
	while (dwarf_get_units(dwarf, unit, &unit, NULL, &type, &lines, &split) == 0) {
		if (has_code(type) && !add_unit(units, &lines, &split)) {
			ctrace_symbol_units_finish(units);
			return false;
		}
		memset(&split, 0, sizeof(split));
	}
	sort(&units->ranges);
	return true;
}

void ctrace_symbol_units_finish(struct ctrace_symbol_units *units)
{
	for (size_t i = 0; i < units->count; i++) {
		free(units->list[i].list);
		free(units->list[i].ranges.list);
	}
	free(units->list);
	free(units->ranges.list);
	*units = (struct ctrace_symbol_units){.list = NULL};
}

struct ctrace_symbol_unit *ctrace_symbol_units_find(struct ctrace_symbol_units *units,
						    uint64_t address)
{
	const struct ctrace_symbol_range *range = find_range(&units->ranges, address);

	return range != NULL ? &units->list[range->index] : NULL;
}

/* ---- functions of a unit ---- */

static bool add_function(struct ctrace_symbol_unit *unit, Dwarf_Die *die)
{
	void *list = unit->list;

	if (!grow(&list, &unit->capacity, unit->count, sizeof(*unit->list))) {
		return false;
	}
	unit->list = list;
	unit->list[unit->count] = *die;
	return add_ranges(&unit->ranges, die, unit->count++);
}

/* What may hold functions. */
static bool is_scope(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_module;
}

static bool list_functions(struct ctrace_symbol_unit *unit, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die child;
	int result = dwarf_child(parent, &child);

	for (; result == 0; result = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);
		bool is_good = true;

		if (tag == DW_TAG_subprogram) {
			is_good = add_function(unit, &child);
		} else if (is_scope(tag) && depth < NESTING_MAX) {
			is_good = list_functions(unit, &child, depth + 1);
		}
		if (!is_good) {
			return false;
		}
	}
	return true;
}

Dwarf_Die *ctrace_symbol_unit_function(struct ctrace_symbol_unit *unit, uint64_t address)
{
	const struct ctrace_symbol_range *range;

	if (!unit->is_listed) {
		unit->is_listed = true;
		list_functions(unit, &unit->functions, 0);
		sort(&unit->ranges);
	}
	range = find_range(&unit->ranges, address);
	return range != NULL ? &unit->list[range->index] : NULL;
}
