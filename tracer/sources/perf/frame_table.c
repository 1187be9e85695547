/* SPDX-License-Identifier: MIT */

/* Finding and running call frame information; see frame_table.h. The step is in frame_step.c. */

#include "tracer/sources/perf/frame_table.h"

#include "format/wire.h"
#include "tracer/sources/perf/frame_leb.h"

#include <dwarf.h>

/* How a number is encoded: the low half byte its form, the high one what it is relative to. */
#define FORM(encoding)	   ((encoding)&0x0fu)
#define RELATIVE(encoding) ((encoding)&0x70u)
/* Compilers nest them once. */
#define REMEMBERED_MAX 8u
/* Version, three encodings, where .eh_frame is, how many entries. */
#define HEADER_BYTES 12u
#define ENTRY_BYTES  8u

struct entry { /* CIE and FDE, as far as they matter */
	uint64_t code_factor, begin, size;
	int64_t data_factor;
	uint8_t encoding;
	bool has_augmentation, is_signal;
	struct ctrace_wire first, own; /* instructions: of the CIE, of the FDE */
};

struct run {
	struct ctrace_frame_way row, initial;
	struct ctrace_frame_way remembered[REMEMBERED_MAX];
	unsigned depth;
	uint64_t at; /* the address that the row is for */
	const struct entry *entry;
};

/* ---- places ---- */

/* What lies from this address on; an empty one if it is outside. */
static struct ctrace_wire wire_at(const struct ctrace_frame_bytes *bytes, uint64_t address)
{
	uint64_t at = address - bytes->address;

	if (address < bytes->address || at > bytes->size) {
		return ctrace_wire_over(bytes->bytes, 0);
	}
	return ctrace_wire_over(bytes->bytes + at, (size_t)(bytes->size - at));
}

static uint64_t address_of(const struct ctrace_frame_bytes *bytes, const uint8_t *at)
{
	return bytes->address + (uint64_t)(at - bytes->bytes);
}

static uint64_t read_form(struct ctrace_wire *wire, unsigned form)
{
	switch (form) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return ctrace_wire_u64(wire);
	case DW_EH_PE_udata4:
		return ctrace_wire_u32(wire);
	case DW_EH_PE_sdata4:
		return (uint64_t)(int64_t)(int32_t)ctrace_wire_u32(wire);
	case DW_EH_PE_udata2:
		return ctrace_wire_u16(wire);
	case DW_EH_PE_sdata2:
		return (uint64_t)(int64_t)(int16_t)ctrace_wire_u16(wire);
	default:
		return ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
	}
}

static uint64_t read_pointer(const struct ctrace_frame_bytes *bytes, struct ctrace_wire *wire,
			     unsigned encoding)
{
	uint64_t here = address_of(bytes, wire->at);
	uint64_t value = read_form(wire, FORM(encoding));

	return RELATIVE(encoding) == DW_EH_PE_pcrel ? value + here : value;
}

/* ---- the table in front: which entry an address is in ---- */

/* Entries are pairs of four bytes, relative to the header; every linker makes them so. */
static uint64_t entry_word(const uint8_t *table, uint32_t index, unsigned word, uint64_t header)
{
	const uint8_t *at = table + (size_t)index * ENTRY_BYTES + (size_t)4 * word;

	return header + (uint64_t)(int64_t)(int32_t)ctrace_get_le(at, 4);
}

/* Where the last entry is that begins at or before the address; 0: there is none. */
static uint64_t search(const struct ctrace_frame_bytes *bytes, uint64_t address)
{
	struct ctrace_wire wire = wire_at(bytes, bytes->header);
	const uint8_t *head = ctrace_wire_take(&wire, HEADER_BYTES), *table;
	uint32_t low = 0, high;

	if (head == NULL || head[0] != 1 || FORM(head[1]) != DW_EH_PE_sdata4 ||
	    head[2] != DW_EH_PE_udata4 || head[3] != (DW_EH_PE_datarel | DW_EH_PE_sdata4)) {
		return 0;
	}
	high = (uint32_t)ctrace_get_le(head + 8, 4);
	table = ctrace_wire_take(&wire, (uint64_t)high * ENTRY_BYTES);
	while (table != NULL && low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (entry_word(table, middle, 0, bytes->header) <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return table != NULL && low > 0 ? entry_word(table, low - 1, 1, bytes->header) : 0;
}

/* ---- entries ---- */

/* The rest of an entry, behind its length; 64-bit ones are not made by anybody. */
static struct ctrace_wire open_entry(const struct ctrace_frame_bytes *bytes, uint64_t address)
{
	struct ctrace_wire wire = wire_at(bytes, address);
	uint32_t size = ctrace_wire_u32(&wire);
	const uint8_t *at = ctrace_wire_take(&wire, size);

	return at != NULL && size != 0 && size != UINT32_MAX ? ctrace_wire_over(at, size)
							     : ctrace_wire_over(bytes->bytes, 0);
}

/* What the letters behind the `z` stand for. */
static void read_augmentation(const struct ctrace_frame_bytes *bytes, struct ctrace_wire *wire,
			      const char *letters, struct entry *entry)
{
	for (; *letters != '\0'; letters++) {
		if (*letters == 'R') {
			entry->encoding = ctrace_wire_u8(wire);
		} else if (*letters == 'L') {
			ctrace_wire_u8(wire);
		} else if (*letters == 'P') {
			uint8_t encoding = ctrace_wire_u8(wire);

			read_pointer(bytes, wire, encoding);
		} else if (*letters == 'S') {
			entry->is_signal = true;
		} else {
			return; /* its size is known all the same */
		}
	}
}

static bool read_cie(const struct ctrace_frame_bytes *bytes, uint64_t address, struct entry *entry)
{
	struct ctrace_wire wire = open_entry(bytes, address), data;
	uint32_t id = ctrace_wire_u32(&wire);
	uint8_t version = ctrace_wire_u8(&wire);
	size_t left = ctrace_wire_left(&wire);
	const char *letters = (const char *)wire.at;
	uint64_t size;

	if (id != 0 || (version != 1 && version != 3) || memchr(letters, 0, left) == NULL) {
		return false;
	}
	ctrace_wire_take(&wire, strlen(letters) + 1);
	entry->code_factor = ctrace_leb_unsigned(&wire);
	entry->data_factor = ctrace_leb_signed(&wire);
	if ((version == 1 ? ctrace_wire_u8(&wire) : ctrace_leb_unsigned(&wire)) !=
	    CTRACE_CFI_RETURN_ADDRESS) {
		return false;
	}
	entry->has_augmentation = letters[0] == 'z';
	if (!entry->has_augmentation && letters[0] != '\0') {
		return false;
	}
	if (entry->has_augmentation) {
		size = ctrace_leb_unsigned(&wire);
		data = ctrace_wire_over(wire.at, ctrace_wire_left(&wire));
		ctrace_wire_take(&wire, size);
		read_augmentation(bytes, &data, letters + 1, entry);
	}
	entry->first = wire;
	return wire.fault == CTRACE_WIRE_GOOD;
}

static bool read_fde(const struct ctrace_frame_bytes *bytes, uint64_t address, struct entry *entry)
{
	struct ctrace_wire wire = open_entry(bytes, address);
	uint64_t here = address_of(bytes, wire.at);
	uint32_t back = ctrace_wire_u32(&wire);

	*entry = (struct entry){.encoding = DW_EH_PE_absptr};
	if (back == 0 || !read_cie(bytes, here - back, entry)) {
		return false;
	}
	entry->begin = read_pointer(bytes, &wire, entry->encoding);
	entry->size = read_form(&wire, FORM(entry->encoding));
	if (entry->has_augmentation) {
		ctrace_wire_take(&wire, ctrace_leb_unsigned(&wire));
	}
	entry->own = wire;
	return wire.fault == CTRACE_WIRE_GOOD;
}

/* ---- running it ---- */

/* The three registers that matter; others are read and forgotten. */
static struct ctrace_frame_rule *rule_of(struct ctrace_frame_way *row, uint64_t number,
					 struct ctrace_frame_rule *other)
{
	switch (number) {
	case CTRACE_CFI_FRAME_POINTER:
		return &row->frame_pointer;
	case CTRACE_CFI_STACK_POINTER:
		return &row->stack_pointer;
	case CTRACE_CFI_RETURN_ADDRESS:
		return &row->return_address;
	default:
		return other;
	}
}

static void set_rule(struct run *run, uint64_t number, enum ctrace_frame_rule_kind kind,
		     int64_t offset)
{
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) =
		(struct ctrace_frame_rule){.kind = kind, .offset = offset};
}

static void set_expression(struct run *run, uint64_t number, enum ctrace_frame_rule_kind kind,
			   struct ctrace_wire *wire)
{
	uint64_t size = ctrace_leb_unsigned(wire);
	const uint8_t *expression = ctrace_wire_take(wire, size);
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) = (struct ctrace_frame_rule){
		.kind = kind, .number = (uint32_t)size, .expression = expression};
}

static void restore(struct run *run, uint64_t number)
{
	struct ctrace_frame_rule other = {.kind = CTRACE_FRAME_SAME};

	*rule_of(&run->row, number, &other) = *rule_of(&run->initial, number, &other);
}

static void set_frame_address(struct run *run, uint64_t number, int64_t offset)
{
	run->row.frame_address = (struct ctrace_frame_rule){
		.kind = CTRACE_FRAME_REGISTER, .number = (uint32_t)number, .offset = offset};
}

static void copy_register(struct run *run, uint64_t number, uint64_t from)
{
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) =
		(struct ctrace_frame_rule){.kind = CTRACE_FRAME_REGISTER, .number = (uint32_t)from};
}

static int64_t factored(const struct run *run, struct ctrace_wire *wire, bool is_signed)
{
	uint64_t number = is_signed ? (uint64_t)ctrace_leb_signed(wire) : ctrace_leb_unsigned(wire);

	return (int64_t)(number * (uint64_t)run->entry->data_factor);
}

static void remember(struct run *run, struct ctrace_wire *wire)
{
	if (run->depth == REMEMBERED_MAX) {
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
		return;
	}
	run->remembered[run->depth++] = run->row;
}

static void recall(struct run *run, struct ctrace_wire *wire)
{
	if (run->depth == 0) {
		ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		return;
	}
	run->row = run->remembered[--run->depth];
}

/* Instructions that say where the frame is. */
static bool run_frame_address(struct run *run, struct ctrace_wire *wire, uint8_t code)
{
	struct ctrace_frame_rule *rule = &run->row.frame_address;
	uint64_t number;

	switch (code) {
	case DW_CFA_def_cfa:
		number = ctrace_leb_unsigned(wire);
		set_frame_address(run, number, (int64_t)ctrace_leb_unsigned(wire));
		return true;
	case DW_CFA_def_cfa_sf:
		number = ctrace_leb_unsigned(wire);
		set_frame_address(run, number, factored(run, wire, true));
		return true;
	case DW_CFA_def_cfa_register:
		rule->number = (uint32_t)ctrace_leb_unsigned(wire);
		return true;
	case DW_CFA_def_cfa_offset:
		rule->offset = (int64_t)ctrace_leb_unsigned(wire);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		rule->offset = factored(run, wire, true);
		return true;
	case DW_CFA_def_cfa_expression:
		rule->kind = CTRACE_FRAME_VAL_EXPRESSION;
		rule->number = (uint32_t)ctrace_leb_unsigned(wire);
		rule->expression = ctrace_wire_take(wire, rule->number);
		return true;
	default:
		return false;
	}
}

/* Instructions that say where a register is. */
static bool run_register(struct run *run, struct ctrace_wire *wire, uint8_t code)
{
	uint64_t number;

	if (code < DW_CFA_offset_extended || code > DW_CFA_val_expression) {
		return false;
	}
	number = ctrace_leb_unsigned(wire);
	switch (code) {
	case DW_CFA_offset_extended:
		set_rule(run, number, CTRACE_FRAME_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_offset_extended_sf:
		set_rule(run, number, CTRACE_FRAME_OFFSET, factored(run, wire, true));
		return true;
	case DW_CFA_val_offset:
		set_rule(run, number, CTRACE_FRAME_VAL_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_val_offset_sf:
		set_rule(run, number, CTRACE_FRAME_VAL_OFFSET, factored(run, wire, true));
		return true;
	case DW_CFA_restore_extended:
		restore(run, number);
		return true;
	case DW_CFA_undefined:
		set_rule(run, number, CTRACE_FRAME_UNDEFINED, 0);
		return true;
	case DW_CFA_same_value:
		set_rule(run, number, CTRACE_FRAME_SAME, 0);
		return true;
	case DW_CFA_register:
		copy_register(run, number, ctrace_leb_unsigned(wire));
		return true;
	case DW_CFA_expression:
		set_expression(run, number, CTRACE_FRAME_EXPRESSION, wire);
		return true;
	case DW_CFA_val_expression:
		set_expression(run, number, CTRACE_FRAME_VAL_EXPRESSION, wire);
		return true;
	default:
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
		return true;
	}
}

/* Those of which the argument is in the code; *advance: how far the next row begins. */
static bool run_short(struct run *run, struct ctrace_wire *wire, uint8_t code, uint64_t *advance)
{
	uint64_t low = code & 0x3fu;

	switch (code & 0xc0u) {
	case DW_CFA_advance_loc:
		*advance = low;
		return true;
	case DW_CFA_offset:
		set_rule(run, low, CTRACE_FRAME_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_restore:
		restore(run, low);
		return true;
	default:
		return false;
	}
}

static bool run_other(struct run *run, struct ctrace_wire *wire, uint8_t code, uint64_t *advance)
{
	switch (code) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_advance_loc1:
		*advance = ctrace_wire_u8(wire);
		return true;
	case DW_CFA_advance_loc2:
		*advance = ctrace_wire_u16(wire);
		return true;
	case DW_CFA_advance_loc4:
		*advance = ctrace_wire_u32(wire);
		return true;
	case DW_CFA_remember_state:
		remember(run, wire);
		return true;
	case DW_CFA_restore_state:
		recall(run, wire);
		return true;
	case DW_CFA_GNU_args_size:
		ctrace_leb_unsigned(wire);
		return true;
	default:
		return false;
	}
}

/* Returns how far behind this row the next one begins; 0: it goes on. */
static uint64_t run_one(struct run *run, struct ctrace_wire *wire)
{
	uint8_t code = ctrace_wire_u8(wire);
	uint64_t advance = 0;

	if (!run_short(run, wire, code, &advance) && !run_other(run, wire, code, &advance) &&
	    !run_frame_address(run, wire, code) && !run_register(run, wire, code)) {
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
	}
	return advance * run->entry->code_factor;
}

/* Up to the row that holds for `address`. */
static bool run_until(struct run *run, struct ctrace_wire wire, uint64_t address)
{
	while (ctrace_wire_left(&wire) > 0 && wire.fault == CTRACE_WIRE_GOOD) {
		uint64_t advance = run_one(run, &wire);

		if (advance > address - run->at) {
			break; /* that row is for what comes after */
		}
		run->at += advance;
	}
	return wire.fault == CTRACE_WIRE_GOOD;
}

bool ctrace_frame_find(const struct ctrace_frame_bytes *bytes, uint64_t address,
		       struct ctrace_frame_way *row)
{
	uint64_t found = bytes->bytes != NULL ? search(bytes, address) : 0;
	struct entry entry;
	struct run run = {.entry = &entry};

	if (found == 0 || !read_fde(bytes, found, &entry) || address < entry.begin ||
	    address - entry.begin >= entry.size) {
		return false;
	}
	run.at = 0;
	if (!run_until(&run, entry.first, UINT64_MAX)) {
		return false;
	}
	run.initial = run.row;
	run.at = entry.begin;
	if (!run_until(&run, entry.own, address)) {
		return false;
	}
	*row = run.row;
	row->is_signal = entry.is_signal;
	return true;
}
