/* SPDX-License-Identifier: MIT */
/* The query of /trace.json: three names, decimal numbers, nothing else. */

#include "viewer-server/serve/guard.h"

#include <string.h>

/* Digits at the begin of *rest, at most UINT64_MAX; *rest then begins behind them. */
static bool take_number(struct ctrace_slice *rest, uint64_t *number)
{
	size_t i = 0;
	*number = 0;
	for (; i < rest->size && rest->text[i] >= '0' && rest->text[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(rest->text[i] - '0');
		if (*number > (UINT64_MAX - digit) / 10) {
			return false;
		}
		*number = *number * 10 + digit;
	}
	*rest = (struct ctrace_slice){rest->text + i, rest->size - i};
	return i > 0;
}

static bool take(struct ctrace_slice *rest, const char *text)
{
	size_t size = strlen(text);
	if (rest->size < size || memcmp(rest->text, text, size) != 0) {
		return false;
	}
	*rest = (struct ctrace_slice){rest->text + size, rest->size - size};
	return true;
}

static const char *take_time(struct ctrace_slice *rest, bool *has, uint64_t *time)
{
	if (*has) {
		return "start and end may stand once each.";
	}
	*has = true;
	return take_number(rest, time) ? NULL : "start and end are whole nanoseconds.";
}

static const char *take_threads(struct ctrace_slice *rest, struct ctrace_trace_query *query)
{
	if (query->thread_count > 0) {
		return "threads may stand once.";
	}
	do {
		if (query->thread_count == CTRACE_QUERY_THREADS_MAX) {
			return "threads names more than 1024.";
		}
		if (!take_number(rest, &query->threads[query->thread_count++])) {
			return "threads is a list of thread ids, like 12,13.";
		}
	} while (take(rest, ",") || take(rest, "%2C") || take(rest, "%2c"));
	return NULL;
}

const char *ctrace_guard_query(struct ctrace_slice text, struct ctrace_trace_query *query)
{
	*query = (struct ctrace_trace_query){.thread_count = 0};
	while (text.size > 0) {
		const char *wrong = "The query takes start, end and threads.";
		if (take(&text, "start=")) {
			wrong = take_time(&text, &query->has_start, &query->start);
		} else if (take(&text, "end=")) {
			wrong = take_time(&text, &query->has_end, &query->end);
		} else if (take(&text, "threads=")) {
			wrong = take_threads(&text, query);
		}
		if (wrong != NULL) {
			return wrong;
		}
		if (text.size > 0 && (!take(&text, "&") || text.size == 0)) {
			return "The query takes start, end and threads.";
		}
	}
	bool is_reversed = query->has_start && query->has_end && query->start > query->end;
	return is_reversed ? "start is after end." : NULL;
}
