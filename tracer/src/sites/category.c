/* SPDX-License-Identifier: MIT */

/* Category lists; see category.h. */

#include "tracer/src/sites/category.h"

#include <string.h>

static bool item_matches(const char *item, size_t size, const char *category)
{
	if (size > 0 && item[size - 1] == '*') {
		return strncmp(item, category, size - 1) == 0;
	}
	return strlen(category) == size && memcmp(item, category, size) == 0;
}

bool ctrace_category_is_in(const char *category, const char *list)
{
	bool is_in;

	if (list == NULL || list[0] == '\0') {
		return true;
	}
	is_in = list[strspn(list, " ,")] == '-';
	while (*list != '\0') {
		size_t size;
		bool is_taken_away;

		list += strspn(list, " ,");
		is_taken_away = *list == '-';
		list += is_taken_away;
		size = strcspn(list, " ,");
		if (size > 0 && item_matches(list, size, category)) {
			is_in = !is_taken_away;
		}
		list += size;
	}
	return is_in;
}
