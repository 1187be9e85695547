/* SPDX-License-Identifier: MIT */
/* Printing of what analysis/heap_sums.h summed up. */

#include "cli/heap_tables.h"

#include "cli/json_out.h"
#include "viewer-server/analysis/heap_stack.h"

#include <inttypes.h>
#include <string.h>

#define NAME_BYTES 256u
/* Of a stack, as many functions in a line of text. */
#define CHAIN_MAX 4u

static const struct ctrace_thread_row *thread_of(const struct ctrace_heap *heap, uint32_t stream)
{
	return ctrace_trace_thread(heap->trace, stream);
}

static uint64_t tid_of(const struct ctrace_heap *heap, uint32_t stream)
{
	const struct ctrace_thread_row *row = thread_of(heap, stream);

	return row != NULL ? row->tid : 0;
}

/* ---- text ---- */

struct text {
	char bytes[32];
};

/* Three digits that count, with a unit. */
static struct text amount(double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes < 0 ? -bytes : bytes;
	struct text text;
	unsigned unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(text.bytes, sizeof(text.bytes), "%s%.*f %s", bytes < 0 ? "-" : "",
		 unit == 0 || value >= 100 ? 0
		 : value >= 10		   ? 1
					   : 2,
		 value, units[unit]);
	return text;
}

static struct text duration(uint64_t ns)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
	struct text text;
	unsigned at = 0;

	while (at < 3 && (double)ns < units[at].unit) {
		at++;
	}
	snprintf(text.bytes, sizeof(text.bytes), "%.3g %s", (double)ns / units[at].unit,
		 units[at].name);
	return text;
}

/* Text of a trace may hold anything; a terminal shall see none of it. */
static void put_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

static void put_more(FILE *out, uint64_t count, uint64_t rows)
{
	if (rows != 0 && count > rows) {
		fprintf(out, "  … %" PRIu64 " more: --rows 0\n", count - rows);
	}
}

static void put_chain(FILE *out, const struct ctrace_heap *heap, uint64_t stack)
{
	const struct ctrace_frame_row *frames[CTRACE_HEAP_STACK_MAX];
	unsigned count = ctrace_heap_stack(heap->trace, stack, frames);
	char name[NAME_BYTES];

	for (unsigned i = 0; i < count && i < CHAIN_MAX; i++) {
		ctrace_heap_function(heap->trace, frames[i], name, sizeof(name));
		fputs(i > 0 ? " < " : "", out);
		put_plain(out, name);
	}
	fputs(count == 0 ? "not known\n" : count > CHAIN_MAX ? " < …\n" : "\n", out);
}

/* "1.2 MiB ± 80 KiB" */
static void put_sum(FILE *out, const char *title, const struct ctrace_heap_sum *sum)
{
	double spread = ctrace_heap_spread(sum);

	fprintf(out, "%-10s %10s", title, amount((double)sum->bytes).bytes);
	if (spread > 0) {
		fprintf(out, " ± %s", amount(spread).bytes);
	}
	fprintf(out, " in %.0f blocks\n", sum->blocks);
}

static void put_totals(FILE *out, const struct ctrace_heap *heap, bool has_from)
{
	fprintf(out, "at %s%s\n", duration(heap->moment).bytes,
		heap->is_sampled ? ", by a sample: ± holds the truth 95 times of 100" : "");
	put_sum(out, "  alive", &heap->total.live);
	if (has_from) {
		put_sum(out, "  before", &heap->total.before);
	}
	fprintf(out, "%-10s %10s at %s\n", "  at most", amount((double)heap->peak).bytes,
		duration(heap->peak_time).bytes);
	put_sum(out, "  got", &heap->total.got);
	put_sum(out, "  freed", &heap->total.freed);
	put_sum(out, "  overdue", &heap->total.overdue);
}

static void put_site(FILE *out, const struct ctrace_heap *heap, const struct ctrace_heap_site *site,
		     bool has_from)
{
	double first = (double)site->live.bytes - (has_from ? (double)site->before.bytes : 0);
	uint64_t life = ctrace_heap_median_life(site);

	fprintf(out, "  %10s %9.0f %10s %9.0f %10s %10s  ", amount(first).bytes,
		site->live.blocks - (has_from ? site->before.blocks : 0),
		amount((double)site->got.bytes).bytes, site->got.blocks,
		site->freed.blocks > 0 ? duration(life).bytes : "-",
		site->overdue.blocks > 0 ? amount((double)site->overdue.bytes).bytes : "-");
	put_chain(out, heap, site->stack);
}

static void put_sites(FILE *out, const struct ctrace_heap *heap, bool has_from, uint64_t rows)
{
	fprintf(out, "\nplaces\n  %10s %9s %10s %9s %10s %10s  %s\n", has_from ? "growth" : "alive",
		"blocks", "got", "blocks", "half live", "overdue", "function < its callers");
	for (uint32_t i = 0; i < heap->site_count && (rows == 0 || i < rows); i++) {
		put_site(out, heap, &heap->sites[i], has_from);
	}
	put_more(out, heap->site_count, rows);
}

/* Only what changed hands. */
static void put_pairs(FILE *out, const struct ctrace_heap *heap, uint64_t rows)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < heap->pair_count; i++) {
		const struct ctrace_heap_pair *pair = &heap->pairs[i];

		if (pair->from == pair->to) {
			continue;
		}
		if (count == 0) {
			fprintf(out, "\ngot by one thread, freed by another\n  %10s %9s %8s %8s\n",
				"bytes", "blocks", "got", "freed");
		}
		count++;
		if (rows == 0 || count <= rows) {
			fprintf(out, "  %10s %9.0f %8" PRIu64 " %8" PRIu64 "\n",
				amount((double)pair->sum.bytes).bytes, pair->sum.blocks,
				tid_of(heap, pair->from), tid_of(heap, pair->to));
		}
	}
	put_more(out, count, rows);
}

static void put_pools(FILE *out, const struct ctrace_heap *heap, uint64_t rows)
{
	if (heap->pool_count == 0) {
		return;
	}
	fprintf(out, "\npools of the program\n  %10s %10s  %s\n", "has", "gave out", "name");
	for (uint32_t i = 0; i < heap->pool_count && (rows == 0 || i < rows); i++) {
		const struct ctrace_heap_pool *pool = &heap->pools[i];
		char name[NAME_BYTES];

		snprintf(name, sizeof(name), "%.*s", (int)pool->name.size, pool->name.bytes);
		fprintf(out, "  %10s %10s  ", amount((double)pool->reserved).bytes,
			amount((double)pool->live).bytes);
		put_plain(out, name);
		fprintf(out, " (0x%" PRIx64 ")\n", pool->pool);
	}
	put_more(out, heap->pool_count, rows);
}

void ctrace_heap_tables_text(FILE *out, const struct ctrace_heap *heap, bool has_from,
			     uint64_t rows)
{
	put_totals(out, heap, has_from);
	put_sites(out, heap, has_from, rows);
	put_pairs(out, heap, rows);
	put_pools(out, heap, rows);
}

/* ---- JSON ---- */

static void put_json_sum(FILE *out, const char *name, const struct ctrace_heap_sum *sum)
{
	fprintf(out, "\"%s\": {\"bytes\": %" PRIu64 ", \"blocks\": ", name, sum->bytes);
	ctrace_json_out_double(out, sum->blocks);
	fputs(", \"plus_minus_bytes\": ", out);
	ctrace_json_out_double(out, ctrace_heap_spread(sum));
	fputc('}', out);
}

static void put_json_name(FILE *out, const struct ctrace_heap *heap,
			  const struct ctrace_frame_row *frame)
{
	struct ctrace_bytes file = ctrace_trace_string(heap->trace, frame->file);
	char name[NAME_BYTES];

	ctrace_heap_function(heap->trace, frame, name, sizeof(name));
	fputs("{\"function\": ", out);
	ctrace_json_out_string(out, name, strlen(name));
	if (frame->file != 0) {
		fputs(", \"file\": ", out);
		ctrace_json_out_string(out, file.bytes, file.size);
		fprintf(out, ", \"line\": %u", frame->line);
	}
	fputc('}', out);
}

static void put_json_stack(FILE *out, const struct ctrace_heap *heap, uint64_t stack)
{
	const struct ctrace_frame_row *frames[CTRACE_HEAP_STACK_MAX];
	unsigned count = ctrace_heap_stack(heap->trace, stack, frames);

	fputs("\"stack\": [", out);
	for (unsigned i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", out);
		put_json_name(out, heap, frames[i]);
	}
	fputc(']', out);
}

static void put_json_lives(FILE *out, const struct ctrace_heap_site *site)
{
	bool is_first = true;

	fputs("\"lives\": [", out);
	for (unsigned i = 0; i < CTRACE_HEAP_LIVES; i++) {
		if (site->lives[i] > 0) {
			fprintf(out,
				"%s{\"below_ns\": %" PRIu64 ", \"blocks\": ", is_first ? "" : ", ",
				UINT64_C(1) << i);
			ctrace_json_out_double(out, site->lives[i]);
			fputc('}', out);
			is_first = false;
		}
	}
	fputc(']', out);
}

static void put_json_numbers(FILE *out, const struct ctrace_heap_site *site, bool has_from)
{
	put_json_sum(out, "live", &site->live);
	if (has_from) {
		fputs(", ", out);
		put_json_sum(out, "before", &site->before);
		fprintf(out, ", \"growth_bytes\": %" PRId64,
			(int64_t)(site->live.bytes - site->before.bytes));
	}
	fputs(", ", out);
	put_json_sum(out, "got", &site->got);
	fputs(", ", out);
	put_json_sum(out, "freed", &site->freed);
	fputs(", ", out);
	put_json_sum(out, "overdue", &site->overdue);
	fprintf(out, ", \"half_live_ns\": %" PRIu64 ", \"longest_life_ns\": %" PRIu64 ", ",
		ctrace_heap_median_life(site), site->longest_life);
	put_json_lives(out, site);
}

static void put_json_sites(FILE *out, const struct ctrace_heap *heap, bool has_from)
{
	fputs("  \"places\": [", out);
	for (uint32_t i = 0; i < heap->site_count; i++) {
		const struct ctrace_heap_site *site = &heap->sites[i];

		fprintf(out, "%s\n    {\"pool\": %" PRIu64 ", ", i > 0 ? "," : "", site->pool);
		put_json_numbers(out, site, has_from);
		fputs(", ", out);
		put_json_stack(out, heap, site->stack);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_json_curve(FILE *out, const struct ctrace_heap *heap)
{
	fprintf(out, "  \"curve\": {\"point_ns\": %" PRIu64 ", \"points\": [", heap->point_ns);
	for (uint32_t i = 0; i < heap->point_count; i++) {
		const struct ctrace_heap_point *point = &heap->curve[i];

		fprintf(out,
			"%s\n    {\"live\": %" PRIu64 ", \"most\": %" PRIu64 ", \"got\": %" PRIu64
			"}",
			i > 0 ? "," : "", point->live, point->most, point->got);
	}
	fputs("]},\n", out);
}

static void put_json_pairs(FILE *out, const struct ctrace_heap *heap)
{
	fputs("  \"threads\": [", out);
	for (uint32_t i = 0; i < heap->pair_count; i++) {
		const struct ctrace_heap_pair *pair = &heap->pairs[i];

		fprintf(out, "%s\n    {\"got_by\": %" PRIu64 ", \"freed_by\": %" PRIu64 ", ",
			i > 0 ? "," : "", tid_of(heap, pair->from), tid_of(heap, pair->to));
		put_json_sum(out, "freed", &pair->sum);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_json_pools(FILE *out, const struct ctrace_heap *heap)
{
	fputs("  \"pools\": [", out);
	for (uint32_t i = 0; i < heap->pool_count; i++) {
		const struct ctrace_heap_pool *pool = &heap->pools[i];

		fprintf(out, "%s\n    {\"pid\": %" PRIu64 ", \"pool\": %" PRIu64 ", \"name\": ",
			i > 0 ? "," : "", pool->pid, pool->pool);
		ctrace_json_out_string(out, pool->name.bytes, pool->name.size);
		fprintf(out, ", \"reserved_bytes\": %" PRIu64 ", \"live_bytes\": %" PRIu64 "}",
			pool->reserved, pool->live);
	}
	fputs("]\n", out);
}

void ctrace_heap_tables_json(FILE *out, const struct ctrace_heap *heap, bool has_from)
{
	fprintf(out,
		"{\n  \"at_ns\": %" PRIu64 ", \"is_sampled\": %s, \"events\": %" PRIu64
		", \"lost\": %" PRIu64 ", \"unmatched_frees\": %" PRIu64
		",\n  \"peak\": {\"bytes\": %" PRIu64 ", \"at_ns\": %" PRIu64 "},\n  \"total\": {",
		heap->moment, heap->is_sampled ? "true" : "false", heap->events, heap->lost,
		heap->unmatched, heap->peak, heap->peak_time);
	put_json_numbers(out, &heap->total, has_from);
	fputs("},\n", out);
	put_json_curve(out, heap);
	put_json_sites(out, heap, has_from);
	put_json_pairs(out, heap);
	put_json_pools(out, heap);
	fputs("}\n", out);
}
