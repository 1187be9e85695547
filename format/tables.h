/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TABLES_H
#define CTRACE_TABLES_H

/*
 * A reader's tables (SPEC 7): rows of table chunks in, lookups out. A chunk
 * whose rows break a rule changes nothing.
 *
 *     ctrace_tables_init(&tables)
 *       ctrace_tables_add(&tables, type, payload, …)     per table chunk, in file order
 *       ctrace_tables_sort(&tables)                      once, before the lookups
 *     ctrace_tables_finish(&tables)
 */

#include "format/arena.h"
#include "format/limits.h"
#include "format/map.h"
#include "format/reader.h"
#include "format/wire.h"

#include <pthread.h>

/* Sites by id in two steps: ids may be spread over 24 bits. */
#define CTRACE_SITE_PAGE_BITS 10u
#define CTRACE_SITE_PAGE_SIZE (1u << CTRACE_SITE_PAGE_BITS)
#define CTRACE_SITE_PAGES     ((CTRACE_SITE_MAX >> CTRACE_SITE_PAGE_BITS) + 1)

struct ctrace_site_page {
	const struct ctrace_site *sites[CTRACE_SITE_PAGE_SIZE];
};

/* A row of FILES before they are sorted. */
struct ctrace_stated_file {
	struct ctrace_file_row row;
	uint32_t order; /* in the file */
};

struct ctrace_tables {
	struct ctrace_bytes *strings; /* by id; .bytes is NULL where none is defined */
	uint32_t string_end, string_capacity;
	uint64_t string_bytes;
	struct ctrace_arena string_arena;

	struct ctrace_site_page *
		*site_pages; /* by the upper bits of the id; NULL where none is defined */
	uint32_t site_end, site_count, unknown_kinds;
	struct ctrace_arena site_arena;

	struct ctrace_meta *meta;
	uint32_t meta_count, meta_capacity;
	struct ctrace_process_row *processes;
	uint32_t process_count, process_capacity;
	struct ctrace_thread_row *threads;
	uint32_t thread_count, thread_capacity;
	struct ctrace_clock_row *clocks;
	uint32_t clock_count, clock_capacity;
	struct ctrace_map meta_by_key, process_by_pid, thread_by_stream; /* used until sorted */

	/* By number: a zeroed row is not defined. */
	struct ctrace_call_row *calls;
	uint32_t call_end, call_capacity;
	struct ctrace_stack_row *stacks;
	uint32_t stack_end, stack_capacity;
	struct ctrace_frame_row *frames;
	uint32_t frame_end, frame_capacity;
	struct ctrace_module_row *modules;
	uint32_t module_end, module_capacity;

	struct ctrace_buffer_row *buffers;
	uint32_t buffer_count, buffer_capacity;
	struct ctrace_source_row *sources;
	uint32_t source_count, source_capacity;
	struct ctrace_map buffer_by_stream, source_by_name; /* used until sorted */
	struct ctrace_stated_file *stated_files;	    /* until sorted, then `files` */
	uint32_t stated_file_count, stated_file_capacity;
	struct ctrace_file_row *files;
	uint32_t file_count;

	/* Texts `?<id>` of strings that are missing, made when asked for. */
	pthread_mutex_t missing_lock;
	struct ctrace_arena missing_arena;
	struct ctrace_map missing_by_id;
	const char **missing;
	uint32_t missing_count, missing_capacity;
};

void ctrace_tables_init(struct ctrace_tables *tables);
void ctrace_tables_finish(struct ctrace_tables *tables);

/*
 * Take the rows of a chunk of `type`. `rows` is what its header says. NULL:
 * done; otherwise what is wrong with row *bad_row, and nothing was taken.
 * *status is _DAMAGED, _LIMIT or _NO_MEMORY then.
 */
const char *ctrace_tables_add(struct ctrace_tables *tables, enum ctrace_chunk_type type,
			      const uint8_t *payload, size_t size, uint32_t rows, uint32_t *bad_row,
			      enum ctrace_status *status);

/* Threads and buffers by stream, processes by pid, files by pid, fd and time. False: no memory. */
bool ctrace_tables_sort(struct ctrace_tables *tables);

/* The site of that id, NULL if none is defined. */
static inline const struct ctrace_site *ctrace_tables_site(const struct ctrace_tables *tables,
							   uint64_t id)
{
	if (id >= tables->site_end) {
		return NULL;
	}
	const struct ctrace_site_page *page = tables->site_pages[id >> CTRACE_SITE_PAGE_BITS];
	return page == NULL ? NULL : page->sites[id & (CTRACE_SITE_PAGE_SIZE - 1)];
}

/* The rows of those numbers, NULL if none is defined. */
static inline const struct ctrace_call_row *ctrace_tables_call(const struct ctrace_tables *tables,
							       uint64_t call)
{
	bool is_there = call < tables->call_end && tables->calls[call].layer != 0;

	return is_there ? &tables->calls[call] : NULL;
}

static inline const struct ctrace_stack_row *ctrace_tables_stack(const struct ctrace_tables *tables,
								 uint64_t stack)
{
	bool is_there = stack < tables->stack_end && tables->stacks[stack].stack != 0;

	return is_there ? &tables->stacks[stack] : NULL;
}

static inline const struct ctrace_frame_row *ctrace_tables_frame(const struct ctrace_tables *tables,
								 uint64_t frame)
{
	bool is_there = frame < tables->frame_end && tables->frames[frame].frame != 0;

	return is_there ? &tables->frames[frame] : NULL;
}

static inline const struct ctrace_module_row *ctrace_tables_module(
	const struct ctrace_tables *tables, uint64_t module)
{
	bool is_there = module < tables->module_end && tables->modules[module].module != 0;

	return is_there ? &tables->modules[module] : NULL;
}

struct ctrace_bytes ctrace_tables_string(struct ctrace_tables *tables, uint32_t id);

#endif
