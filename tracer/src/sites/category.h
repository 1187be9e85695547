/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CATEGORY_H
#define CTRACE_CATEGORY_H

/*
 * Category lists: items separated by commas, `*` at an item's end matches any
 * rest, `-` in front takes away, the last item that matches decides. A list that
 * begins by taking away begins with all; NULL and "" are all.
 *
 * Pure functions. Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>

bool ctrace_category_is_in(const char *category, const char *list);

#endif
