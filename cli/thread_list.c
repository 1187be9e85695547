/* SPDX-License-Identifier: MIT */
/* Numbers with commas between, each of a thread of the trace. */

#include "cli/thread_list.h"

#include "cli/command.h"
#include "cli/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(const char *command, const char *text)
{
	fprintf(stderr,
		"ctrace %s: --threads takes thread ids with commas between: %s; see `ctrace %s "
		"--help`\n",
		command, text, command);
	return CTRACE_EXIT_USAGE;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int ctrace_thread_list_init(struct ctrace_thread_list *list, const char *command, const char *text)
{
	size_t most = 1;

	*list = (struct ctrace_thread_list){0};
	for (const char *c = text; c != NULL && *c != '\0'; c++) {
		most += *c == ',';
	}
	list->tids = calloc(most, sizeof(*list->tids));
	if (list->tids == NULL) {
		fprintf(stderr, "ctrace %s: no memory for the list of threads\n", command);
		return CTRACE_EXIT_FAILED;
	}
	for (const char *at = text; at != NULL;) {
		char *end;
		uint64_t tid = strtoull(at, &end, 10);

		if (*at < '0' || *at > '9' || (*end != ',' && *end != '\0')) {
			return complain(command, text);
		}
		list->tids[list->count++] = tid;
		at = *end == ',' ? end + 1 : NULL;
	}
	qsort(list->tids, list->count, sizeof(*list->tids), by_number);
	return -1;
}

void ctrace_thread_list_finish(struct ctrace_thread_list *list)
{
	free(list->tids);
	*list = (struct ctrace_thread_list){0};
}

static bool has_thread(const struct ctrace_trace *trace, uint64_t tid)
{
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].tid == tid) {
			return true;
		}
	}
	return false;
}

bool ctrace_thread_list_check(const struct ctrace_thread_list *list,
			      const struct ctrace_trace *trace, const char *path)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (!has_thread(trace, list->tids[i])) {
			fprintf(stderr, "%s: no thread %" PRIu64 " in this trace\n",
				ctrace_input_name(path), list->tids[i]);
			return false;
		}
	}
	return true;
}
