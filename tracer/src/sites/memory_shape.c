/* SPDX-License-Identifier: MIT */

/* Shapes of sites of memory; see memory_shape.h. */

#include "tracer/src/sites/memory_shape.h"

#include "format/kinds.h"

#include <string.h>

static const struct {
	enum ctrace_kind kind;
	const char *types; /* by their letters, as in schemas */
	enum ctrace_memory_shape shape;
} shapes[] = {
	{CTRACE_KIND_ALLOC, "uuu", CTRACE_MEMORY_OWN},
	{CTRACE_KIND_ALLOC, "uup", CTRACE_MEMORY_CALLER},
	{CTRACE_KIND_ALLOC, "uuuhs", CTRACE_MEMORY_STACK},
	{CTRACE_KIND_ALLOC, "uuh", CTRACE_MEMORY_KNOWN},
	{CTRACE_KIND_ALLOC, "uuhs", CTRACE_MEMORY_TOLD},
	{CTRACE_KIND_REALLOC, "uuup", CTRACE_MEMORY_REALLOC},
	{CTRACE_KIND_REALLOC, "uuuh", CTRACE_MEMORY_REALLOC_KNOWN},
	{CTRACE_KIND_REALLOC, "uuuhs", CTRACE_MEMORY_REALLOC_TOLD},
	{CTRACE_KIND_FREE, "u", CTRACE_MEMORY_FREE},
	{CTRACE_KIND_FREE, "uu", CTRACE_MEMORY_FREE_OWN},
	{CTRACE_KIND_POOL, "uui", CTRACE_MEMORY_POOL},
	{CTRACE_KIND_LOCK_STACK, "uhs", CTRACE_MEMORY_LOCK_STACK},
};

enum ctrace_memory_shape ctrace_memory_shape(unsigned kind, const uint8_t *types, unsigned count)
{
	static const char letters[] = "?iufbsph";
	char text[CTRACE_ENTRY_ARGS_MAX + 1];

	if (count > CTRACE_ENTRY_ARGS_MAX) {
		return CTRACE_MEMORY_NONE;
	}
	for (unsigned i = 0; i < count; i++) {
		text[i] = types[i] < sizeof(letters) - 1 ? letters[types[i]] : '?';
	}
	text[count] = '\0';
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].kind == kind && strcmp(shapes[i].types, text) == 0) {
			return shapes[i].shape;
		}
	}
	return CTRACE_MEMORY_NONE;
}
