/* SPDX-License-Identifier: MIT */

/* Functions of the kernel; see kernel_symbols.h. */

#include "tracer/sources/perf/kernel_symbols.h"

#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No function is as long: behind the last one of the kernel or of a module is nothing of it. */
#define FUNCTION_BYTES_MAX (1u << 20)
#define LINE_BYTES	   768u

/* "ffffffff81000000 T _stext", or with "\t[module]" behind. */
struct line {
	uint64_t address;
	char type;
	char name[LINE_BYTES];
};

static bool read_line(FILE *file, struct line *line)
{
	char text[LINE_BYTES], *end;
	size_t size;

	if (fgets(text, sizeof(text), file) == NULL) {
		return false;
	}
	line->type = '?';
	line->address = strtoull(text, &end, 16);
	if (end[0] == ' ' && end[1] != '\0' && end[2] == ' ') {
		line->type = end[1];
		size = strcspn(end + 3, "\t\n ");
		memcpy(line->name, end + 3, size);
		line->name[size] = '\0';
	}
	return true;
}

static bool is_function(const struct line *line)
{
	return strchr("tTwW", line->type) != NULL && line->address != 0;
}

uint64_t ctrace_kernel_symbols_base(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t base = 0;
	struct line line;

	if (file == NULL) {
		return 0;
	}
	while (base == 0 && read_line(file, &line)) {
		if (is_function(&line) && strcmp(line.name, "_stext") == 0) {
			base = line.address;
		}
	}
	fclose(file);
	return base;
}

/* ---- all of them ---- */

static bool grow(struct ctrace_kernel_symbols *symbols)
{
	size_t capacity = symbols->capacity != 0 ? 2 * symbols->capacity : 65536;
	struct ctrace_kernel_symbol *more;

	if (symbols->count < symbols->capacity) {
		return true;
	}
	more = realloc(symbols->list, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	symbols->list = more;
	symbols->capacity = capacity;
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct ctrace_kernel_symbol *one = a, *other = b;

	return (one->address > other->address) - (one->address < other->address);
}

/* `names` collects them, one after the other. */
static bool add(struct ctrace_kernel_symbols *symbols, const struct line *line, FILE *names)
{
	if (!grow(symbols)) {
		return false;
	}
	symbols->list[symbols->count++] =
		(struct ctrace_kernel_symbol){line->address, (size_t)ftell(names)};
	return fwrite(line->name, strlen(line->name) + 1, 1, names) == 1;
}

static void read_all(struct ctrace_kernel_symbols *symbols, FILE *file)
{
	struct line line;
	size_t size;
	FILE *names = open_memstream(&symbols->names, &size);

	while (names != NULL && symbols->count < CTRACE_KERNEL_SYMBOLS_MAX &&
	       read_line(file, &line)) {
		if (is_function(&line) && !add(symbols, &line, names)) {
			break;
		}
	}
	if (names == NULL || fclose(names) != 0) {
		symbols->count = 0;
	}
}

bool ctrace_kernel_symbols_load(struct ctrace_kernel_symbols *symbols, const char *path)
{
	FILE *file = fopen(path, "re");

	*symbols = (struct ctrace_kernel_symbols){.list = NULL};
	if (file != NULL) {
		read_all(symbols, file);
		fclose(file);
	}
	if (symbols->count == 0) {
		ctrace_kernel_symbols_finish(symbols);
		return false;
	}
	qsort(symbols->list, symbols->count, sizeof(*symbols->list), by_address);
	return true;
}

void ctrace_kernel_symbols_finish(struct ctrace_kernel_symbols *symbols)
{
	free(symbols->list);
	free(symbols->names);
	*symbols = (struct ctrace_kernel_symbols){.list = NULL};
}

const char *ctrace_kernel_symbols_find(const struct ctrace_kernel_symbols *symbols,
				       uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->list[middle].address <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0 || address - symbols->list[low - 1].address > FUNCTION_BYTES_MAX) {
		return NULL;
	}
	return symbols->names + symbols->list[low - 1].name;
}
