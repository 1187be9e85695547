/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_LIST_H
#define CTRACE_THREAD_LIST_H

/* `--threads TID,…` of several commands. Every failure is one line on stderr. */

#include "format/reader.h"

#include <stdbool.h>

struct ctrace_thread_list {
	uint64_t *tids; /* owned, ascending */
	uint32_t count;
};

/* "12,34"; NULL is none. Below 0: good, else the exit status. Undo with _finish in either case. */
int ctrace_thread_list_init(struct ctrace_thread_list *list, const char *command, const char *text);
void ctrace_thread_list_finish(struct ctrace_thread_list *list);

/* Is each of them in the trace? */
bool ctrace_thread_list_check(const struct ctrace_thread_list *list,
			      const struct ctrace_trace *trace, const char *path);

#endif
