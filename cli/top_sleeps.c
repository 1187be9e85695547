/* SPDX-License-Identifier: MIT */
/* Sleeps by their stacks, as a table and as JSON; see top_sleeps.h. */

#include "cli/top_sleeps.h"

#include "cli/top_sleep_lines.h"
#include "cli/top_stack.h"
#include "cli/top_tables.h"

#include <inttypes.h>

/* Functions of a stack in a line. */
#define FUNCTIONS 6u

/* Figures of a line, up to where it was. `longest` 0: not known. */
static void put_figures(FILE *out, const struct ctrace_sleep_sum *sum, uint64_t longest)
{
	char total[24], most[24];

	fprintf(out, "  %s%*s %10" PRIu64 " %10s  ", sum->estimated > 0 ? "≈" : " ", 10,
		ctrace_top_tables_duration(sum->total, total), sum->count,
		longest > 0 ? ctrace_top_tables_duration(longest, most) : "");
}

static void put_lines(FILE *out, const struct ctrace_top_sleep_lines *lines, uint64_t rows)
{
	fprintf(out, "\nwhere threads slept\n   %10s %10s %10s  %s\n", "slept", "count", "longest",
		"function < its caller");
	for (uint32_t i = 0; i < lines->count && (rows == 0 || i < rows); i++) {
		put_figures(out, &lines->items[i].sum, lines->items[i].longest);
		fprintf(out, "%s\n", lines->items[i].text);
	}
	ctrace_top_tables_more(out, lines->count, rows);
}

bool ctrace_top_sleeps_text(FILE *out, const struct ctrace_sleep_sums *sums,
			    const struct ctrace_trace *trace, uint64_t rows)
{
	struct ctrace_top_sleep_lines lines;
	bool is_ok;

	if (sums->count == 0) {
		return true;
	}
	is_ok = ctrace_top_sleep_lines_init(&lines, sums, trace, FUNCTIONS);
	if (is_ok) {
		put_lines(out, &lines, rows);
	}
	ctrace_top_sleep_lines_finish(&lines);
	if (is_ok && sums->not_looked.count > 0) {
		put_figures(out, &sums->not_looked, 0);
		fputs("[not looked at]\n", out);
	}
	if (is_ok) {
		put_figures(out, &sums->all, 0);
		fprintf(out, "all, %" PRIu32 " thread%s\n", sums->threads,
			sums->threads == 1 ? "" : "s");
	}
	return is_ok;
}

/* ---- JSON ------------------------------------------------------------------------ */

static void put_sum_json(FILE *out, const struct ctrace_sleep_sum *sum)
{
	fprintf(out,
		"\"total_ns\": %" PRIu64 ", \"count\": %" PRIu64 ", \"estimated_ns\": %" PRIu64,
		sum->total, sum->count, sum->estimated);
}

void ctrace_top_sleeps_json(FILE *out, const struct ctrace_sleep_sums *sums,
			    const struct ctrace_trace *trace)
{
	fputs(",\n  \"sleeps\": {", out);
	put_sum_json(out, &sums->all);
	fprintf(out, ", \"threads\": %" PRIu32 ", \"not_looked_at\": {", sums->threads);
	put_sum_json(out, &sums->not_looked);
	fputs("}, \"stacks\": [", out);
	for (uint32_t i = 0; i < sums->count; i++) {
		fprintf(out, "%s\n    {", i > 0 ? "," : "");
		put_sum_json(out, &sums->rows[i].sum);
		fprintf(out, ", \"max_ns\": %" PRIu64 ", \"stack\": ", sums->rows[i].longest);
		ctrace_top_stack_json(out, trace, sums->rows[i].stack);
		fputc('}', out);
	}
	fprintf(out, "%s]}", sums->count > 0 ? "\n  " : "");
}
