/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECOVER_LIST_H
#define CTRACE_RECOVER_LIST_H

/* The process folders of a ring directory, and what is to become of each. */

#include "tracer/outside/process_image.h"

#include <limits.h>

struct ctrace_left {
	char folder[PATH_MAX];
	struct ctrace_process_image about;
	enum ctrace_life life;
	char ended[96];
};

struct ctrace_left_list {
	struct ctrace_left *items; /* owned; in the order of their making */
	uint32_t count;
	uint32_t complaints; /* folders of no use; each was told in a line */
};

/*
 * DIRECTORY may be a ring directory or one process's folder. False after a line on
 * stderr: it cannot be read.
 */
bool ctrace_left_list_read(struct ctrace_left_list *list, const char *directory);
void ctrace_left_list_finish(struct ctrace_left_list *list);

#endif
