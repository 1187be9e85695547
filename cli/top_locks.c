/* SPDX-License-Identifier: MIT */
/* Tables of locks; see top_locks.h. */

#include "cli/top_locks.h"

#include "cli/json_out.h"
#include "cli/top_stack.h"
#include "cli/top_tables.h"
#include "viewer-server/analysis/lock_holders.h"
#include "viewer-server/analysis/lock_places.h"

#include <inttypes.h>

/* Functions of a holder's stack in a line. */
#define HELD_FUNCTIONS 6u

enum ctrace_status ctrace_top_locks_init(struct ctrace_top_locks *locks,
					 const struct ctrace_model *model,
					 const struct ctrace_trace *trace,
					 const struct ctrace_lock_settings *settings)
{
	enum ctrace_status status;

	*locks = (struct ctrace_top_locks){0};
	status = ctrace_lock_waits_init(&locks->waits, trace, NULL);
	if (status == CTRACE_OK) {
		ctrace_lock_holders_find(&locks->waits, model);
		status = ctrace_lock_counts_init(&locks->counts, &locks->waits, trace, settings);
	}
	if (status == CTRACE_OK) {
		status = ctrace_lock_cycles_init(&locks->cycles, &locks->waits);
	}
	return status;
}

void ctrace_top_locks_finish(struct ctrace_top_locks *locks)
{
	ctrace_lock_cycles_finish(&locks->cycles);
	ctrace_lock_counts_finish(&locks->counts);
	ctrace_lock_waits_finish(&locks->waits);
}

static struct ctrace_bytes call_of(const struct ctrace_trace *trace, uint32_t call)
{
	const struct ctrace_call_row *row = ctrace_trace_call(trace, call);

	return row != NULL ? ctrace_trace_string(trace, row->name)
			   : (struct ctrace_bytes){"(unknown call)", 14};
}

/* ---- Text ------------------------------------------------------------------------ */

static void put_function(FILE *out, const char *before, const struct ctrace_trace *trace,
			 uint32_t frame)
{
	fputs(before, out);
	ctrace_top_stack_function(out, trace, ctrace_trace_frame(trace, frame));
}

/* Where the holder was in the longest wait of which that is known. */
static void put_held(FILE *out, const struct ctrace_seen_wait *wait,
		     const struct ctrace_trace *trace)
{
	bool is_asleep = ctrace_look_is_asleep(wait->held);
	char after[24], waited[24];

	fprintf(out, "  %10s while they waited, %" PRIu64 " %s ", "", wait->holder,
		is_asleep ? "was asleep at" : "ran, at");
	ctrace_top_stack_text(out, trace, wait->held->stack, HELD_FUNCTIONS);
	fprintf(out, " (%s into a wait of %s)\n",
		ctrace_top_tables_duration(wait->held->time - wait->begin, after),
		ctrace_top_tables_duration(wait->end - wait->begin, waited));
}

static void put_row(FILE *out, const struct ctrace_lock_row *row, const struct ctrace_trace *trace)
{
	char total[24], p50[24], p99[24], max[24], holder[24] = "-";

	if (row->holder != 0) {
		snprintf(holder, sizeof(holder), "%" PRIu64, row->holder);
	}
	fprintf(out,
		"  %10s %10" PRIu64 " %10s %10s %10s %8" PRIu64 " %8s %8" PRIu64 "  %s 0x%" PRIx64,
		ctrace_top_tables_duration(row->total, total), row->count,
		ctrace_top_tables_duration(row->p50, p50),
		ctrace_top_tables_duration(row->p99, p99),
		ctrace_top_tables_duration(row->max, max), row->waiting, holder, row->pid,
		ctrace_lock_kind_name(row->kind), row->lock);
	if (row->waited_in != 0) {
		put_function(out, "  waited in ", trace, row->waited_in);
	}
	if (row->let_go_in != 0) {
		put_function(out, "  let go in ", trace, row->let_go_in);
	}
	fputc('\n', out);
	if (row->held != NULL) {
		put_held(out, row->held, trace);
	}
}

/* Which call it is, and where that is known whose. */
static void put_call(FILE *out, const struct ctrace_seen_wait *wait,
		     const struct ctrace_trace *trace)
{
	uint32_t place = ctrace_lock_place(trace, wait->stack);
	struct ctrace_bytes call = call_of(trace, wait->call);

	if (place == 0) {
		ctrace_top_tables_plain(out, call);
		return;
	}
	put_function(out, "", trace, place);
	fputs(": ", out);
	ctrace_top_tables_plain(out, call);
}

static void put_cycle(FILE *out, const struct ctrace_lock_cycles *cycles, size_t from, size_t to,
		      const struct ctrace_trace *trace)
{
	fprintf(out, "\ndeadlock: %zu thread%s for ever\n", to - from,
		to - from == 1 ? " waits for itself" : "s wait for each other");
	for (size_t i = from; i < to; i++) {
		const struct ctrace_seen_wait *wait = cycles->items[i];
		char waited[24];

		fprintf(out,
			"  %" PRIu64 " waits for %s 0x%" PRIx64 ", which %" PRIu64
			" has; for %s, in ",
			wait->tid, ctrace_lock_kind_name(wait->kind), wait->lock, wait->holder,
			ctrace_top_tables_duration(wait->end - wait->begin, waited));
		put_call(out, wait, trace);
	}
}

void ctrace_top_locks_text(FILE *out, const struct ctrace_top_locks *locks,
			   const struct ctrace_trace *trace, uint64_t rows)
{
	size_t from = 0;

	if (locks->counts.count > 0) {
		fprintf(out, "\nlocks\n  %10s %10s %10s %10s %10s %8s %8s %8s  %s\n", "waited",
			"count", "p50", "p99", "max", "not over", "held by", "pid", "lock");
	}
	for (size_t i = 0; i < locks->counts.count && (rows == 0 || i < rows); i++) {
		put_row(out, &locks->counts.rows[i], trace);
	}
	ctrace_top_tables_more(out, locks->counts.count, rows);
	for (size_t i = 0; i < locks->cycles.count; i++) {
		put_cycle(out, &locks->cycles, from, locks->cycles.ends[i], trace);
		from = locks->cycles.ends[i];
	}
}

/* ---- JSON ------------------------------------------------------------------------ */

/* A member, with a comma before it; null: not known. */
static void put_place_json(FILE *out, const char *member, uint32_t number,
			   const struct ctrace_trace *trace)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, number);

	fprintf(out, ", \"%s\": ", member);
	if (frame == NULL) {
		fputs("null", out);
		return;
	}
	ctrace_top_stack_frame_json(out, trace, frame);
}

static void put_held_json(FILE *out, const struct ctrace_seen_wait *wait,
			  const struct ctrace_trace *trace)
{
	fputs(", \"held_at\": ", out);
	if (wait == NULL) {
		fputs("null", out);
		return;
	}
	fprintf(out,
		"{\"tid\": %" PRIu64 ", \"state\": \"%s\", \"after_ns\": %" PRIu64
		", \"waited_ns\": %" PRIu64 ", \"stack\": ",
		wait->holder, ctrace_thread_state_name(wait->held->doing),
		wait->held->time - wait->begin, wait->end - wait->begin);
	ctrace_top_stack_json(out, trace, wait->held->stack);
	fputc('}', out);
}

static void put_row_json(FILE *out, const struct ctrace_lock_row *row,
			 const struct ctrace_trace *trace)
{
	fprintf(out,
		"{\"lock\": \"0x%" PRIx64 "\", \"kind\": \"%s\", \"pid\": %" PRIu64
		", \"count\": %" PRIu64 ", \"not_over\": %" PRIu64 ", \"total_ns\": %" PRIu64
		", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64
		", \"holder\": %" PRIu64 ", \"holder_count\": %" PRIu64 ", \"threads\": %" PRIu64,
		row->lock, ctrace_lock_kind_name(row->kind), row->pid, row->count, row->waiting,
		row->total, row->p50, row->p99, row->max, row->holder, row->holder_count,
		row->threads);
	put_place_json(out, "waited_in", row->waited_in, trace);
	put_place_json(out, "let_go_in", row->let_go_in, trace);
	put_place_json(out, "held_in", row->held_in, trace);
	put_held_json(out, row->held, trace);
	fputc('}', out);
}

static void put_wait_json(FILE *out, const struct ctrace_seen_wait *wait,
			  const struct ctrace_trace *trace)
{
	struct ctrace_bytes call = call_of(trace, wait->call);

	fprintf(out,
		"{\"pid\": %" PRIu64 ", \"tid\": %" PRIu64 ", \"holder\": %" PRIu64
		", \"lock\": \"0x%" PRIx64 "\", \"kind\": \"%s\", \"waited_ns\": %" PRIu64
		", \"call\": ",
		wait->pid, wait->tid, wait->holder, wait->lock, ctrace_lock_kind_name(wait->kind),
		wait->end - wait->begin);
	ctrace_json_out_string(out, call.bytes, call.size);
	put_place_json(out, "waits_in", ctrace_lock_place(trace, wait->stack), trace);
	fputc('}', out);
}

static void put_cycles_json(FILE *out, const struct ctrace_lock_cycles *cycles,
			    const struct ctrace_trace *trace)
{
	size_t from = 0;

	fprintf(out, ",\n  \"deadlocks\": [");
	for (size_t i = 0; i < cycles->count; i++) {
		fprintf(out, "%s\n    [", i > 0 ? "," : "");
		for (size_t at = from; at < cycles->ends[i]; at++) {
			fputs(at > from ? ", " : "", out);
			put_wait_json(out, cycles->items[at], trace);
		}
		fputc(']', out);
		from = cycles->ends[i];
	}
	fprintf(out, "%s]", cycles->count > 0 ? "\n  " : "");
}

void ctrace_top_locks_json(FILE *out, const struct ctrace_top_locks *locks,
			   const struct ctrace_trace *trace)
{
	fprintf(out, ",\n  \"locks\": [");
	for (size_t i = 0; i < locks->counts.count; i++) {
		fprintf(out, "%s\n    ", i > 0 ? "," : "");
		put_row_json(out, &locks->counts.rows[i], trace);
	}
	fprintf(out, "%s]", locks->counts.count > 0 ? "\n  " : "");
	put_cycles_json(out, &locks->cycles, trace);
}
