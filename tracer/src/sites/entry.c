/* SPDX-License-Identifier: MIT */

/* Call sites and lists of categories; see entry.h. */

#include "tracer/src/sites/entry.h"

#include "format/kinds.h"
#include "tracer/src/sites/category.h"
#include "tracer/src/sites/memory_shape.h"

#include <string.h>

static bool has_no_category(unsigned kind)
{
	return kind == CTRACE_KIND_THREAD_NAME || kind == CTRACE_KIND_PROCESS_NAME ||
	       kind == CTRACE_KIND_SYSCALL_ENTER || kind == CTRACE_KIND_SYSCALL_TEXT ||
	       kind == CTRACE_KIND_LOCK_WAIT || kind == CTRACE_KIND_LOCK_RELEASED ||
	       kind == CTRACE_KIND_LOCK_STACK;
}

static bool is_of_malloc(const struct ctrace_entry *entry)
{
	return entry->kind >= CTRACE_KIND_ALLOC && entry->kind <= CTRACE_KIND_POOL &&
	       strcmp(entry->category.bytes, CTRACE_MEMORY_OF_MALLOC) == 0;
}

bool ctrace_entry_is_in(const struct ctrace_entry *entry, const char *list)
{
	return has_no_category(entry->kind) || is_of_malloc(entry) ||
	       ctrace_category_is_in(entry->category.bytes, list);
}
