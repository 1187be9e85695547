/* SPDX-License-Identifier: MIT */

/* Which file a mapping is of; see module_key.h. */

#include "tracer/sources/perf/module_key.h"

#include <string.h>

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	}
	return hash;
}

uint64_t ctrace_module_key(const struct ctrace_perf_map *map)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), map->path, strlen(map->path));

	hash = mix(hash, map->build_id, map->build_id_size);
	hash = mix(hash, &map->device, sizeof(map->device));
	return mix(hash, &map->inode, sizeof(map->inode));
}

bool ctrace_module_is_file(const char *path)
{
	return strcmp(path, "[vdso]") == 0 || (path[0] == '/' && strncmp(path, "//", 2) != 0);
}
