/* SPDX-License-Identifier: MIT */

/*
 * libctrace-alloc has no sites that its loader would tell the recorder of: it makes its own known
 * by hand, to the recorder that it has found, which may come after it.
 */

#include <ctrace/trace.h>

void ctrace_module_enter(const struct ctrace_site_info *const *start,
			 const struct ctrace_site_info *const *stop, char *module)
{
	(void)start;
	(void)stop;
	(void)module;
}

void ctrace_module_leave(char *module)
{
	(void)module;
}
