/* SPDX-License-Identifier: MIT */
/* What analysis/heap_sums.h summed up, for programs; see heap_tables.h. */

#include "cli/heap_tables.h"

#include "cli/json_out.h"
#include "viewer-server/analysis/heap_stack.h"

#include <inttypes.h>
#include <string.h>

#define NAME_BYTES 256u

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
	fprintf(out, ", \"touched\": {\"bytes\": %" PRIu64 ", \"pages\": ", site->touched.bytes);
	ctrace_json_out_double(out, site->touched.blocks);
	fputc('}', out);
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
			", \"resident\": %" PRIu64 ", \"resident_most\": %" PRIu64 "}",
			i > 0 ? "," : "", point->live, point->most, point->got, point->resident,
			point->resident_most);
	}
	fputs("]},\n", out);
}

static void put_json_pairs(FILE *out, const struct ctrace_heap *heap)
{
	fputs("  \"threads\": [", out);
	for (uint32_t i = 0; i < heap->pair_count; i++) {
		const struct ctrace_heap_pair *pair = &heap->pairs[i];

		fprintf(out, "%s\n    {\"got_by\": %" PRIu64 ", \"freed_by\": %" PRIu64 ", ",
			i > 0 ? "," : "", ctrace_heap_tables_tid(heap, pair->from),
			ctrace_heap_tables_tid(heap, pair->to));
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

/* null: nothing is told of it. */
static void put_json_resident(FILE *out, const struct ctrace_resident *resident)
{
	const struct ctrace_resident_row *all = &resident->all;

	if (!all->is_there) {
		fputs("  \"resident\": null,\n", out);
		return;
	}
	fprintf(out,
		"  \"resident\": {\"processes\": %" PRIu32 ", \"begin_bytes\": %" PRIu64
		", \"end_bytes\": %" PRIu64 ", \"has_ended\": %s, \"most_bytes\": %" PRIu64
		", \"most_at_ns\": %" PRIu64 "},\n",
		resident->count, all->begin, all->end, all->has_ended ? "true" : "false", all->most,
		all->most_time);
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
	put_json_resident(out, &heap->resident);
	put_json_curve(out, heap);
	put_json_sites(out, heap, has_from);
	put_json_pairs(out, heap);
	put_json_pools(out, heap);
	fputs("}\n", out);
}
