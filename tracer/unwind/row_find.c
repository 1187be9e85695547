/* SPDX-License-Identifier: MIT */

/* Rows from the call frame information of modules; see row_find.h. */

#include "tracer/unwind/row_find.h"

#include "tracer/sources/perf/frame_leb.h"
#include "tracer/sources/perf/frame_table.h"
#include "tracer/unwind/readable.h"
#include "tracer/unwind/unwind_row.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>

/* ---- from what was said of an address to its row ---- */

/* An offset of a place below the frame's end, in words below the return address; 0: it is none. */
static uint64_t saved_words(int64_t offset)
{
	if (offset >= -8 || offset % 8 != 0 || offset < -8 * (int64_t)(CTRACE_ROW_SAVED_MAX + 1)) {
		return 0;
	}
	return (uint64_t)-offset / 8 - 1;
}

/* `breg6 number` and what stands behind it. */
static bool is_frame_pointer_and(const struct ctrace_frame_rule *rule, int64_t *number,
				 struct ctrace_wire *rest)
{
	*rest = ctrace_wire_over(rule->expression, rule->number);
	if (ctrace_wire_u8(rest) != DW_OP_breg0 + CTRACE_CFI_FRAME_POINTER) {
		return false;
	}
	*number = ctrace_leb_signed(rest);
	return rest->fault == CTRACE_WIRE_GOOD;
}

/* A function that has aligned its stack keeps its frame's end in a place of its own, and its
 * caller's frame pointer at its own one. */
static uint64_t realigned(const struct ctrace_frame_way *way)
{
	struct ctrace_wire rest;
	int64_t end, saved;

	if (!is_frame_pointer_and(&way->frame_address, &end, &rest) || end >= 0 || end % 8 != 0 ||
	    ctrace_wire_left(&rest) != 1 || *rest.at != DW_OP_deref ||
	    way->frame_pointer.kind != CTRACE_FRAME_EXPRESSION ||
	    !is_frame_pointer_and(&way->frame_pointer, &saved, &rest) || saved != 0 ||
	    ctrace_wire_left(&rest) != 0) {
		return CTRACE_ROW_UNKNOWN;
	}
	return ctrace_row(CTRACE_ROW_REALIGNED, 0, (uint64_t)-end / 8);
}

static uint64_t from_register(const struct ctrace_frame_way *way, uint64_t saved)
{
	const struct ctrace_frame_rule *end = &way->frame_address;

	if (end->offset < 8 || end->offset % 8 != 0 || end->offset > INT32_MAX) {
		return CTRACE_ROW_UNKNOWN;
	}
	if (end->number == CTRACE_CFI_STACK_POINTER) {
		return ctrace_row(CTRACE_ROW_STACK, saved, (uint64_t)end->offset / 8);
	}
	return end->number == CTRACE_CFI_FRAME_POINTER
		       ? ctrace_row(CTRACE_ROW_FRAME, saved, (uint64_t)end->offset / 8)
		       : CTRACE_ROW_UNKNOWN;
}

static uint64_t row_of(const struct ctrace_frame_way *way)
{
	const struct ctrace_frame_rule *back = &way->return_address, *frame = &way->frame_pointer;
	uint64_t saved = frame->kind == CTRACE_FRAME_OFFSET ? saved_words(frame->offset) : 0;
	bool is_ours = frame->kind == CTRACE_FRAME_SAME || frame->kind == CTRACE_FRAME_UNDEFINED;

	if (back->kind == CTRACE_FRAME_UNDEFINED || back->kind == CTRACE_FRAME_SAME) {
		return CTRACE_ROW_OUTERMOST;
	}
	if (way->is_signal) {
		return CTRACE_ROW_SIGNAL;
	}
	if (back->kind != CTRACE_FRAME_OFFSET || back->offset != -8 ||
	    way->stack_pointer.kind != CTRACE_FRAME_SAME) {
		return CTRACE_ROW_UNKNOWN;
	}
	if (way->frame_address.kind == CTRACE_FRAME_VAL_EXPRESSION) {
		return realigned(way);
	}
	return saved != 0 || is_ours ? from_register(way, saved) : CTRACE_ROW_UNKNOWN;
}

/* ---- modules ---- */

/* The frame pointer leads to its predecessor, and behind that to where to go on. */
static uint64_t by_frame_pointer(void)
{
	return ctrace_row(CTRACE_ROW_GUESS, 1, 2);
}

#if defined(__x86_64__) && defined(DLFO_STRUCT_HAS_EH_COUNT)

#pragma weak _dl_find_object

/* The loaded segment that holds this address, by the headers at the module's beginning. */
static bool find_segment(const struct dl_find_object *object, uintptr_t address,
			 struct ctrace_frame_bytes *bytes)
{
	const ElfW(Ehdr) *file = object->dlfo_map_start;
	uintptr_t base = object->dlfo_link_map->l_addr;
	const ElfW(Phdr) * segment;

	if (!ctrace_is_readable((uintptr_t)file) || memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 ||
	    file->e_phentsize != sizeof(*segment) ||
	    file->e_phoff + file->e_phnum * sizeof(*segment) > CTRACE_READABLE_PAGE) {
		return false;
	}
	segment = (const void *)((const char *)file + file->e_phoff);
	for (unsigned i = 0; i < file->e_phnum; i++) {
		uintptr_t begin = base + segment[i].p_vaddr;

		if (segment[i].p_type == PT_LOAD && address - begin < segment[i].p_filesz) {
			bytes->bytes =
				(const uint8_t *)begin; /* NOLINT: the loader tells numbers */
			bytes->address = begin;
			bytes->size = segment[i].p_filesz;
			return ctrace_is_readable(begin);
		}
	}
	return false;
}

bool ctrace_rows_can_be_found(void)
{
	return _dl_find_object != NULL;
}

uint64_t ctrace_row_find(uintptr_t address, bool *is_lasting)
{
	struct dl_find_object object;
	struct ctrace_frame_bytes bytes = {.bytes = NULL};
	struct ctrace_frame_way way;

	/* NOLINTNEXTLINE: a place of code */
	*is_lasting = _dl_find_object((void *)address, &object) == 0;
	if (!*is_lasting || object.dlfo_eh_frame == NULL) {
		return by_frame_pointer();
	}
	bytes.header = (uintptr_t)object.dlfo_eh_frame;
	if (!find_segment(&object, bytes.header, &bytes) ||
	    !ctrace_frame_find(&bytes, address, &way)) {
		return CTRACE_ROW_UNKNOWN;
	}
	return row_of(&way);
}

#else

bool ctrace_rows_can_be_found(void)
{
	return false;
}

uint64_t ctrace_row_find(uintptr_t address, bool *is_lasting)
{
	(void)address;
	(void)row_of;
	*is_lasting = false;
	return by_frame_pointer();
}

#endif
