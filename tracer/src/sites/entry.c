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

static bool is_of_collector(const struct ctrace_entry *entry)
{
	return entry->kind >= CTRACE_KIND_GC_BEGIN && entry->kind <= CTRACE_KIND_GC_THREAD &&
	       strcmp(entry->category.bytes, CTRACE_GC_OF_LIBRARY) == 0;
}

static bool has_to_be_named(const struct ctrace_entry *entry)
{
	return strcmp(entry->category.bytes, CTRACE_NAMED_ALLOC) == 0 ||
	       strcmp(entry->category.bytes, CTRACE_NAMED_LOCKS) == 0;
}

bool ctrace_entry_is_in(const struct ctrace_entry *entry, const char *list)
{
	if (has_to_be_named(entry)) {
		return ctrace_category_is_named(entry->category.bytes, list);
	}
	return has_no_category(entry->kind) || is_of_malloc(entry) || is_of_collector(entry) ||
	       ctrace_category_is_in(entry->category.bytes, list);
}

unsigned ctrace_entry_end_words(const struct ctrace_entry *entry)
{
	switch (entry->kind) {
	case CTRACE_KIND_TASK_ENTER:	/* the task that is left */
	case CTRACE_KIND_SYSCALL_ENTER: /* the call's result */
	case CTRACE_KIND_LOCK_WAIT:	/* how the wait went */
		return 1;
	case CTRACE_KIND_GC_BEGIN: /* bytes alive, bytes freed */
		return 2;
	default:
		return 0;
	}
}
