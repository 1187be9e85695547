/* SPDX-License-Identifier: MIT */

/* From an address to its entry in .eh_frame; see frame_entry.h. */

#include "tracer/sources/perf/frame_entry.h"

#include "tracer/sources/perf/frame_leb.h"

#include <dwarf.h>
#include <string.h>

/* How a number is encoded: the low half byte its form, the high one what it is relative to. */
#define FORM(encoding)	   ((encoding)&0x0fu)
#define RELATIVE(encoding) ((encoding)&0x70u)
/* Version, three encodings, where .eh_frame is, how many entries. */
#define HEADER_BYTES 12u
#define ENTRY_BYTES  8u

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
			      const char *letters, struct ctrace_frame_entry *entry)
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

static bool read_cie(const struct ctrace_frame_bytes *bytes, uint64_t address,
		     struct ctrace_frame_entry *entry)
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

static bool read_fde(const struct ctrace_frame_bytes *bytes, uint64_t address,
		     struct ctrace_frame_entry *entry)
{
	struct ctrace_wire wire = open_entry(bytes, address);
	uint64_t here = address_of(bytes, wire.at);
	uint32_t back = ctrace_wire_u32(&wire);

	*entry = (struct ctrace_frame_entry){.encoding = DW_EH_PE_absptr};
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

bool ctrace_frame_entry_find(struct ctrace_frame_entry *entry,
			     const struct ctrace_frame_bytes *bytes, uint64_t address)
{
	uint64_t found = bytes->bytes != NULL ? search(bytes, address) : 0;

	return found != 0 && read_fde(bytes, found, entry) && address >= entry->begin &&
	       address - entry->begin < entry->size;
}
