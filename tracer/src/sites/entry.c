/* SPDX-License-Identifier: MIT */

/* Call sites and lists of categories; see entry.h. */

#include "tracer/src/sites/entry.h"

#include "format/kinds.h"
#include "tracer/src/sites/category.h"

static bool has_no_category(unsigned kind)
{
	return kind == CTRACE_KIND_THREAD_NAME || kind == CTRACE_KIND_PROCESS_NAME ||
	       kind == CTRACE_KIND_SYSCALL_ENTER || kind == CTRACE_KIND_SYSCALL_TEXT;
}

bool ctrace_entry_is_in(const struct ctrace_entry *entry, const char *list)
{
	return has_no_category(entry->kind) || ctrace_category_is_in(entry->category.bytes, list);
}
