/* SPDX-License-Identifier: MIT */
/* Sleeps by their stacks, as a table and as JSON; see top_sleeps.h. */

#include "cli/top_sleeps.h"

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

void ctrace_top_sleeps_text(FILE *out, const struct ctrace_sleep_sums *sums,
			    const struct ctrace_trace *trace, uint64_t rows)
{
	if (sums->count == 0) {
		return;
	}
	fprintf(out, "\nwhere threads slept\n   %10s %10s %10s  %s\n", "slept", "count", "longest",
		"function < its caller");
	for (uint32_t i = 0; i < sums->count && (rows == 0 || i < rows); i++) {
		put_figures(out, &sums->rows[i].sum, sums->rows[i].longest);
		ctrace_top_stack_text(out, trace, sums->rows[i].stack, FUNCTIONS);
		fputc('\n', out);
	}
	ctrace_top_tables_more(out, sums->count, rows);
	if (sums->not_looked.count > 0) {
		put_figures(out, &sums->not_looked, 0);
		fputs("[not looked at]\n", out);
	}
	put_figures(out, &sums->all, 0);
	fprintf(out, "all, %" PRIu32 " thread%s\n", sums->threads, sums->threads == 1 ? "" : "s");
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
