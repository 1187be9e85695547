/* SPDX-License-Identifier: MIT */

/* Debug files of this machine; see symbol_debug.h. */

#include "tracer/pprof/symbol_debug.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEBUG_FOLDER "/usr/lib/debug"

/* Both have a build id and it is the same, or neither has one. */
static bool belongs(const struct ctrace_symbol_file *debug, const struct ctrace_symbol_file *file)
{
	return debug->build_id_size == file->build_id_size &&
	       memcmp(debug->build_id, file->build_id, file->build_id_size) == 0;
}

static bool open_matching(struct ctrace_symbol_file *debug, const struct ctrace_symbol_file *file,
			  const char *path)
{
	if (!ctrace_symbol_file_open(debug, path)) {
		return false;
	}
	if (belongs(debug, file) && ctrace_symbol_file_section(debug, ".symtab") != NULL) {
		return true;
	}
	ctrace_symbol_file_close(debug);
	return false;
}

/* /usr/lib/debug/.build-id/12/3456….debug */
static bool open_by_build_id(struct ctrace_symbol_file *debug,
			     const struct ctrace_symbol_file *file)
{
	char hex[2 * CTRACE_SYMBOL_BUILD_ID_BYTES + 1], path[PATH_MAX];

	if (file->build_id_size < 2) {
		return false;
	}
	for (uint32_t i = 0; i < file->build_id_size; i++) {
		snprintf(hex + (size_t)2 * i, 3, "%02x", file->build_id[i]);
	}
	snprintf(path, sizeof(path), DEBUG_FOLDER "/.build-id/%.2s/%s.debug", hex, hex + 2);
	return open_matching(debug, file, path);
}

/* Beside the file, below it, or in the folder of all debug files. */
static bool open_named(struct ctrace_symbol_file *debug, const struct ctrace_symbol_file *file,
		       const char *path, const char *name)
{
	static const char *const places[][2] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_FOLDER, "/"}};
	const char *slash = strrchr(path, '/');
	char candidate[PATH_MAX];

	if (slash == NULL || strchr(name, '/') != NULL) {
		return false;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int size = snprintf(candidate, sizeof(candidate), "%s%.*s%s%s", places[i][0],
				    (int)(slash - path), path, places[i][1], name);

		if (size < (int)sizeof(candidate) && strcmp(candidate, path) != 0 &&
		    open_matching(debug, file, candidate)) {
			return true;
		}
	}
	return false;
}

bool ctrace_symbol_debug_open(struct ctrace_symbol_file *debug,
			      const struct ctrace_symbol_file *file, const char *path)
{
	GElf_Word unused_crc;
	const char *name;

	*debug = (struct ctrace_symbol_file){.elf = NULL};
	if (open_by_build_id(debug, file)) {
		return true;
	}
	if (file->elf == NULL) {
		return false;
	}
	name = dwelf_elf_gnu_debuglink(file->elf, &unused_crc);
	return name != NULL && open_named(debug, file, path, name);
}
