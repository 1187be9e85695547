/* SPDX-License-Identifier: MIT */

/* Symbol tables; see symbol_functions.h. */

#include "tracer/pprof/symbol_functions.h"

#include <gelf.h>
#include <stdlib.h>

struct table {
	Elf_Data *data;
	size_t count, names;
};

static bool find_table(const struct ctrace_symbol_file *file, const char *name, struct table *table)
{
	Elf_Scn *section = ctrace_symbol_file_section(file, name);
	GElf_Shdr header;

	if (section == NULL || gelf_getshdr(section, &header) == NULL || header.sh_entsize == 0) {
		return false;
	}
	*table = (struct table){.data = elf_getdata(section, NULL),
				.count = header.sh_size / header.sh_entsize,
				.names = header.sh_link};
	return table->data != NULL && table->count <= INT32_MAX;
}

/* Assembly is often without a type; data and marks of the linker are not functions. */
static bool is_function(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC ||
		(type == STT_NOTYPE && symbol->st_size > 0));
}

static uint64_t section_end(const struct ctrace_symbol_file *file, const GElf_Sym *symbol)
{
	Elf_Scn *section = elf_getscn(file->elf, symbol->st_shndx);
	GElf_Shdr header;

	if (section == NULL || gelf_getshdr(section, &header) == NULL ||
	    header.sh_size > UINT64_MAX - header.sh_addr) {
		return symbol->st_value;
	}
	return header.sh_addr + header.sh_size;
}

static uint64_t function_end(const struct ctrace_symbol_file *file, const GElf_Sym *symbol)
{
	if (symbol->st_size == 0) {
		return section_end(file, symbol);
	}
	return symbol->st_size < UINT64_MAX - symbol->st_value ? symbol->st_value + symbol->st_size
							       : symbol->st_value;
}

static bool add(struct ctrace_symbol_functions *functions, const struct ctrace_symbol_file *file,
		const GElf_Sym *symbol, const char *name)
{
	struct ctrace_symbol_function *more;

	if (functions->count == functions->capacity) {
		size_t capacity = functions->capacity != 0 ? 2 * functions->capacity : 256;

		more = realloc(functions->list, capacity * sizeof(*more));
		if (more == NULL) {
			return false;
		}
		functions->list = more;
		functions->capacity = capacity;
	}
	functions->list[functions->count++] =
		(struct ctrace_symbol_function){.address = symbol->st_value,
						.end = function_end(file, symbol),
						.name = name,
						.is_open_ended = symbol->st_size == 0};
	return true;
}

/* By address; of several names for one, one with a size, the longest, then the first there is. */
static int by_address(const void *a, const void *b)
{
	const struct ctrace_symbol_function *one = a, *other = b;

	if (one->address != other->address) {
		return one->address < other->address ? -1 : 1;
	}
	if (one->is_open_ended != other->is_open_ended) {
		return one->is_open_ended ? 1 : -1;
	}
	if (one->end != other->end) {
		return one->end > other->end ? -1 : 1;
	}
	return (one->name > other->name) - (one->name < other->name);
}

bool ctrace_symbol_functions_init(struct ctrace_symbol_functions *functions,
				  const struct ctrace_symbol_file *file)
{
	struct table table;

	*functions = (struct ctrace_symbol_functions){.list = NULL};
	if (!find_table(file, ".symtab", &table) && !find_table(file, ".dynsym", &table)) {
		return true;
	}
	for (size_t i = 0; i < table.count; i++) {
		GElf_Sym symbol;
		const char *name;

		if (gelf_getsym(table.data, (int)i, &symbol) == NULL || !is_function(&symbol)) {
			continue;
		}
		name = elf_strptr(file->elf, table.names, symbol.st_name);
		if (name != NULL && name[0] != '\0' && !add(functions, file, &symbol, name)) {
			ctrace_symbol_functions_finish(functions);
			return false;
		}
	}
	if (functions->count > 0) {
		qsort(functions->list, functions->count, sizeof(*functions->list), by_address);
	}
	return true;
}

void ctrace_symbol_functions_finish(struct ctrace_symbol_functions *functions)
{
	free(functions->list);
	*functions = (struct ctrace_symbol_functions){.list = NULL};
}

/* How many begin at or before the address. */
static size_t count_up_to(const struct ctrace_symbol_functions *functions, uint64_t address)
{
	size_t low = 0, high = functions->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions->list[middle].address <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Functions may lie within another (a cold part, an entry point of assembly): few, so a few steps
 * back suffice. */
#define STEPS_BACK 8u

const char *ctrace_symbol_functions_find(const struct ctrace_symbol_functions *functions,
					 uint64_t address)
{
	size_t at = count_up_to(functions, address);

	for (unsigned steps = 0; at > 0 && steps < STEPS_BACK; steps++) {
		const struct ctrace_symbol_function *function = &functions->list[--at];

		/* Of the first of its address: of aliases the best. */
		while (at > 0 && functions->list[at - 1].address == function->address) {
			function = &functions->list[--at];
		}
		if (address < function->end && (steps == 0 || !function->is_open_ended)) {
			return function->name;
		}
	}
	return NULL;
}
