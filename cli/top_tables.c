/* SPDX-License-Identifier: MIT */
/* Sorting and printing of what analysis/top_counts.h counted. */

#include "cli/top_tables.h"

#include "cli/json_out.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Sorting ----------------------------------------------------------------- */

struct key {
	const char *name;
	bool is_of_threads;
	size_t offset; /* of a uint64_t in the row */
};

#define THREAD_KEY(key, member)                                                                    \
	{                                                                                          \
		key, true, offsetof(struct ctrace_top_thread, member)                              \
	}
#define NAME_KEY(key, member)                                                                      \
	{                                                                                          \
		key, false, offsetof(struct ctrace_top_name, member)                               \
	}

static const struct key keys[] = {
	THREAD_KEY("cpu", running),
	THREAD_KEY("waiting", waiting),
	THREAD_KEY("runnable", runnable),
	NAME_KEY("total", total),
	NAME_KEY("self", self),
	NAME_KEY("count", count),
	NAME_KEY("p50", p50),
	NAME_KEY("p99", p99),
	NAME_KEY("max", max),
};

static const struct key *key_of(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].name, name) == 0) {
			return &keys[i];
		}
	}
	return NULL;
}

bool ctrace_top_tables_can_sort(const char *key)
{
	return strcmp(key, "name") == 0 || key_of(key) != NULL;
}

static uint64_t number_at(const void *row, size_t offset)
{
	uint64_t number;

	memcpy(&number, (const char *)row + offset, sizeof(number));
	return number;
}

/* `context`: the offset. Equal ones by name or track, as they are numbered. */
static int largest_first(const void *a, const void *b, void *context)
{
	uint64_t x = number_at(a, *(const size_t *)context);
	uint64_t y = number_at(b, *(const size_t *)context);
	uint32_t first, second;

	if (x != y) {
		return x > y ? -1 : 1;
	}
	memcpy(&first, a, sizeof(first));
	memcpy(&second, b, sizeof(second));
	return (first > second) - (first < second);
}

static int compare_bytes(struct ctrace_bytes a, struct ctrace_bytes b)
{
	uint32_t size = a.size < b.size ? a.size : b.size;
	int order = size > 0 ? memcmp(a.bytes, b.bytes, size) : 0;

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct ctrace_top_name *x = a, *y = b;

	return compare_bytes(ctrace_model_name(context, x->name),
			     ctrace_model_name(context, y->name));
}

static struct ctrace_bytes label_of(const struct ctrace_model *model, uint32_t track)
{
	uint32_t count;

	return ctrace_model_tracks(model, &count)[track].label;
}

static int by_label(const void *a, const void *b, void *context)
{
	const struct ctrace_top_thread *x = a, *y = b;
	int order = compare_bytes(label_of(context, x->track), label_of(context, y->track));

	return order != 0 ? order : (x->track > y->track) - (x->track < y->track);
}

static void sort_names(struct ctrace_top_names *names, size_t offset)
{
	qsort_r(names->rows, names->count, sizeof(*names->rows), largest_first, &offset);
}

static void sort_by_name(struct ctrace_top *top, const struct ctrace_model *model)
{
	struct ctrace_top_names *tables[] = {&top->syscalls, &top->calls, &top->spans};
	void *context = (void *)(uintptr_t)model;

	qsort_r(top->threads, top->thread_count, sizeof(*top->threads), by_label, context);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		qsort_r(tables[i]->rows, tables[i]->count, sizeof(*tables[i]->rows), by_name,
			context);
	}
}

void ctrace_top_tables_sort(struct ctrace_top *top, const struct ctrace_model *model,
			    const char *name)
{
	const struct key *key = name != NULL ? key_of(name) : NULL;

	if (key == NULL) {
		if (name != NULL) {
			sort_by_name(top, model);
		}
		return;
	}
	if (key->is_of_threads) {
		size_t offset = key->offset;

		qsort_r(top->threads, top->thread_count, sizeof(*top->threads), largest_first,
			&offset);
		return;
	}
	sort_names(&top->syscalls, key->offset);
	sort_names(&top->calls, key->offset);
	sort_names(&top->spans, key->offset);
}

/* ---- Text ----------------------------------------------------------------------- */

/* Four digits that count, with a unit. */
const char *ctrace_top_tables_duration(uint64_t ns, char text[24])
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns >= units[i].unit) {
			double value = (double)ns / (double)units[i].unit;

			snprintf(text, 24, "%.*f %s",
				 value < 10    ? 3
				 : value < 100 ? 2
					       : 1,
				 value, units[i].name);
			return text;
		}
	}
	snprintf(text, 24, "%" PRIu64 " ns", ns);
	return text;
}

/* Text of a trace may hold anything; a terminal shall see none of it. */
void ctrace_top_tables_plain(FILE *out, struct ctrace_bytes text)
{
	for (uint32_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.bytes[i];

		fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
	fputc('\n', out);
}

void ctrace_top_tables_more(FILE *out, uint64_t count, uint64_t rows)
{
	if (rows != 0 && count > rows) {
		fprintf(out, "  … %" PRIu64 " more: --rows 0\n", count - rows);
	}
}

/* Of one whose states are not known, only what it called. */
static void put_unseen_thread(FILE *out, const struct ctrace_top_thread *thread,
			      const struct ctrace_track *track)
{
	fprintf(out, "  %10s %10s %10s %10s %8s %8" PRIu64 " %8" PRIu64 "  ", "-", "-", "-", "-",
		"-", thread->syscalls, track->tid);
	ctrace_top_tables_plain(out, track->label);
}

static void put_thread(FILE *out, const struct ctrace_top_thread *thread,
		       const struct ctrace_track *track)
{
	char running[24], runnable[24], waiting[24], unknown[24];

	fprintf(out, "  %10s %10s %10s %10s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "  ",
		ctrace_top_tables_duration(thread->running, running),
		ctrace_top_tables_duration(thread->waiting, waiting),
		ctrace_top_tables_duration(thread->runnable, runnable),
		ctrace_top_tables_duration(thread->unknown, unknown), thread->turns,
		thread->syscalls, track->tid);
	ctrace_top_tables_plain(out, track->label);
}

static void put_threads(FILE *out, const struct ctrace_top *top, const struct ctrace_model *model,
			uint64_t rows)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	fprintf(out, "threads\n  %10s %10s %10s %10s %8s %8s %8s  %s\n", "on cpu", "waiting",
		"runnable", "unknown", "turns", "syscalls", "tid", "name");
	for (uint32_t i = 0; i < top->thread_count && (rows == 0 || i < rows); i++) {
		const struct ctrace_top_thread *thread = &top->threads[i];

		(thread->has_states ? put_thread : put_unseen_thread)(out, thread,
								      &tracks[thread->track]);
	}
	ctrace_top_tables_more(out, top->thread_count, rows);
}

static void put_names(FILE *out, const char *title, const struct ctrace_top_names *names,
		      const struct ctrace_model *model, uint64_t rows)
{
	char total[24], self[24], p50[24], p99[24], max[24];

	if (names->count == 0) {
		return;
	}
	fprintf(out, "\n%s\n  %10s %10s %10s %10s %10s %10s  %s\n", title, "total", "self", "count",
		"p50", "p99", "max", "name");
	for (uint32_t i = 0; i < names->count && (rows == 0 || i < rows); i++) {
		const struct ctrace_top_name *row = &names->rows[i];

		fprintf(out, "  %10s %10s %10" PRIu64 " %10s %10s %10s  ",
			ctrace_top_tables_duration(row->total, total),
			ctrace_top_tables_duration(row->self, self), row->count,
			ctrace_top_tables_duration(row->p50, p50),
			ctrace_top_tables_duration(row->p99, p99),
			ctrace_top_tables_duration(row->max, max));
		ctrace_top_tables_plain(out, ctrace_model_name(model, row->name));
	}
	ctrace_top_tables_more(out, names->count, rows);
}

void ctrace_top_tables_text(FILE *out, const struct ctrace_top *top,
			    const struct ctrace_model *model, uint64_t rows)
{
	put_threads(out, top, model, rows);
	put_names(out, "system calls", &top->syscalls, model, rows);
	put_names(out, "library calls", &top->calls, model, rows);
	put_names(out, "spans", &top->spans, model, rows);
}

/* ---- JSON ----------------------------------------------------------------------- */

static void put_thread_json(FILE *out, const struct ctrace_top_thread *thread,
			    const struct ctrace_track *track)
{
	fprintf(out, "{\"tid\": %" PRIu64 ", \"pid\": %" PRIu64 ", \"name\": ", track->tid,
		track->pid);
	ctrace_json_out_string(out, track->label.bytes, track->label.size);
	if (thread->has_states) {
		fprintf(out,
			", \"running_ns\": %" PRIu64 ", \"waiting_ns\": %" PRIu64
			", \"runnable_ns\": %" PRIu64 ", \"unknown_ns\": %" PRIu64
			", \"turns\": %" PRIu64,
			thread->running, thread->waiting, thread->runnable, thread->unknown,
			thread->turns);
	}
	fprintf(out, ", \"syscalls\": %" PRIu64 ", \"spans\": %" PRIu64 ", \"lost\": %" PRIu64 "}",
		thread->syscalls, thread->spans, track->lost);
}

static void put_names_json(FILE *out, const char *title, const struct ctrace_top_names *names,
			   const struct ctrace_model *model)
{
	fprintf(out, ",\n  \"%s\": [", title);
	for (uint32_t i = 0; i < names->count; i++) {
		const struct ctrace_top_name *row = &names->rows[i];
		struct ctrace_bytes name = ctrace_model_name(model, row->name);

		fprintf(out, "%s\n    {\"name\": ", i > 0 ? "," : "");
		ctrace_json_out_string(out, name.bytes, name.size);
		fprintf(out,
			", \"count\": %" PRIu64 ", \"total_ns\": %" PRIu64 ", \"self_ns\": %" PRIu64
			", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64
			"}",
			row->count, row->total, row->self, row->p50, row->p99, row->max);
	}
	fprintf(out, "%s]", names->count > 0 ? "\n  " : "");
}

void ctrace_top_tables_json(FILE *out, const struct ctrace_top *top,
			    const struct ctrace_model *model)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	fprintf(out, "{\n  \"threads\": [");
	for (uint32_t i = 0; i < top->thread_count; i++) {
		fprintf(out, "%s\n    ", i > 0 ? "," : "");
		put_thread_json(out, &top->threads[i], &tracks[top->threads[i].track]);
	}
	fprintf(out, "%s]", top->thread_count > 0 ? "\n  " : "");
	put_names_json(out, "spans", &top->spans, model);
	put_names_json(out, "syscalls", &top->syscalls, model);
	put_names_json(out, "calls", &top->calls, model);
}
