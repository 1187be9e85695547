/* SPDX-License-Identifier: MIT */

/* From addresses to source; see symbol_lookup.h. */

#include "tracer/pprof/symbol_lookup.h"

#include "tracer/pprof/symbol_names.h"

#include <dwarf.h>
#include <string.h>

/* Blocks within blocks of one function. */
#define BLOCKS_MAX 64u

/* ---- the files ---- */

static void open_dwarf(struct ctrace_symbol_lookup *lookup, const struct ctrace_symbol_file *file)
{
	uint64_t bytes = ctrace_symbol_file_debug_bytes(file);

	if (bytes == 0) {
		return;
	}
	lookup->is_too_big = bytes > CTRACE_SYMBOL_DEBUG_BYTES_MAX;
	if (lookup->is_too_big) {
		return;
	}
	lookup->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (lookup->dwarf != NULL && !ctrace_symbol_units_init(&lookup->units, lookup->dwarf)) {
		dwarf_end(lookup->dwarf);
		lookup->dwarf = NULL;
	}
}

bool ctrace_symbol_lookup_init(struct ctrace_symbol_lookup *lookup,
			       const struct ctrace_symbol_file *file, const char *path)
{
	const struct ctrace_symbol_file *best = file;

	*lookup = (struct ctrace_symbol_lookup){.dwarf = NULL};
	if (ctrace_symbol_file_debug_bytes(file) == 0 &&
	    ctrace_symbol_debug_open(&lookup->debug, file, path)) {
		best = &lookup->debug;
	}
	open_dwarf(lookup, best);
	if (!ctrace_symbol_functions_init(&lookup->functions, best)) {
		ctrace_symbol_lookup_finish(lookup);
		return false;
	}
	return true;
}

void ctrace_symbol_lookup_finish(struct ctrace_symbol_lookup *lookup)
{
	ctrace_symbol_units_finish(&lookup->units);
	ctrace_symbol_functions_finish(&lookup->functions);
	if (lookup->dwarf != NULL) {
		dwarf_end(lookup->dwarf);
	}
	ctrace_symbol_file_close(&lookup->debug);
	*lookup = (struct ctrace_symbol_lookup){.dwarf = NULL};
}

/* ---- functions inlined into one another ---- */

/* The entries of a function and what is inlined there, the outermost first. */
struct chain {
	Dwarf_Die dies[CTRACE_SYMBOL_INLINED_MAX];
	unsigned count;
};

/* A block may be written down without its addresses; its children have theirs. */
static bool may_hold(Dwarf_Die *die, uint64_t address)
{
	int has = dwarf_haspc(die, address);

	return has > 0 || (dwarf_tag(die) == DW_TAG_lexical_block &&
			   !dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges));
}

/* Adds what is inlined within `parent` at the address. True: something was. */
static bool add_inlined(struct chain *chain, Dwarf_Die *parent, uint64_t address, unsigned depth)
{
	Dwarf_Die child;
	int result = depth < BLOCKS_MAX ? dwarf_child(parent, &child) : 1;

	for (; result == 0; result = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) ||
		    !may_hold(&child, address)) {
			continue;
		}
		if (tag == DW_TAG_inlined_subroutine) {
			chain->count -= chain->count == CTRACE_SYMBOL_INLINED_MAX;
			chain->dies[chain->count++] = child;
			add_inlined(chain, &child, address, depth + 1);
			return true;
		}
		if (add_inlined(chain, &child, address, depth + 1)) {
			return true;
		}
	}
	return false;
}

/* ---- what a frame is called ---- */

static const char *linkage_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) == NULL &&
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute) == NULL) {
		return NULL;
	}
	return dwarf_formstring(&attribute);
}

static void name_frame(struct ctrace_symbol_frame *frame, Dwarf_Die *die)
{
	const char *name = linkage_name(die);

	if (name == NULL) {
		name = dwarf_diename(die);
	}
	frame->function[0] = '\0';
	if (name != NULL) {
		ctrace_symbol_name(name, frame->function, sizeof(frame->function));
	}
}

/* Where the address itself is written. */
static void locate_address(struct ctrace_symbol_frame *frame, Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	frame->file = line != NULL ? dwarf_linesrc(line, NULL, NULL) : NULL;
	frame->line = line != NULL && dwarf_lineno(line, &number) == 0 && number > 0
			      ? (uint32_t)number
			      : 0;
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	if (dwarf_attr(die, name, &attribute) == NULL || dwarf_formudata(&attribute, &value) != 0) {
		return 0;
	}
	return value;
}

/* Where the outer function calls what is inlined. */
static void locate_call(struct ctrace_symbol_frame *frame, Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Word file = number_of(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t count;

	frame->line = (uint32_t)number_of(inlined, DW_AT_call_line);
	frame->file = NULL;
	if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count) {
		frame->file = dwarf_filesrc(files, file, NULL, NULL);
	}
}

static unsigned fill(struct ctrace_symbol_lookup *lookup, uint64_t address,
		     struct ctrace_symbol_frame *frames)
{
	struct ctrace_symbol_unit *unit = ctrace_symbol_units_find(&lookup->units, address);
	Dwarf_Die *function = unit != NULL ? ctrace_symbol_unit_function(unit, address) : NULL;
	struct chain chain;

	if (function == NULL) {
		return 0;
	}
	chain.dies[0] = *function;
	chain.count = 1;
	add_inlined(&chain, function, address, 0);
	for (unsigned i = 0; i < chain.count; i++) {
		name_frame(&frames[i], &chain.dies[chain.count - 1 - i]);
		if (i == 0) {
			locate_address(&frames[i], &unit->lines, address);
		} else {
			locate_call(&frames[i], &unit->lines, &chain.dies[chain.count - i]);
		}
	}
	return chain.count;
}

unsigned ctrace_symbol_lookup(struct ctrace_symbol_lookup *lookup, uint64_t address,
			      struct ctrace_symbol_frame *frames)
{
	unsigned count = lookup->dwarf != NULL ? fill(lookup, address, frames) : 0;
	const char *symbol;

	if (count > 0 && frames[count - 1].function[0] != '\0') {
		return count;
	}
	symbol = ctrace_symbol_functions_find(&lookup->functions, address);
	if (symbol == NULL) {
		return count;
	}
	if (count == 0) {
		frames[0].file = NULL;
		frames[0].line = 0;
		count = 1;
	}
	ctrace_symbol_name(symbol, frames[count - 1].function, sizeof(frames[0].function));
	return count;
}
