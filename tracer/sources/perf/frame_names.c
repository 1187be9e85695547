/* SPDX-License-Identifier: MIT */

/* Names of frames, one module after the other, so that the debugging information of only one is in
 * memory; see modules.h. */

#include "tracer/pprof/symbol_lookup.h"
#include "tracer/sources/perf/kernel_symbols.h"
#include "tracer/sources/perf/module_table.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct naming {
	struct ctrace_stacks *stacks;
	struct ctrace_modules *modules;
	struct ctrace_names_report *report;
	uint32_t *order; /* owned: frames, by module and address */
	uint32_t count;
	uint64_t end_ns;
	bool is_out_of_time;
	/* What one lookup finds: too large for a stack. */
	struct ctrace_symbol_frame found[CTRACE_SYMBOL_INLINED_MAX];
};

/* ---- in which order ---- */

static int by_place(const void *a, const void *b, void *context)
{
	const struct ctrace_place *frames = context;
	const struct ctrace_place *one = &frames[*(const uint32_t *)a - 1];
	const struct ctrace_place *other = &frames[*(const uint32_t *)b - 1];

	if (one->module != other->module) {
		return one->module < other->module ? -1 : 1;
	}
	return (one->address > other->address) - (one->address < other->address);
}

static bool sort(struct naming *naming)
{
	uint32_t count = naming->stacks->frame_count;

	naming->count = 0;
	naming->order = malloc((count + 1) * sizeof(*naming->order));
	if (naming->order == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!naming->stacks->frames[i].is_looked_up) {
			naming->order[naming->count++] = i + 1;
		}
	}
	qsort_r(naming->order, naming->count, sizeof(*naming->order), by_place,
		naming->stacks->frames);
	return true;
}

/* ---- rows ---- */

static uint32_t string_of(struct ctrace_writer *writer, const char *text)
{
	return text != NULL ? ctrace_writer_string(writer, text, strlen(text)) : 0;
}

/* A row for each function that an address is in; the first is the frame, and each is inlined into
 * the next. */
static void put_rows(struct naming *naming, uint32_t frame, unsigned found)
{
	struct ctrace_writer *writer = naming->stacks->trace->writer;
	struct ctrace_place place = naming->stacks->frames[frame - 1];

	place.is_looked_up = true;
	for (unsigned i = 0; i < found && frame != 0; i++) {
		bool is_inlined = i + 1 < found;
		struct ctrace_frame_row row = {
			.frame = frame,
			.module = place.module,
			.address = place.address,
			.function = string_of(writer, naming->found[i].function),
			.file = string_of(writer, naming->found[i].file),
			.line = naming->found[i].line,
			.outer = is_inlined ? ctrace_stacks_add_frame(naming->stacks, &place) : 0,
		};

		row.is_inlined = row.outer != 0;
		ctrace_writer_frame(writer, &row);
		frame = row.outer;
	}
}

/* ---- one module ---- */

static void name_frames(struct naming *naming, struct ctrace_symbol_lookup *lookup, uint32_t from,
			uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		uint32_t frame = naming->order[i];
		unsigned found;

		naming->is_out_of_time = ctrace_clock_raw_ns() > naming->end_ns;
		if (naming->is_out_of_time) {
			return;
		}
		found = ctrace_symbol_lookup(lookup, naming->stacks->frames[frame - 1].address,
					     naming->found);
		put_rows(naming, frame, found);
		naming->stacks->frames[frame - 1].is_looked_up = true;
		naming->report->named += found > 0;
	}
}

static void name_module(struct naming *naming, const struct ctrace_module *module, uint32_t from,
			uint32_t to)
{
	struct ctrace_names_report *report = naming->report;
	struct ctrace_symbol_lookup lookup;

	if (module == NULL || module->file.elf == NULL || naming->is_out_of_time ||
	    !ctrace_symbol_lookup_init(&lookup, &module->file, module->path)) {
		return;
	}
	if (lookup.is_too_big) {
		snprintf(report->text, sizeof(report->text),
			 "%.100s: more than %llu MiB of debugging information were not read",
			 module->path, (unsigned long long)CTRACE_SYMBOL_DEBUG_BYTES_MAX >> 20);
	}
	name_frames(naming, &lookup, from, to);
	ctrace_symbol_lookup_finish(&lookup);
}

/* ---- the kernel ---- */

static void name_kernel_frame(struct naming *naming, const struct ctrace_kernel_symbols *symbols,
			      uint64_t base, uint32_t frame)
{
	struct ctrace_writer *writer = naming->stacks->trace->writer;
	const struct ctrace_place place = naming->stacks->frames[frame - 1];
	const char *name = ctrace_kernel_symbols_find(symbols, place.address + base);
	const struct ctrace_frame_row row = {.frame = frame,
					     .module = place.module,
					     .address = place.address,
					     .function = string_of(writer, name)};

	if (name != NULL) {
		ctrace_writer_frame(writer, &row);
		naming->report->named++;
	}
}

static void name_kernel(struct naming *naming, const struct ctrace_module *module, uint32_t from,
			uint32_t to)
{
	struct ctrace_kernel_symbols symbols;

	if (module->kernel_base == 0 || !ctrace_kernel_symbols_load(&symbols, CTRACE_KALLSYMS)) {
		snprintf(naming->report->text, sizeof(naming->report->text),
			 "functions of the kernel have no names: " CTRACE_KALLSYMS
			 " does not show them to this user (CAP_SYSLOG, kernel.kptr_restrict)");
		return;
	}
	for (uint32_t i = from; i < to; i++) {
		name_kernel_frame(naming, &symbols, module->kernel_base, naming->order[i]);
	}
	ctrace_kernel_symbols_finish(&symbols);
}

/* ---- all of them ---- */

static void name_part(struct naming *naming, const struct ctrace_module *module, uint32_t from,
		      uint32_t to)
{
	if (module != NULL && module->is_kernel) {
		name_kernel(naming, module, from, to);
	} else {
		name_module(naming, module, from, to);
	}
}

static uint32_t module_of(const struct naming *naming, uint32_t index)
{
	return naming->stacks->frames[naming->order[index] - 1].module;
}

/* Found or not. Where time was up, the rest waits for another time. */
static void note_done(const struct naming *naming, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && !naming->is_out_of_time; i++) {
		naming->stacks->frames[naming->order[i] - 1].is_looked_up = true;
	}
}

static void name_modules(struct naming *naming)
{
	uint32_t from = 0;

	while (from < naming->count) {
		uint32_t to = from + 1, module = module_of(naming, from);

		while (to < naming->count && module_of(naming, to) == module) {
			to++;
		}
		name_part(naming, ctrace_module_at(naming->modules, module), from, to);
		note_done(naming, from, to);
		from = to;
	}
}

void ctrace_modules_name_frames(struct ctrace_modules *modules, struct ctrace_stacks *stacks,
				unsigned seconds, struct ctrace_names_report *report)
{
	struct naming *naming = malloc(sizeof(*naming));

	*report = (struct ctrace_names_report){.named = 0};
	if (naming == NULL) {
		return;
	}
	naming->stacks = stacks;
	naming->modules = modules;
	naming->report = report;
	naming->is_out_of_time = false;
	naming->end_ns = ctrace_clock_raw_ns() + seconds * UINT64_C(1000000000);
	if (sort(naming)) {
		name_modules(naming);
		report->unnamed = naming->count - report->named;
		free(naming->order);
	}
	if (naming->is_out_of_time) {
		snprintf(report->text, sizeof(report->text),
			 "looking up functions was given up after %u s: %u of %u frames have "
			 "none",
			 seconds, report->unnamed, naming->count);
	}
	free(naming);
}
