/* SPDX-License-Identifier: MIT */

/* Lines of /proc/PID/maps; see proc_maps.h. */

#include "tracer/sources/perf/proc_maps.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Addresses, rights, offset, device and inode take less than 128. */
#define LINE_BYTES (PATH_MAX + 128)

/* "55d0c8e00000-55d0c8e21000 r-xp 00002000 08:01 1234      /usr/bin/x" */
static bool read_line(char *line, struct ctrace_perf_map *map)
{
	uint64_t end, major, minor;
	char rights[5];
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	*map = (struct ctrace_perf_map){.start = 0};
	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %" SCNx64 ":%" SCNx64 " %" SCNu64 " %n",
		   &map->start, &end, rights, &map->file_offset, &major, &minor, &map->inode,
		   &path) != 7 ||
	    path == 0 || rights[2] != 'x' || end <= map->start) {
		return false;
	}
	map->size = end - map->start;
	map->device = major << 32 | minor;
	map->path = line + path;
	return true;
}

void ctrace_proc_maps_copy(const char *path,
			   void (*take)(void *context, const struct ctrace_perf_map *map),
			   void *context)
{
	char line[LINE_BYTES];
	struct ctrace_perf_map map;
	FILE *file = fopen(path, "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (read_line(line, &map)) {
			take(context, &map);
		}
	}
	if (file != NULL) {
		fclose(file);
	}
}

static void path_of(uint32_t pid, char path[64])
{
	snprintf(path, 64, "/proc/%" PRIu32 "/maps", pid);
}

void ctrace_proc_maps(uint32_t pid, void (*take)(void *context, const struct ctrace_perf_map *map),
		      void *context)
{
	char path[64];

	path_of(pid, path);
	ctrace_proc_maps_copy(path, take, context);
}

bool ctrace_proc_maps_is_there(uint32_t pid)
{
	char path[64];
	FILE *file;
	bool is_there;

	path_of(pid, path);
	file = fopen(path, "re");
	is_there = file != NULL && fgetc(file) != EOF;
	if (file != NULL) {
		fclose(file);
	}
	return is_there;
}
