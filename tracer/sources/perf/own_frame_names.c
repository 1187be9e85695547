/* SPDX-License-Identifier: MIT */

/*
 * Functions for the frames of a program that records itself, without a library: from tables of
 * symbols, one file after the other; see modules.h. Files, lines and what is inlined are not there.
 */

#include "tracer/sources/perf/kernel_symbols.h"
#include "tracer/sources/perf/own_elf.h"
#include "tracer/sources/perf/own_modules.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the C++ runtime, if the program has it: then names are mangled by it, too. */
__attribute__((weak)) char *__cxa_demangle(const char *mangled, char *into, size_t *size,
					   int *status);

static char *demangle(const char *name)
{
	int status = 0;

	if (__cxa_demangle == NULL || strncmp(name, "_Z", 2) != 0 ||
	    strlen(name) > CTRACE_MANGLED_BYTES_MAX) {
		return NULL;
	}
	return __cxa_demangle(name, NULL, NULL, &status);
}

static void put_name(struct ctrace_stacks *stacks, uint32_t frame, const char *name)
{
	struct ctrace_writer *writer = stacks->trace->writer;
	const struct ctrace_place *place = &stacks->frames[frame - 1];
	char *readable = demangle(name);
	const char *shown = readable != NULL ? readable : name;

	ctrace_writer_frame(writer,
			    &(struct ctrace_frame_row){
				    .frame = frame,
				    .module = place->module,
				    .address = place->address,
				    .function = ctrace_writer_string(writer, shown, strlen(shown)),
			    });
	free(readable);
}

static void name_module(struct ctrace_stacks *stacks, uint32_t id, const char *path,
			struct ctrace_names_report *report)
{
	struct ctrace_own_names names;

	if (!ctrace_own_names_read(&names, path)) {
		return;
	}
	for (uint32_t frame = 1; frame <= stacks->frame_count; frame++) {
		const struct ctrace_place *place = &stacks->frames[frame - 1];
		const char *name =
			place->module == id ? ctrace_own_names_find(&names, place->address) : NULL;

		if (name != NULL) {
			put_name(stacks, frame, name);
			report->named++;
		}
	}
	ctrace_own_names_finish(&names);
}

static void name_kernel(struct ctrace_stacks *stacks, struct ctrace_modules *modules,
			struct ctrace_names_report *report)
{
	struct ctrace_kernel_symbols symbols;
	uint64_t base;
	uint32_t id = ctrace_modules_kernel(modules, &base);

	if (base == 0 || !ctrace_kernel_symbols_load(&symbols, CTRACE_KALLSYMS)) {
		snprintf(report->text, sizeof(report->text),
			 "functions of the kernel have no names: " CTRACE_KALLSYMS
			 " does not show them to this user (CAP_SYSLOG, kernel.kptr_restrict)");
		return;
	}
	for (uint32_t frame = 1; frame <= stacks->frame_count; frame++) {
		const struct ctrace_place *place = &stacks->frames[frame - 1];
		const char *name =
			place->module == id
				? ctrace_kernel_symbols_find(&symbols, place->address + base)
				: NULL;

		if (name != NULL) {
			put_name(stacks, frame, name);
			report->named++;
		}
	}
	ctrace_kernel_symbols_finish(&symbols);
}

static uint32_t last_module(const struct ctrace_stacks *stacks)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < stacks->frame_count; i++) {
		last = stacks->frames[i].module > last ? stacks->frames[i].module : last;
	}
	return last;
}

void ctrace_modules_name_frames(struct ctrace_modules *modules, struct ctrace_stacks *stacks,
				unsigned seconds, struct ctrace_names_report *report)
{
	uint64_t end_ns = ctrace_clock_raw_ns() + seconds * UINT64_C(1000000000);
	uint32_t last = last_module(stacks);

	*report = (struct ctrace_names_report){.named = 0};
	for (uint32_t id = 1; id <= last; id++) {
		const char *path = ctrace_own_module_path(modules, id);

		if (ctrace_clock_raw_ns() > end_ns) {
			snprintf(report->text, sizeof(report->text),
				 "looking up functions was given up after %u s", seconds);
			break;
		}
		if (path != NULL) {
			name_module(stacks, id, path, report);
		}
	}
	if (ctrace_own_module_has_kernel(modules)) {
		name_kernel(stacks, modules, report);
	}
	report->unnamed = stacks->frame_count - report->named;
}
