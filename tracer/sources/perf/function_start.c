/* SPDX-License-Identifier: MIT */

/* Beginnings of functions; see function_start.h. */

#include "tracer/sources/perf/function_start.h"

#include "format/wire.h"

#include <elf.h>
#include <string.h>

/* Of linkers that put gaps of a page between the pieces of a file, and none into the file. */
#define GAPS_MAX   4u
#define PAGE_BYTES 4096u
/* As many as a file's own loader would take in. */
#define SEGMENTS_MAX 64u
/* version, and how three numbers are written: what all linkers do */
#define HEADER_BYTES 12u

static const uint8_t usual_header[] = {1, 0x1b, 0x03, 0x3b};

static bool read_all(const struct ctrace_code_reader *code, uint64_t address, void *bytes,
		     size_t size)
{
	return code->read(code->context, address, bytes, size);
}

static bool is_image(const struct ctrace_code_reader *code, uint64_t base, Elf64_Ehdr *image)
{
	return read_all(code, base, image, sizeof(*image)) &&
	       memcmp(image->e_ident, ELFMAG, SELFMAG) == 0 &&
	       image->e_ident[EI_CLASS] == ELFCLASS64 && image->e_phentsize == sizeof(Elf64_Phdr) &&
	       image->e_phnum <= SEGMENTS_MAX;
}

/* What is added to the file's addresses to get the process's: nothing, or where it was put. */
static uint64_t bias_of(const Elf64_Ehdr *image, uint64_t base)
{
	return image->e_type == ET_DYN ? base : 0;
}

/* Where its table is; 0: it has none. */
static uint64_t table_of(const struct ctrace_code_reader *code, uint64_t base,
			 const Elf64_Ehdr *image)
{
	Elf64_Phdr segment;

	for (unsigned i = 0; i < image->e_phnum; i++) {
		uint64_t at = base + image->e_phoff + i * sizeof(segment);

		if (!read_all(code, at, &segment, sizeof(segment))) {
			return 0;
		}
		if (segment.p_type == PT_GNU_EH_FRAME) {
			return bias_of(image, base) + segment.p_vaddr;
		}
	}
	return 0;
}

/* Row `index` of the table: where a function begins. */
static bool read_row(const struct ctrace_code_reader *code, uint64_t table, uint32_t index,
		     uint64_t *start)
{
	uint8_t bytes[4];

	if (!read_all(code, table + HEADER_BYTES + 8 * (uint64_t)index, bytes, sizeof(bytes))) {
		return false;
	}
	*start = table + (uint64_t)(int64_t)(int32_t)ctrace_get_le(bytes, 4);
	return true;
}

/* The last one that is not behind the address. */
static uint64_t search(const struct ctrace_code_reader *code, uint64_t table, uint32_t count,
		       uint64_t address)
{
	uint32_t low = 0, high = count;
	uint64_t found = 0, start;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!read_row(code, table, middle, &start)) {
			return 0;
		}
		if (start <= address) {
			found = start;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return found;
}

uint64_t ctrace_function_start(const struct ctrace_code_reader *code, uint64_t origin,
			       uint64_t address)
{
	uint8_t header[HEADER_BYTES];
	Elf64_Ehdr image;
	uint64_t table;

	for (unsigned gaps = 0; gaps < GAPS_MAX; gaps++) {
		uint64_t base = origin - gaps * PAGE_BYTES;

		if (!is_image(code, base, &image)) {
			continue;
		}
		table = table_of(code, base, &image);
		if (table == 0 || !read_all(code, table, header, sizeof(header)) ||
		    memcmp(header, usual_header, sizeof(usual_header)) != 0) {
			return 0;
		}
		return search(code, table, (uint32_t)ctrace_get_le(header + 8, 4), address);
	}
	return 0;
}
