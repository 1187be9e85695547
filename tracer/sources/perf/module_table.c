/* SPDX-License-Identifier: MIT */

/* Files that are mapped, each once; see module_table.h. */

#include "tracer/sources/perf/module_table.h"

#include "tracer/sources/perf/kernel_symbols.h"
#include "tracer/sources/perf/module_key.h"
#include "tracer/src/limits.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

struct ctrace_modules {
	struct ctrace_source_trace *trace;
	struct ctrace_module *list; /* by id - 1 */
	uint32_t count, capacity, open_count, unopened;
	uint32_t kernel; /* 0: not met yet */
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
		ctrace_cfi_finish(&modules->list[i].cfi);
		ctrace_symbol_file_close(&modules->list[i].file);
		free(modules->list[i].path);
	}
	free(modules->list);
	ctrace_map_finish(&modules->by_key);
	free(modules);
}

struct ctrace_module *ctrace_module_at(struct ctrace_modules *modules, uint32_t id)
{
	return id >= 1 && id <= modules->count ? &modules->list[id - 1] : NULL;
}

uint32_t ctrace_modules_unopened(const struct ctrace_modules *modules)
{
	return modules->unopened;
}

/* ---- which one it is ---- */

static bool is_same(const struct ctrace_module *module, const struct ctrace_perf_map *map)
{
	return module->device == map->device && module->inode == map->inode &&
	       module->build_id_size == map->build_id_size &&
	       memcmp(module->build_id, map->build_id, map->build_id_size) == 0 &&
	       strcmp(module->path, map->path) == 0;
}

/* ---- opening it ---- */

static bool is_what_was_mapped(const struct ctrace_symbol_file *file,
			       const struct ctrace_module *module)
{
	if (module->build_id_size > 0) {
		return file->build_id_size == module->build_id_size &&
		       memcmp(file->build_id, module->build_id, module->build_id_size) == 0;
	}
	return file->inode == module->inode &&
	       (uint64_t)major(file->device) << 32 == (module->device & ~UINT64_C(0xffffffff)) &&
	       minor(file->device) == (uint32_t)module->device;
}

static bool open_as(struct ctrace_module *module, const char *path)
{
	if (!ctrace_symbol_file_open(&module->file, path)) {
		return false;
	}
	if (is_what_was_mapped(&module->file, module)) {
		return true;
	}
	ctrace_symbol_file_close(&module->file);
	return false;
}

/* As its process sees it, which may have another root; as we see it; as it is mapped, which needs
 * rights but finds what was deleted. */
static bool open_file(struct ctrace_module *module, uint32_t pid, const struct ctrace_perf_map *map)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "/proc/%u/root%s", pid, module->path);
	if (open_as(module, path) || open_as(module, module->path)) {
		return true;
	}
	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid,
		 (unsigned long long)map->start, (unsigned long long)(map->start + map->size));
	return open_as(module, path);
}

static void open_module(struct ctrace_modules *modules, struct ctrace_module *module, uint32_t pid,
			const struct ctrace_perf_map *map)
{
	bool is_open;

	if (modules->open_count >= CTRACE_OPEN_MODULES_MAX) {
		modules->unopened++;
		return;
	}
	is_open = strcmp(module->path, "[vdso]") == 0 ? ctrace_symbol_file_open_vdso(&module->file)
						      : open_file(module, pid, map);
	if (is_open) {
		modules->open_count++;
		ctrace_cfi_init(&module->cfi, module->file.elf);
	}
}

/* ---- its row ---- */

static void state_module(struct ctrace_modules *modules, const struct ctrace_module *module)
{
	struct ctrace_writer *writer = modules->trace->writer;
	struct ctrace_module_row row = {
		.module = module->id,
		.path = ctrace_writer_string(writer, module->path, strlen(module->path))};

	if (module->file.elf != NULL) {
		row.build_id_size = module->file.build_id_size;
		memcpy(row.build_id, module->file.build_id, row.build_id_size);
	} else {
		row.build_id_size = module->build_id_size;
		memcpy(row.build_id, module->build_id, row.build_id_size);
	}
	ctrace_writer_module(writer, &row);
}

static bool grow(struct ctrace_modules *modules)
{
	uint32_t capacity = modules->capacity != 0 ? 2 * modules->capacity : 32;
	struct ctrace_module *more;

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

/* NULL: there is no room or memory. */
static struct ctrace_module *add_row(struct ctrace_modules *modules,
				     const struct ctrace_perf_map *map)
{
	struct ctrace_module *module;

	if (modules->count >= CTRACE_MODULE_MAX || !grow(modules)) {
		return NULL;
	}
	module = &modules->list[modules->count];
	*module = (struct ctrace_module){.id = modules->count + 1,
					 .device = map->device,
					 .inode = map->inode,
					 .build_id_size = map->build_id_size,
					 .path = strdup(map->path)};
	if (module->path == NULL) {
		return NULL;
	}
	memcpy(module->build_id, map->build_id, sizeof(module->build_id));
	modules->count++;
	return module;
}

static uint32_t need_kernel(struct ctrace_modules *modules)
{
	const struct ctrace_perf_map map = {.path = "[kernel]"};
	struct ctrace_module *module;

	if (modules->kernel != 0) {
		return modules->kernel;
	}
	module = add_row(modules, &map);
	if (module == NULL) {
		return 0;
	}
	module->is_kernel = true;
	module->kernel_base = ctrace_kernel_symbols_base(CTRACE_KALLSYMS);
	state_module(modules, module);
	modules->kernel = module->id;
	return module->id;
}

uint32_t ctrace_modules_kernel(struct ctrace_modules *modules, uint64_t *base)
{
	uint32_t id = need_kernel(modules);
	const struct ctrace_module *module = ctrace_module_at(modules, id);

	*base = module != NULL ? module->kernel_base : 0;
	return id;
}

static uint32_t add(struct ctrace_modules *modules, uint32_t pid, const struct ctrace_perf_map *map)
{
	struct ctrace_module *module = add_row(modules, map);

	if (module == NULL) {
		return 0;
	}
	open_module(modules, module, pid, map);
	state_module(modules, module);
	return module->id;
}

uint32_t ctrace_modules_get(struct ctrace_modules *modules, uint32_t pid,
			    const struct ctrace_perf_map *map)
{
	uint64_t key = ctrace_module_key(map);
	uint32_t found = ctrace_map_get(&modules->by_key, key), id;

	if (!ctrace_module_is_file(map->path)) {
		return 0;
	}
	if (found != CTRACE_MAP_NONE && is_same(&modules->list[found - 1], map)) {
		return found;
	}
	id = add(modules, pid, map);
	if (id != 0) {
		ctrace_map_put(&modules->by_key, key, id);
	}
	return id;
}

/* ---- on the way to its callers ---- */

bool ctrace_modules_address(struct ctrace_modules *modules, uint32_t module, uint64_t offset,
			    uint64_t *address)
{
	const struct ctrace_module *found = ctrace_module_at(modules, module);

	if (found == NULL) {
		return false;
	}
	if (found->file.elf == NULL || !ctrace_symbol_file_address(&found->file, offset, address)) {
		*address = offset;
	}
	return true;
}

bool ctrace_modules_has_frames(struct ctrace_modules *modules, uint32_t module)
{
	const struct ctrace_module *found = ctrace_module_at(modules, module);

	return found != NULL && found->cfi.information != NULL;
}

enum ctrace_cfi_result ctrace_modules_step(struct ctrace_modules *modules, uint32_t module,
					   uint64_t address, struct ctrace_cfi_state *state)
{
	struct ctrace_module *found = ctrace_module_at(modules, module);

	return found != NULL ? ctrace_cfi_step(&found->cfi, address, state) : CTRACE_CFI_UNKNOWN;
}
