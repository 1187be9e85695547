/* SPDX-License-Identifier: MIT */
/* Cleaning of paths, part by part. */

#include "tracer/http/debug_path.h"

#include <string.h>

static bool is_part(const char *part, size_t size, const char *name)
{
	return size == strlen(name) && memcmp(part, name, size) == 0;
}

/* `clean` holds *used bytes: "" or parts, each after a slash. */
static void drop_part(const char *clean, size_t *used)
{
	while (*used > 0 && clean[--*used] != '/') {
	}
}

static void add_part(char *clean, size_t *used, const char *part, size_t size)
{
	if (size == 0 || is_part(part, size, ".")) {
		return;
	}
	if (is_part(part, size, "..")) {
		drop_part(clean, used);
		return;
	}
	clean[(*used)++] = '/';
	memcpy(clean + *used, part, size);
	*used += size;
}

bool ctrace_debug_path_clean(const char *path, size_t size, char *clean, size_t room)
{
	const char *const end = path + size;
	size_t used = 0;

	/* Cleaning never makes longer; the slash and the NUL at the end may be added. */
	if (size == 0 || path[0] != '/' || size + 2 > room) {
		return false;
	}
	while (path < end) {
		const char *slash = memchr(path + 1, '/', (size_t)(end - path - 1));
		const char *next = slash != NULL ? slash : end;

		add_part(clean, &used, path + 1, (size_t)(next - path - 1));
		path = next;
	}
	if (used == 0 || end[-1] == '/') {
		clean[used++] = '/';
	}
	clean[used] = '\0';
	return true;
}
