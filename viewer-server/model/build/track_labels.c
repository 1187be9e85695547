/* SPDX-License-Identifier: MIT */
/* What processes and threads are called, and the order that follows from it. */

#include "viewer-server/model/build/track_labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct ctrace_thread_row *ctrace_track_row(const struct ctrace_gathering *gathering,
						 uint32_t build)
{
	return ctrace_trace_thread(gathering->model->trace, gathering->builds[build].stream);
}

/* A label of our own making, kept by the model. */
static struct ctrace_bytes make_label(struct ctrace_gathering *gathering, const char *word,
				      uint64_t number)
{
	char **kept = ctrace_column_add(&gathering->model->labels, sizeof(*kept));
	int size;

	if (kept == NULL) {
		return (struct ctrace_bytes){word, (uint32_t)strlen(word)};
	}
	size = asprintf(kept, "%s %" PRIu64, word, number);
	if (size < 0) {
		*kept = NULL;
		return (struct ctrace_bytes){word, (uint32_t)strlen(word)};
	}
	return (struct ctrace_bytes){*kept, (uint32_t)size};
}

static struct ctrace_bytes copy_label(struct ctrace_gathering *gathering, struct ctrace_bytes text)
{
	char **kept = ctrace_column_add(&gathering->model->labels, sizeof(*kept));

	if (kept == NULL) {
		return (struct ctrace_bytes){"", 0};
	}
	*kept = malloc(text.size + 1u);
	if (*kept == NULL) {
		return (struct ctrace_bytes){"", 0};
	}
	memcpy(*kept, text.bytes, text.size);
	return (struct ctrace_bytes){*kept, text.size};
}

/* They are sorted by pid. */
static const struct ctrace_process_row *find_process(const struct ctrace_trace *trace, uint64_t pid)
{
	uint32_t low = 0, high;
	const struct ctrace_process_row *rows = ctrace_trace_processes(trace, &high);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rows[middle].pid == pid) {
			return &rows[middle];
		}
		if (rows[middle].pid < pid) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

struct ctrace_bytes ctrace_track_process_label(struct ctrace_gathering *gathering, uint64_t pid)
{
	const struct ctrace_process_row *row = find_process(gathering->model->trace, pid);

	for (uint32_t i = gathering->own_count; i-- > 0;) {
		const struct ctrace_stream_build *build = &gathering->builds[gathering->own[i]];

		if (build->process_name.size > 0) {
			return copy_label(gathering, build->process_name);
		}
	}
	if (row != NULL && row->name != 0) {
		return ctrace_trace_string(gathering->model->trace, row->name);
	}
	return make_label(gathering, "process", pid);
}

/* What the thread is called, as long as the streams are there; empty: nothing. */
static struct ctrace_bytes thread_name(const struct ctrace_gathering *gathering, uint32_t build)
{
	const struct ctrace_thread_row *row = ctrace_track_row(gathering, build);

	if (gathering->builds[build].thread_name.size > 0) {
		return gathering->builds[build].thread_name;
	}
	if (row != NULL && row->name != 0) {
		return ctrace_trace_string(gathering->model->trace, row->name);
	}
	return (struct ctrace_bytes){"", 0};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint64_t take_number(struct ctrace_bytes text, uint32_t *at)
{
	uint64_t number = 0;

	while (*at < text.size && is_digit(text.bytes[*at]) && number < UINT64_MAX / 16) {
		number = number * 10 + (uint64_t)(text.bytes[(*at)++] - '0');
	}
	return number;
}

static int compare_names(struct ctrace_bytes a, struct ctrace_bytes b)
{
	uint32_t i = 0, j = 0;

	while (i < a.size && j < b.size) {
		if (is_digit(a.bytes[i]) && is_digit(b.bytes[j])) {
			uint64_t x = take_number(a, &i), y = take_number(b, &j);

			if (x != y) {
				return x < y ? -1 : 1;
			}
		} else if (a.bytes[i] != b.bytes[j]) {
			return (unsigned char)a.bytes[i] < (unsigned char)b.bytes[j] ? -1 : 1;
		} else {
			i++;
			j++;
		}
	}
	return (a.size - i > b.size - j) - (a.size - i < b.size - j);
}

static bool is_main_thread(const struct ctrace_gathering *gathering, uint32_t build)
{
	const struct ctrace_thread_row *row = ctrace_track_row(gathering, build);

	return row != NULL && row->tid == row->pid;
}

int ctrace_track_compare(const void *a, const void *b, void *context)
{
	const struct ctrace_gathering *gathering = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = is_main_thread(gathering, y) - is_main_thread(gathering, x);

	if (order == 0) {
		order = compare_names(thread_name(gathering, x), thread_name(gathering, y));
	}
	if (order == 0) {
		order = gathering->builds[x].stream < gathering->builds[y].stream ? -1 : 1;
	}
	return order;
}

struct ctrace_bytes ctrace_track_thread_label(struct ctrace_gathering *gathering, uint32_t build)
{
	const struct ctrace_thread_row *row = ctrace_track_row(gathering, build);

	if (thread_name(gathering, build).size > 0) {
		return copy_label(gathering, thread_name(gathering, build));
	}
	return row != NULL ? make_label(gathering, "thread", row->tid)
			   : make_label(gathering, "stream", gathering->builds[build].stream);
}
