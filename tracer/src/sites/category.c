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

static const char *skip_named(const char *list)
{
	list += strspn(list, " ,");
	while (*list == '+') {
		list += strcspn(list, " ,");
		list += strspn(list, " ,");
	}
	return list;
}

/* All categories, and maybe something named besides. */
static bool is_all(const char *list)
{
	return *list == '\0' || (*list == '+' && *skip_named(list) == '\0');
}

bool ctrace_category_is_named(const char *item, const char *list)
{
	size_t wanted = strlen(item);

	for (; list != NULL && *list != '\0'; list += strcspn(list, " ,")) {
		list += strspn(list, " ,");
		if (strncmp(list, item, wanted) == 0 && strcspn(list, " ,") == wanted) {
			return true;
		}
	}
	return false;
}

bool ctrace_category_is_in(const char *category, const char *list)
{
	bool is_in;

	if (list == NULL || is_all(list)) {
		return true;
	}
	is_in = *skip_named(list) == '-';
	for (list = skip_named(list); *list != '\0'; list = skip_named(list)) {
		size_t size;
		bool is_taken_away;

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
