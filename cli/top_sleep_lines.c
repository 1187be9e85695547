/* SPDX-License-Identifier: MIT */
/* Rows to lines, and equal lines to one; see top_sleep_lines.h. */

#include "cli/top_sleep_lines.h"

#include "cli/top_stack.h"

#include <stdlib.h>
#include <string.h>

/* NULL: no memory. */
static char *text_of(const struct ctrace_trace *trace, uint32_t stack, unsigned functions)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL) {
		return NULL;
	}
	ctrace_top_stack_text(out, trace, stack, functions);
	return fclose(out) == 0 ? text : (free(text), NULL);
}

static int by_text(const void *a, const void *b)
{
	const struct ctrace_top_sleep_line *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static int most_first(const void *a, const void *b)
{
	const struct ctrace_top_sleep_line *x = a, *y = b;

	if (x->sum.total != y->sum.total) {
		return x->sum.total > y->sum.total ? -1 : 1;
	}
	return strcmp(x->text, y->text);
}

/* Takes the other one's text. */
static void add_to(struct ctrace_top_sleep_line *line, struct ctrace_top_sleep_line *other)
{
	line->sum.total += other->sum.total;
	line->sum.count += other->sum.count;
	line->sum.estimated += other->sum.estimated;
	line->longest = other->longest > line->longest ? other->longest : line->longest;
	free(other->text);
}

static void merge(struct ctrace_top_sleep_lines *lines)
{
	uint32_t kept = 0;

	qsort(lines->items, lines->count, sizeof(*lines->items), by_text);
	for (uint32_t i = 1; i < lines->count; i++) {
		if (by_text(&lines->items[kept], &lines->items[i]) == 0) {
			add_to(&lines->items[kept], &lines->items[i]);
		} else {
			lines->items[++kept] = lines->items[i];
		}
	}
	lines->count = kept + 1;
	qsort(lines->items, lines->count, sizeof(*lines->items), most_first);
}

bool ctrace_top_sleep_lines_init(struct ctrace_top_sleep_lines *lines,
				 const struct ctrace_sleep_sums *sums,
				 const struct ctrace_trace *trace, unsigned functions)
{
	*lines = (struct ctrace_top_sleep_lines){
		.items = calloc(sums->count + 1u, sizeof(*lines->items))};
	for (uint32_t i = 0; lines->items != NULL && i < sums->count; i++) {
		const struct ctrace_sleep_row *row = &sums->rows[i];
		char *text = text_of(trace, row->stack, functions);

		if (text == NULL) {
			return false;
		}
		lines->items[lines->count++] =
			(struct ctrace_top_sleep_line){text, row->sum, row->longest};
	}
	if (lines->count > 0) {
		merge(lines);
	}
	return lines->items != NULL;
}

void ctrace_top_sleep_lines_finish(struct ctrace_top_sleep_lines *lines)
{
	for (uint32_t i = 0; i < lines->count; i++) {
		free(lines->items[i].text);
	}
	free(lines->items);
	*lines = (struct ctrace_top_sleep_lines){0};
}
