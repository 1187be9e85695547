/* SPDX-License-Identifier: MIT */

/*
 * The files that this process has mapped, read without a library; see modules.h. A
 * file is read when the first sample lies in it, and closed again: a program has few descriptors
 * to spare.
 */

#include "tracer/sources/perf/own_modules.h"

#include "tracer/sources/perf/kernel_symbols.h"
#include "tracer/sources/perf/module_key.h"
#include "tracer/sources/perf/own_elf.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

struct module {
	char *path; /* owned */
	uint64_t device, inode;
	uint8_t build_id[20];
	uint32_t build_id_size;
	bool is_used; /* a sample lies in it: it has a row, and was read if it could be */
	struct ctrace_own_elf elf;
	struct ctrace_frame_way *rows; /* owned: what was found, by address */
	uint32_t row_count, row_capacity;
	struct ctrace_map row_by_address;
};

struct ctrace_modules {
	struct ctrace_source_trace *trace;
	struct module *list; /* owned; by id - 1 */
	uint32_t count, capacity, row_count;
	uint32_t kernel; /* 0: not met yet */
	uint64_t kernel_base;
	uint64_t frames_bytes;
	struct ctrace_map by_key;
};

struct ctrace_modules *ctrace_modules_create(struct ctrace_source_trace *trace)
{
	struct ctrace_modules *modules = calloc(1, sizeof(*modules));

	if (modules != NULL) {
		modules->trace = trace;
	}
	return modules;
}

void ctrace_modules_destroy(struct ctrace_modules *modules)
{
	if (modules == NULL) {
		return;
	}
	for (uint32_t i = 0; i < modules->count; i++) {
		struct module *module = &modules->list[i];

		ctrace_own_elf_finish(&module->elf);
		ctrace_map_finish(&module->row_by_address);
		free(module->rows);
		free(module->path);
	}
	free(modules->list);
	ctrace_map_finish(&modules->by_key);
	free(modules);
}

uint32_t ctrace_modules_unopened(const struct ctrace_modules *modules)
{
	(void)modules;
	return 0; /* none is held open */
}

/* ---- which one it is ---- */

static bool grow(struct ctrace_modules *modules)
{
	uint32_t capacity = modules->capacity != 0 ? 2 * modules->capacity : 32;
	struct module *more;

	if (modules->count < modules->capacity) {
		return true;
	}
	more = realloc(modules->list, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	modules->list = more;
	modules->capacity = capacity;
	return true;
}

static uint32_t add(struct ctrace_modules *modules, const struct ctrace_perf_map *map, uint64_t key)
{
	struct module *module;

	if (modules->count >= CTRACE_MODULE_MAX || !grow(modules)) {
		return 0;
	}
	module = &modules->list[modules->count];
	*module = (struct module){.path = strdup(map->path),
				  .device = map->device,
				  .inode = map->inode,
				  .build_id_size = map->build_id_size};
	if (module->path == NULL) {
		return 0;
	}
	memcpy(module->build_id, map->build_id, sizeof(module->build_id));
	modules->count++;
	ctrace_map_put(&modules->by_key, key, modules->count);
	return modules->count;
}

uint32_t ctrace_modules_get(struct ctrace_modules *modules, uint32_t unused,
			    const struct ctrace_perf_map *map)
{
	uint64_t key = ctrace_module_key(map);
	uint32_t found = ctrace_map_get(&modules->by_key, key);

	(void)unused;
	if (!ctrace_module_is_file(map->path)) {
		return 0;
	}
	if (found != CTRACE_MAP_NONE && strcmp(modules->list[found - 1].path, map->path) == 0) {
		return found;
	}
	return add(modules, map, key);
}

/* ---- reading it ---- */

/* Not another one that has got its name since. */
static bool is_what_was_mapped(const struct module *module, const struct ctrace_own_elf *elf)
{
	if (strcmp(module->path, "[vdso]") == 0) {
		return true;
	}
	if (module->build_id_size > 0) {
		return elf->build_id_size == module->build_id_size &&
		       memcmp(elf->build_id, module->build_id, module->build_id_size) == 0;
	}
	return elf->inode == module->inode &&
	       (uint64_t)major(elf->device) == module->device >> 32 &&
	       minor(elf->device) == (uint32_t)module->device;
}

static void read_module(struct ctrace_modules *modules, struct module *module)
{
	struct ctrace_own_elf elf;

	if (!ctrace_module_is_file(module->path) || !ctrace_own_elf_read(&elf, module->path)) {
		return;
	}
	if (!is_what_was_mapped(module, &elf)) {
		ctrace_own_elf_finish(&elf);
		return;
	}
	if (modules->frames_bytes + elf.frames.size > CTRACE_OWN_FRAMES_TOTAL_MAX) {
		free(elf.bytes);
		elf.bytes = NULL;
		elf.frames = (struct ctrace_frame_bytes){.bytes = NULL};
	}
	modules->frames_bytes += elf.frames.size;
	module->elf = elf;
	module->build_id_size = elf.build_id_size;
	memcpy(module->build_id, elf.build_id, sizeof(module->build_id));
}

static void state_module(struct ctrace_modules *modules, const struct module *module, uint32_t id)
{
	struct ctrace_writer *writer = modules->trace->writer;
	struct ctrace_module_row row = {
		.module = id,
		.path = ctrace_writer_string(writer, module->path, strlen(module->path)),
		.build_id_size = module->build_id_size};

	memcpy(row.build_id, module->build_id, module->build_id_size);
	ctrace_writer_module(writer, &row);
}

/* NULL: 0, or no such module. */
static struct module *use(struct ctrace_modules *modules, uint32_t id)
{
	struct module *module = id >= 1 && id <= modules->count ? &modules->list[id - 1] : NULL;

	if (module != NULL && !module->is_used) {
		module->is_used = true;
		read_module(modules, module);
		state_module(modules, module, id);
	}
	return module;
}

uint32_t ctrace_modules_kernel(struct ctrace_modules *modules, uint64_t *base)
{
	const struct ctrace_perf_map map = {.path = "[kernel]"};

	if (modules->kernel == 0) {
		modules->kernel = add(modules, &map, ctrace_module_key(&map));
		modules->kernel_base = ctrace_kernel_symbols_base(CTRACE_KALLSYMS);
		use(modules, modules->kernel);
	}
	*base = modules->kernel_base;
	return modules->kernel;
}

bool ctrace_modules_address(struct ctrace_modules *modules, uint32_t id, uint64_t offset,
			    uint64_t *address)
{
	const struct module *module = use(modules, id);

	if (module == NULL) {
		return false;
	}
	if (!ctrace_own_elf_address(&module->elf, offset, address)) {
		*address = offset;
	}
	return true;
}

/* ---- on the way to callers ---- */

bool ctrace_modules_has_frames(struct ctrace_modules *modules, uint32_t id)
{
	const struct module *module = use(modules, id);

	return module != NULL && module->elf.frames.bytes != NULL;
}

static bool grow_rows(struct module *module)
{
	uint32_t capacity = module->row_capacity != 0 ? 2 * module->row_capacity : 16;
	struct ctrace_frame_way *more;

	if (module->row_count < module->row_capacity) {
		return true;
	}
	more = realloc(module->rows, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	module->rows = more;
	module->row_capacity = capacity;
	return true;
}

static void keep_row(struct ctrace_modules *modules, struct module *module, uint64_t address,
		     const struct ctrace_frame_way *row)
{
	if (modules->row_count < CTRACE_OWN_ROWS_MAX && grow_rows(module) &&
	    ctrace_map_put(&module->row_by_address, address, module->row_count)) {
		module->rows[module->row_count++] = *row;
		modules->row_count++;
	}
}

enum ctrace_cfi_result ctrace_modules_step(struct ctrace_modules *modules, uint32_t id,
					   uint64_t address, struct ctrace_cfi_state *state)
{
	struct module *module = use(modules, id);
	struct ctrace_frame_way row;
	uint32_t known;

	if (module == NULL) {
		return CTRACE_CFI_UNKNOWN;
	}
	known = ctrace_map_get(&module->row_by_address, address);
	if (known != CTRACE_MAP_NONE) {
		return ctrace_frame_step(&module->rows[known], state);
	}
	if (!ctrace_frame_find(&module->elf.frames, address, &row)) {
		return CTRACE_CFI_UNKNOWN;
	}
	keep_row(modules, module, address, &row);
	return ctrace_frame_step(&row, state);
}

/* ---- for names ---- */

const char *ctrace_own_module_path(const struct ctrace_modules *modules, uint32_t id)
{
	const struct module *module =
		id >= 1 && id <= modules->count ? &modules->list[id - 1] : NULL;

	return module != NULL && module->elf.load_count > 0 ? module->path : NULL;
}

bool ctrace_own_module_has_kernel(const struct ctrace_modules *modules)
{
	return modules->kernel != 0;
}
