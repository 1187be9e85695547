/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CATEGORY_H
#define CTRACE_CATEGORY_H

/*
 * Category lists: items separated by commas, `*` at an item's end matches any
 * rest, `-` in front takes away, the last item that matches decides. A list that
 * begins by taking away begins with all; NULL and "" are all. An item with `+` in front is
 * no category: it names something that is recorded besides, and only where it is named.
 *
 * Pure functions. Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>

bool ctrace_category_is_in(const char *category, const char *list);

/* Has the list this very item, "+alloc"? */
bool ctrace_category_is_named(const char *item, const char *list);

#endif
