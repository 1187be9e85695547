/* SPDX-License-Identifier: MIT */
/* What analysis/heap_sums.h summed up, for people. */

#include "cli/heap_tables.h"

#include "cli/byte_text.h"
#include "viewer-server/analysis/heap_stack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256u
/* Of a stack, as many functions in a line of text. */
#define CHAIN_MAX 4u

static const struct ctrace_thread_row *thread_of(const struct ctrace_heap *heap, uint32_t stream)
{
	return ctrace_trace_thread(heap->trace, stream);
}

uint64_t ctrace_heap_tables_tid(const struct ctrace_heap *heap, uint32_t stream)
{
	const struct ctrace_thread_row *row = thread_of(heap, stream);

	return row != NULL ? row->tid : 0;
}

/* ---- text ---- */

struct text {
	char bytes[CTRACE_BYTE_TEXT_BYTES];
};

static struct text amount(double bytes)
{
	struct text text = {""};

	ctrace_byte_text(bytes, text.bytes);
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

static const char *pages_of(const struct ctrace_heap *heap)
{
	return heap->total.touched.blocks == 1 ? "page" : "pages";
}

/* With those that have ended there is no end of all together, but of one alone. */
static void put_resident(FILE *out, const struct ctrace_heap *heap, bool has_from)
{
	const struct ctrace_resident_row *all = &heap->resident.all;

	if (!all->is_there) {
		return;
	}
	fprintf(out, "%-10s", "  resident");
	if (has_from) {
		fprintf(out, " %10s before,", amount((double)all->begin).bytes);
	}
	if (all->now > 0 || heap->resident.count == 1) {
		fprintf(out, " %s %s,", amount((double)all->end).bytes,
			all->now > 0 ? "at the end" : "when it ended");
	}
	fprintf(out, " at most %s at %s\n", amount((double)all->most).bytes,
		duration(all->most_time).bytes);
}

static void put_touched(FILE *out, const struct ctrace_heap *heap)
{
	if (heap->total.touched.blocks > 0) {
		fprintf(out, "%-10s %10s in about %.0f %s\n", "  touched",
			amount((double)heap->total.touched.bytes).bytes, heap->total.touched.blocks,
			pages_of(heap));
	}
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
	put_touched(out, heap);
	put_resident(out, heap, has_from);
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

/* Nothing was ever got there: it is one of page faults. */
static bool is_of_faults(const struct ctrace_heap_site *site)
{
	return site->touched.blocks > 0 && site->got.blocks == 0 && site->live.blocks == 0 &&
	       site->before.blocks == 0 && site->freed.blocks == 0;
}

static void put_sites(FILE *out, const struct ctrace_heap *heap, bool has_from, uint64_t rows)
{
	uint64_t count = 0;

	fprintf(out, "\nplaces\n  %10s %9s %10s %9s %10s %10s  %s\n", has_from ? "growth" : "alive",
		"blocks", "got", "blocks", "half live", "overdue", "function < its callers");
	for (uint32_t i = 0; i < heap->site_count; i++) {
		if (is_of_faults(&heap->sites[i])) {
			continue;
		}
		count++;
		if (rows == 0 || count <= rows) {
			put_site(out, heap, &heap->sites[i], has_from);
		}
	}
	put_more(out, count, rows);
}

/* ---- who touched ---- */

static int by_touched(const void *a, const void *b)
{
	const struct ctrace_heap_site *const *x = a, *const *y = b;
	uint64_t first = (*x)->touched.bytes, second = (*y)->touched.bytes;

	if (first != second) {
		return first > second ? -1 : 1;
	}
	return ((*x)->stack > (*y)->stack) - ((*x)->stack < (*y)->stack);
}

static void put_touched_rows(FILE *out, const struct ctrace_heap *heap,
			     const struct ctrace_heap_site **order, uint32_t count, uint64_t rows)
{
	double whole = (double)heap->total.touched.bytes;

	fprintf(out, "\nplaces that touched pages first\n  %10s %9s %7s  %s\n", "touched", "pages",
		"share", "function < its callers");
	for (uint32_t i = 0; i < count && (rows == 0 || i < rows); i++) {
		fprintf(out, "  %10s %9.0f %5.1f %%  ",
			amount((double)order[i]->touched.bytes).bytes, order[i]->touched.blocks,
			100 * (double)order[i]->touched.bytes / whole);
		put_chain(out, heap, order[i]->stack);
	}
	put_more(out, count, rows);
}

bool ctrace_heap_tables_touched(FILE *out, const struct ctrace_heap *heap, uint64_t rows)
{
	const struct ctrace_heap_site **order =
		calloc(heap->site_count + 1u, sizeof(const struct ctrace_heap_site *));
	uint32_t count = 0;

	for (uint32_t i = 0; order != NULL && i < heap->site_count; i++) {
		if (heap->sites[i].touched.blocks > 0) {
			order[count++] = &heap->sites[i];
		}
	}
	if (order == NULL) {
		return false;
	}
	qsort(order, count, sizeof(const struct ctrace_heap_site *), by_touched);
	fprintf(out, "at %s, of page faults some are recorded, each for as many\n",
		duration(heap->moment).bytes);
	put_touched(out, heap);
	put_resident(out, heap, false);
	put_touched_rows(out, heap, order, count, rows);
	free(order);
	return true;
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
				ctrace_heap_tables_tid(heap, pair->from),
				ctrace_heap_tables_tid(heap, pair->to));
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
