/* SPDX-License-Identifier: MIT */
/*
 * Prints traces in the canonical form of canonical_form.py, read by the C
 * reader. compare.py holds the two against each other, line by line.
 *
 *     canonical FILE…      `== FILE` before each
 */

#include "format/limits.h"
#include "format/reader.h"
#include "tests/oracle/canonical_kernel.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct places {
	struct ctrace_damage *list;
	size_t count;
};

static void *must(void *memory)
{
	if (memory == NULL) {
		perror("canonical");
		exit(2);
	}
	return memory;
}

static void print_quoted(struct ctrace_bytes text)
{
	putchar('"');
	for (uint32_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.bytes[i];
		if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
			putchar(byte);
		} else {
			printf("\\x%02x", byte);
		}
	}
	putchar('"');
}

void ctrace_canonical_name(const struct ctrace_trace *trace, uint32_t id)
{
	putchar(' ');
	print_quoted(ctrace_trace_string(trace, id));
}

static void print_header(const struct ctrace_trace_info *info)
{
	printf("trace %u %u ", info->major, info->minor);
	for (size_t i = 0; i < sizeof(info->session); i++) {
		printf("%02x", info->session[i]);
	}
	printf(" %" PRIu64 " %" PRIu64 " %u\n", info->base_ticks, info->ticks_per_second,
	       info->clock_kind);
	if (info->has_trailer) {
		printf("trailer %" PRIu64 "\n", info->lost);
	}
	printf("unknown-chunks %" PRIu32 "\n", info->unknown_chunks);
}

static int by_key(const void *a, const void *b)
{
	struct ctrace_bytes x = ((const struct ctrace_meta *)a)->key;
	struct ctrace_bytes y = ((const struct ctrace_meta *)b)->key;
	int order = memcmp(x.bytes, y.bytes, x.size < y.size ? x.size : y.size);
	return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

static void print_meta(const struct ctrace_trace *trace)
{
	uint32_t count = 0;
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);
	struct ctrace_meta *sorted = must(calloc(count + 1, sizeof(*sorted)));

	if (count > 0) {
		memcpy(sorted, meta, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), by_key);
	}
	for (uint32_t i = 0; i < count; i++) {
		printf("meta ");
		print_quoted(sorted[i].key);
		putchar(' ');
		print_quoted(sorted[i].value);
		putchar('\n');
	}
	free(sorted);
}

/* A string that is not there reads `?<id>`; neither side prints those. */
static void print_strings(const struct ctrace_trace *trace)
{
	char absent[24];

	for (uint32_t id = 1; id < ctrace_trace_string_end(trace); id++) {
		struct ctrace_bytes text = ctrace_trace_string(trace, id);
		int size = snprintf(absent, sizeof(absent), "?%" PRIu32, id);
		if (text.size == (uint32_t)size && memcmp(text.bytes, absent, text.size) == 0) {
			continue;
		}
		printf("string %" PRIu32 " ", id);
		print_quoted(text);
		putchar('\n');
	}
}

static void print_sites(const struct ctrace_trace *trace)
{
	for (uint32_t id = 0; id < ctrace_trace_site_end(trace); id++) {
		const struct ctrace_site *site = ctrace_trace_site(trace, id);
		if (site == NULL) {
			continue;
		}
		printf("site %" PRIu32 " %" PRIu32, id, site->kind);
		ctrace_canonical_name(trace, site->name);
		ctrace_canonical_name(trace, site->category);
		ctrace_canonical_name(trace, site->file);
		ctrace_canonical_name(trace, site->function);
		printf(" %" PRIu32, site->line);
		for (unsigned i = 0; i < site->arg_count; i++) {
			printf(" %u:", site->arg_types[i]);
			print_quoted(ctrace_trace_string(trace, site->arg_names[i]));
		}
		putchar('\n');
	}
}

static void print_processes(const struct ctrace_trace *trace)
{
	uint32_t count = 0;
	const struct ctrace_process_row *rows = ctrace_trace_processes(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		printf("process %" PRIu64 " %" PRIu64, rows[i].pid, rows[i].parent_pid);
		ctrace_canonical_name(trace, rows[i].name);
		printf(" %" PRIu64 "\n", rows[i].start);
	}
}

static void print_threads(const struct ctrace_trace *trace)
{
	uint32_t count = 0;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_thread_row *row = &rows[i];
		printf("thread %" PRIu32 " %" PRIu64 " %" PRIu64, row->stream, row->pid, row->tid);
		ctrace_canonical_name(trace, row->name);
		printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %" PRIu64 "\n", row->start,
		       row->written, row->lost, row->state, row->clamped);
	}
}

static void print_clocks(const struct ctrace_trace *trace)
{
	uint32_t count = 0;
	const struct ctrace_clock_row *rows = ctrace_trace_clocks(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		printf("clock %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		       "\n",
		       rows[i].ticks, rows[i].raw_ns, rows[i].monotonic_ns, rows[i].boottime_ns,
		       rows[i].realtime_ns, rows[i].uncertainty);
	}
}

static void print_value(const struct ctrace_value *value)
{
	uint64_t bits;

	putchar(' ');
	switch (value->type) {
	case CTRACE_ARG_I64:
		printf("%" PRId64, value->i64);
		break;
	case CTRACE_ARG_F64:
		memcpy(&bits, &value->f64, sizeof(bits));
		printf("%016" PRIx64, bits);
		break;
	case CTRACE_ARG_STR:
		print_quoted(value->str);
		break;
	default:
		printf("%" PRIu64, value->u64);
		break;
	}
}

static void print_event(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];
	unsigned count = 0;

	printf("event %u ", event->kind);
	if (event->site == CTRACE_NO_SITE) {
		putchar('-');
	} else {
		printf("%" PRIu32, event->site);
	}
	printf(" %" PRIu64 " %" PRIu64, event->ticks, ctrace_trace_ns(trace, event->ticks));
	if (ctrace_kind_info(event->kind) != NULL && event->kind != CTRACE_KIND_SPAN_END) {
		count = ctrace_event_values(trace, event, values);
	}
	for (unsigned i = 0; i < count; i++) {
		print_value(&values[i]);
	}
	putchar('\n');
}

static void print_events(const struct ctrace_trace *trace, const struct ctrace_chunk *chunk)
{
	static struct ctrace_cursor cursor;
	const struct ctrace_chunk_entry *entry = chunk->entry;
	struct ctrace_event event;
	enum ctrace_status status = ctrace_cursor_init(&cursor, trace, chunk, NULL);

	printf("chunk %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu32
	       " %" PRIu32 "\n",
	       entry->offset, entry->stream, entry->seq, entry->base, entry->span, entry->events,
	       entry->missing_before);
	for (uint32_t i = 0; status == CTRACE_OK && i < cursor.open_count; i++) {
		printf("open %" PRIu32 " %" PRIu64 "\n", cursor.open[i].site, cursor.open[i].begin);
	}
	while (status == CTRACE_OK) {
		status = ctrace_cursor_next(&cursor, &event, NULL);
		if (status == CTRACE_OK) {
			print_event(trace, &event);
		}
	}
	if (status != CTRACE_END) {
		printf("checked as good, then %s\n", ctrace_status_name(status));
	}
}

static void add_place(struct places *places, uint64_t offset, uint64_t size)
{
	places->list = must(realloc(places->list, (places->count + 1) * sizeof(*places->list)));
	places->list[places->count++] = (struct ctrace_damage){.offset = offset, .size = size};
}

static void print_chunks(const struct ctrace_trace *trace, struct places *places)
{
	struct ctrace_chunk chunk = {0};

	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		if (ctrace_chunk_load(&chunk, trace, i, NULL) == CTRACE_OK &&
		    ctrace_chunk_check(trace, &chunk, NULL) == CTRACE_OK) {
			print_events(trace, &chunk);
		} else {
			add_place(places, entry->offset,
				  CTRACE_CHUNK_HEADER_BYTES + (uint64_t)entry->stored);
		}
	}
	ctrace_chunk_unload(&chunk);
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = ((const struct ctrace_damage *)a)->offset,
		 y = ((const struct ctrace_damage *)b)->offset;
	return (x > y) - (x < y);
}

static void print_damage(const struct ctrace_trace_info *info, struct places *places)
{
	for (uint32_t i = 0; i < info->damage_count; i++) {
		add_place(places, info->damage[i].offset, info->damage[i].size);
	}
	if (places->count > 0) {
		qsort(places->list, places->count, sizeof(*places->list), by_offset);
	}
	for (size_t i = 0; i < places->count; i++) {
		printf("damage %" PRIu64 " %" PRIu64 "\n", places->list[i].offset,
		       places->list[i].size);
	}
}

static void print_trace(const struct ctrace_trace *trace)
{
	struct places places = {0};

	print_header(ctrace_trace_info(trace));
	print_meta(trace);
	print_strings(trace);
	print_sites(trace);
	print_processes(trace);
	print_threads(trace);
	ctrace_canonical_kernel_tables(trace);
	print_clocks(trace);
	print_chunks(trace, &places);
	print_damage(ctrace_trace_info(trace), &places);
	free(places.list);
}

static int print_file(const char *path)
{
	struct ctrace_trace *trace = NULL;
	struct ctrace_error error = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		return 2;
	}
	printf("== %s\n", path);
	enum ctrace_status status = ctrace_trace_open(&trace, fd, NULL, &error);
	if (status == CTRACE_OK) {
		print_trace(trace);
	} else {
		puts("refused");
		fprintf(stderr, "%s: %s\n", path, error.text);
	}
	ctrace_trace_close(trace);
	close(fd);
	return status == CTRACE_ERR_IO || status == CTRACE_ERR_NO_MEMORY ? 2 : 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int status = print_file(argv[i]);
		if (status != 0) {
			return status;
		}
	}
	return 0;
}
