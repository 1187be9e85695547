/* SPDX-License-Identifier: MIT */

/* Functions of an ELF file, by its tables of symbols; see own_elf.h. */

#include "tracer/sources/perf/own_elf.h"

#include "tracer/sources/perf/own_elf_file.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static const Elf64_Shdr *section_of(const Elf64_Shdr *sections, size_t count, uint32_t type)
{
	for (size_t i = 0; i < count; i++) {
		if (sections[i].sh_type == type && sections[i].sh_entsize == sizeof(Elf64_Sym) &&
		    sections[i].sh_link < count) {
			return &sections[i];
		}
	}
	return NULL;
}

static bool is_function(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_value != 0;
}

static bool read_texts(struct ctrace_own_names *names, const struct ctrace_own_elf_file *file,
		       const Elf64_Shdr *section)
{
	names->texts = ctrace_own_elf_file_load(file, section->sh_offset, section->sh_size, 1,
						CTRACE_OWN_SYMBOLS_BYTES_MAX);
	if (names->texts == NULL) {
		return false;
	}
	names->texts_size = (size_t)section->sh_size;
	names->texts[names->texts_size - 1] = '\0';
	return true;
}

static bool take_functions(struct ctrace_own_names *names, const Elf64_Sym *symbols, size_t count)
{
	names->list = malloc((count + 1) * sizeof(*names->list));
	for (size_t i = 0; names->list != NULL && i < count; i++) {
		if (is_function(&symbols[i]) && symbols[i].st_name < names->texts_size) {
			names->list[names->count++] =
				(struct ctrace_own_name){.address = symbols[i].st_value,
							 .size = symbols[i].st_size,
							 .name = symbols[i].st_name};
		}
	}
	return names->list != NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct ctrace_own_name *one = a, *other = b;

	if (one->address != other->address) {
		return one->address < other->address ? -1 : 1;
	}
	return (one->size > other->size) - (one->size < other->size);
}

static bool read_table(struct ctrace_own_names *names, const struct ctrace_own_elf_file *file,
		       const Elf64_Shdr *sections, const Elf64_Shdr *table)
{
	size_t count = (size_t)(table->sh_size / sizeof(Elf64_Sym));
	Elf64_Sym *symbols = ctrace_own_elf_file_load(
		file, table->sh_offset, count, sizeof(Elf64_Sym), CTRACE_OWN_SYMBOLS_BYTES_MAX);
	bool is_read = symbols != NULL && read_texts(names, file, &sections[table->sh_link]) &&
		       take_functions(names, symbols, count);

	free(symbols);
	if (is_read && names->count > 0) {
		qsort(names->list, names->count, sizeof(*names->list), by_address);
	}
	return is_read;
}

static bool read_file(struct ctrace_own_names *names, const struct ctrace_own_elf_file *file)
{
	size_t count;
	Elf64_Shdr *sections = ctrace_own_elf_file_sections(file, &count);
	const Elf64_Shdr *table = NULL;
	bool is_read;

	if (sections != NULL) {
		table = section_of(sections, count, SHT_SYMTAB);
		table = table != NULL ? table : section_of(sections, count, SHT_DYNSYM);
	}
	is_read = table != NULL && read_table(names, file, sections, table);
	free(sections);
	return is_read;
}

bool ctrace_own_names_read(struct ctrace_own_names *names, const char *path)
{
	struct ctrace_own_elf_file file;
	bool is_read;

	*names = (struct ctrace_own_names){.count = 0};
	if (!ctrace_own_elf_file_open(&file, path)) {
		return false;
	}
	is_read = read_file(names, &file);
	ctrace_own_elf_file_close(&file);
	if (!is_read) {
		ctrace_own_names_finish(names);
	}
	return is_read;
}

void ctrace_own_names_finish(struct ctrace_own_names *names)
{
	free(names->list);
	free(names->texts);
	*names = (struct ctrace_own_names){.count = 0};
}

/* ---- finding ---- */

/* How many begin at or before the address. */
static size_t count_up_to(const struct ctrace_own_names *names, uint64_t address)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->list[middle].address <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Of those that begin at the same place the longest stands last. One without a size ends where the
 * next begins, and the last one's end is not known. */
const char *ctrace_own_names_find(const struct ctrace_own_names *names, uint64_t address)
{
	size_t count = count_up_to(names, address);
	const struct ctrace_own_name *name;

	if (count == 0) {
		return NULL;
	}
	name = &names->list[count - 1];
	if (name->size == 0 ? count == names->count : address - name->address >= name->size) {
		return NULL;
	}
	return names->texts + name->name;
}
