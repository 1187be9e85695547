/* SPDX-License-Identifier: MIT */

/* Rows that nothing needs any more; see kept_rows.h. */

#include "format/kept_rows.h"

#include "format/kernel_rows.h"
#include "format/map.h"
#include "format/rows.h"
#include "format/writing.h"

#include <stdlib.h>
#include <string.h>

/* The shortest age: what tells of the same moment reaches us so much apart at most. */
#define AGE_SECONDS 2u
/* Rows that replaced others are left to wait until there are so many bytes more. */
#define UNTIDY_BYTES (256u << 10)

/* Where a row stands in its table; rows are far below 4 GiB. */
struct kept_row {
	uint64_t key;
	uint32_t at;
	bool is_over;
};

struct forgetting {
	struct ctrace_writer *writer;
	uint64_t oldest;	/* ticks; after the base */
	bool is_age_over;	/* rows before the mark are older than all that is kept */
	struct ctrace_map pids; /* of threads that are remembered */
	uint8_t *needed;	/* by id of a string; owned, NULL: nobody asks */
	uint32_t needed_end;
};

static struct ctrace_waiting_rows *table_of(const struct forgetting *forgetting,
					    enum ctrace_chunk_type type)
{
	return &forgetting->writer->tables->pending[type];
}

static struct ctrace_wire row_at(const struct ctrace_waiting_rows *table, uint32_t at)
{
	struct ctrace_wire wire = ctrace_wire_over(table->rows.bytes + at, table->rows.size - at);

	return ctrace_wire_row(&wire);
}

/* ---- a table as a list ---- */

typedef uint64_t key_fn(struct ctrace_wire row);

static uint64_t first_number(struct ctrace_wire row)
{
	return ctrace_wire_varint(&row);
}

static uint64_t descriptor(struct ctrace_wire row)
{
	uint64_t pid = ctrace_wire_varint(&row);

	return pid << 32 | (uint32_t)ctrace_wire_varint(&row);
}

/* NULL without memory, or without rows. */
static struct kept_row *list(const struct ctrace_waiting_rows *table, key_fn *key)
{
	struct kept_row *rows = table->count > 0 ? calloc(table->count, sizeof(*rows)) : NULL;
	struct ctrace_wire wire = {.at = NULL};

	if (rows == NULL) {
		return NULL;
	}
	wire = ctrace_wire_over(table->rows.bytes, table->rows.size);
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t at = (uint32_t)(wire.at - table->rows.bytes);

		rows[i] = (struct kept_row){.key = key(ctrace_wire_row(&wire)), .at = at};
	}
	return rows;
}

static int by_key(const void *a, const void *b)
{
	const struct kept_row *one = a, *other = b;

	if (one->key != other->key) {
		return one->key < other->key ? -1 : 1;
	}
	return (one->at > other->at) - (one->at < other->at);
}

static int by_place(const void *a, const void *b)
{
	const struct kept_row *one = a, *other = b;

	return (one->at > other->at) - (one->at < other->at);
}

static int by_key_down(const void *a, const void *b)
{
	return by_key(b, a);
}

/* Of rows with one key, the last alone counts. */
static void replace(struct kept_row *rows, uint32_t count)
{
	qsort(rows, count, sizeof(*rows), by_key);
	for (uint32_t i = 0; i + 1 < count; i++) {
		rows[i].is_over = rows[i].key == rows[i + 1].key;
	}
}

/* The rows that are left, in this order. */
static void rewrite(struct ctrace_waiting_rows *table, const struct kept_row *rows, uint32_t count,
		    size_t *mark)
{
	struct ctrace_buffer left = {.size = 0};
	size_t moved_mark = 0;
	uint32_t left_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct ctrace_wire row;

		if (rows[i].is_over) {
			continue;
		}
		row = row_at(table, rows[i].at);
		ctrace_buffer_bytes(&left, row.at, ctrace_wire_left(&row));
		left_count++;
		moved_mark = rows[i].at < *mark ? left.size : moved_mark;
	}
	if (left.is_failed) {
		ctrace_buffer_finish(&left);
		return;
	}
	ctrace_buffer_finish(&table->rows);
	table->rows = left;
	table->count = left_count;
	*mark = moved_mark;
}

/* ---- threads and processes ---- */

static void need_string(const struct forgetting *forgetting, uint32_t id)
{
	if (forgetting->needed != NULL && id < forgetting->needed_end) {
		forgetting->needed[id / 8] |= (uint8_t)(1u << id % 8);
	}
}

/* Had it exited before the last age ended? */
static bool is_dead(const struct forgetting *forgetting, const struct ctrace_thread_row *thread,
		    uint32_t at)
{
	return forgetting->is_age_over && thread->state == CTRACE_THREAD_EXITED &&
	       at < forgetting->writer->tables->kept.thread_mark;
}

static void forget_threads(struct forgetting *forgetting)
{
	struct ctrace_waiting_rows *table = table_of(forgetting, CTRACE_CHUNK_THREADS);
	uint32_t count = table->count;
	struct kept_row *rows = list(table, first_number);
	struct ctrace_thread_row thread;

	if (rows == NULL) {
		return;
	}
	replace(rows, count);
	qsort(rows, count, sizeof(*rows), by_place);
	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].is_over) {
			continue;
		}
		ctrace_row_get_thread(row_at(table, rows[i].at), &thread);
		rows[i].is_over = is_dead(forgetting, &thread, rows[i].at);
		if (!rows[i].is_over) {
			ctrace_map_put(&forgetting->pids, thread.pid, 1);
			need_string(forgetting, thread.name);
		}
	}
	rewrite(table, rows, count, &forgetting->writer->tables->kept.thread_mark);
	free(rows);
}

static bool has_thread(const struct forgetting *forgetting, uint64_t pid)
{
	return ctrace_map_get(&forgetting->pids, pid) != CTRACE_MAP_NONE;
}

static void forget_processes(struct forgetting *forgetting)
{
	struct ctrace_waiting_rows *table = table_of(forgetting, CTRACE_CHUNK_PROCESSES);
	uint32_t count = table->count, gone = 0;
	struct kept_row *rows = list(table, first_number);
	struct ctrace_process_row process;
	size_t unused = 0;

	if (rows == NULL) {
		return;
	}
	replace(rows, count);
	qsort(rows, count, sizeof(*rows), by_place);
	for (uint32_t i = count; i-- > 0;) {
		if (rows[i].is_over) {
			continue;
		}
		ctrace_row_get_process(row_at(table, rows[i].at), &process);
		gone += !has_thread(forgetting, process.pid);
		rows[i].is_over =
			!has_thread(forgetting, process.pid) && gone > CTRACE_KEPT_PROCESSES_MAX;
		if (!rows[i].is_over) {
			need_string(forgetting, process.name);
		}
	}
	rewrite(table, rows, count, &unused);
	free(rows);
}

/* ---- files ---- */

/* Rows of one descriptor, in the order of time: those before the last one that began before all
 * that is kept say nothing, nor does that one if it says that nothing was known. */
static void forget_of_one(const struct forgetting *forgetting, struct kept_row *rows,
			  uint32_t count)
{
	const struct ctrace_waiting_rows *table = table_of(forgetting, CTRACE_CHUNK_FILES);
	bool is_gone = !has_thread(forgetting, rows[0].key >> 32);
	struct kept_row *before = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct ctrace_file_row file;

		ctrace_row_get_file(row_at(table, rows[i].at), &file);
		if (file.from < forgetting->oldest && before != NULL) {
			before->is_over = true;
		}
		if (file.from < forgetting->oldest) {
			before = &rows[i];
			before->is_over = file.name == 0;
		}
		rows[i].is_over |= is_gone && forgetting->is_age_over;
	}
}

static void forget_files(struct forgetting *forgetting)
{
	struct ctrace_waiting_rows *table = table_of(forgetting, CTRACE_CHUNK_FILES);
	uint32_t count = table->count, from = 0;
	struct kept_row *rows = list(table, descriptor);
	size_t unused = 0;

	if (rows == NULL) {
		return;
	}
	qsort(rows, count, sizeof(*rows), by_key);
	for (uint32_t i = 1; i <= count; i++) {
		if (i == count || rows[i].key != rows[from].key) {
			forget_of_one(forgetting, &rows[from], i - from);
			from = i;
		}
	}
	qsort(rows, count, sizeof(*rows), by_place);
	rewrite(table, rows, count, &unused);
	free(rows);
}

static void need_names_of_files(struct forgetting *forgetting)
{
	const struct ctrace_waiting_rows *table = table_of(forgetting, CTRACE_CHUNK_FILES);
	struct ctrace_wire wire = {.at = NULL};
	struct ctrace_file_row file;

	if (table->count > 0) {
		wire = ctrace_wire_over(table->rows.bytes, table->rows.size);
	}
	while (ctrace_wire_left(&wire) > 0) {
		ctrace_row_get_file(ctrace_wire_row(&wire), &file);
		need_string(forgetting, file.name);
	}
}

/* ---- the rest ---- */

typedef int order_fn(const void *a, const void *b);

static void forget_replaced(struct forgetting *forgetting, enum ctrace_chunk_type type,
			    order_fn *order)
{
	struct ctrace_waiting_rows *table = table_of(forgetting, type);
	uint32_t count = table->count;
	struct kept_row *rows = list(table, first_number);
	size_t unused = 0;

	if (rows != NULL) {
		replace(rows, count);
		qsort(rows, count, sizeof(*rows), order);
		rewrite(table, rows, count, &unused);
		free(rows);
	}
}

static void forget_strings(struct forgetting *forgetting)
{
	struct ctrace_writer_tables *tables = forgetting->writer->tables;

	if (forgetting->needed == NULL) {
		return;
	}
	need_names_of_files(forgetting);
	/* Made in the age that ends now, or in the one before: perhaps its row is still to come. */
	ctrace_strings_forget(&tables->strings, forgetting->needed, tables->kept.age);
}

static void forget(struct forgetting *forgetting)
{
	struct ctrace_writer_tables *tables = forgetting->writer->tables;

	if (forgetting->is_age_over) {
		forgetting->needed_end = tables->strings.count + 1;
		forgetting->needed = calloc(forgetting->needed_end / 8 + 1, 1);
	}
	forget_threads(forgetting);
	forget_processes(forgetting);
	forget_files(forgetting);
	/* They come in anew for snapshots only. */
	if (!forgetting->is_age_over) {
		/* What a frame was inlined into has a larger number, and stands before it. */
		forget_replaced(forgetting, CTRACE_CHUNK_FRAMES, by_key_down);
		forget_replaced(forgetting, CTRACE_CHUNK_SOURCES, by_place);
	}
	forget_strings(forgetting);
	free(forgetting->needed);
	ctrace_map_finish(&forgetting->pids);
	tables->kept.tidy_bytes = ctrace_kept_rows_bytes(forgetting->writer);
}

static bool is_age_over(const struct ctrace_writer *writer, uint64_t oldest, uint64_t now)
{
	uint64_t mark = writer->tables->kept.mark_ticks;

	return oldest > mark && now > mark &&
	       now - mark >= AGE_SECONDS * writer->settings.ticks_per_second;
}

bool ctrace_kept_rows_forget(struct ctrace_writer *writer, uint64_t oldest, uint64_t now)
{
	struct ctrace_kept_state *kept = &writer->tables->kept;
	uint64_t base = writer->settings.base_ticks;
	struct forgetting forgetting = {
		.writer = writer,
		.oldest = oldest > base ? oldest - base : 0,
		.is_age_over = is_age_over(writer, oldest, now),
	};

	if (forgetting.is_age_over) {
		forget(&forgetting);
		kept->mark_ticks = now;
		kept->thread_mark = writer->tables->pending[CTRACE_CHUNK_THREADS].rows.size;
		kept->age++;
		return true;
	}
	if (ctrace_kept_rows_bytes(writer) <=
	    kept->tidy_bytes + kept->tidy_bytes / 2 + UNTIDY_BYTES) {
		return false;
	}
	forget(&forgetting);
	return true;
}

void ctrace_kept_rows_tidy(struct ctrace_writer *writer)
{
	struct forgetting forgetting = {.writer = writer};

	forget(&forgetting);
}
