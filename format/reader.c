/* SPDX-License-Identifier: MIT */
/*
 * Opening a trace: one walk over all chunk headers, reading tables on the way
 * and noting what is damaged (SPEC 9). The events themselves are cursor.c's.
 */

#include "format/reader.h"

#include "format/buffer.h"
#include "format/header.h"
#include "format/opened.h"
#include "format/pread.h"
#include "format/salvage.h"
#include "format/stream_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Headers are read with what follows them: small chunks then need no read of their own. */
#define WINDOW_BYTES (8u << 10)
/* Chunks between two calls of the settings' progress. */
#define PROGRESS_CHUNKS 256u

struct walk {
	struct ctrace_trace *trace;
	const struct ctrace_trace_settings *settings;
	struct ctrace_error *error;
	enum ctrace_status status; /* of the whole opening */
	uint64_t at, end;

	uint8_t *window;
	uint64_t window_at;
	size_t window_size;

	struct ctrace_stream_order order;
	uint32_t entry_capacity, damage_capacity;
	struct ctrace_buffer payload; /* stored and raw bytes of a table; only its memory is used */
};

static bool fail(struct walk *walk, enum ctrace_status status, const char *what)
{
	walk->status = ctrace_error_set(walk->error, status, walk->at, CTRACE_NO_CHUNK, "%s%s%s",
					what, status == CTRACE_ERR_IO ? ": " : "",
					status == CTRACE_ERR_IO ? strerror(errno) : "");
	return false;
}

/* `size` bytes at `at`, which the file has; NULL after a failure. */
static const uint8_t *see(struct walk *walk, uint64_t at, size_t size)
{
	bool is_inside = at >= walk->window_at && at - walk->window_at <= walk->window_size &&
			 size <= walk->window_size - (size_t)(at - walk->window_at);

	if (!is_inside) {
		int64_t got = ctrace_pread_all(walk->trace->fd, walk->window, WINDOW_BYTES, at);
		if (got < 0) {
			fail(walk, CTRACE_ERR_IO, "cannot read the file");
			return NULL;
		}
		walk->window_at = at;
		walk->window_size = (size_t)got;
		if (walk->window_size < size) {
			fail(walk, CTRACE_ERR_CUT, "the file became shorter while it was read");
			return NULL;
		}
	}
	return walk->window + (at - walk->window_at);
}

static bool grow(void **elements, uint32_t *capacity, uint32_t count, size_t size)
{
	if (count < *capacity) {
		return true;
	}
	uint32_t more = *capacity == 0 ? 64 : *capacity * 2;
	void *grown = realloc(*elements, more * size);
	if (grown == NULL) {
		return false;
	}
	*elements = grown;
	*capacity = more;
	return true;
}

/* Note a place that cannot be used; in strict mode that is the end. */
static bool note_damage(struct walk *walk, uint64_t offset, uint64_t size,
			const struct ctrace_error *error)
{
	struct ctrace_trace_info *info = &walk->trace->info;
	void *damage = walk->trace->damage;

	if (walk->settings != NULL && walk->settings->is_strict) {
		walk->status = ctrace_error_set(walk->error, error->status, error->offset,
						error->chunk, "%s", error->text);
		return false;
	}
	if (info->damage_count == CTRACE_DAMAGE_MAX) {
		info->damage_more++;
		return true;
	}
	if (!grow(&damage, &walk->damage_capacity, info->damage_count,
		  sizeof(*walk->trace->damage))) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the list of damage");
	}
	walk->trace->damage = damage;
	walk->trace->damage[info->damage_count++] =
		(struct ctrace_damage){.offset = offset, .size = size, .error = *error};
	return true;
}

static bool read_file_header(struct walk *walk)
{
	struct ctrace_trace_info *info = &walk->trace->info;
	uint8_t bytes[CTRACE_FILE_HEADER_BYTES] = {0};
	struct ctrace_file_header header;

	off_t size = lseek(walk->trace->fd, 0, SEEK_END);
	int64_t got = ctrace_pread_all(walk->trace->fd, bytes, sizeof(bytes), 0);
	if (size < 0 || got < 0) {
		return fail(walk, CTRACE_ERR_IO, "cannot read the file");
	}
	walk->status = ctrace_file_header_decode(&header, bytes, (uint64_t)got, walk->error);
	if (walk->status != CTRACE_OK) {
		return false;
	}
	info->file_bytes = (uint64_t)size;
	info->major = header.major;
	info->minor = header.minor;
	memcpy(info->session, header.session, sizeof(info->session));
	info->base_ticks = header.base_ticks;
	info->ticks_per_second = header.ticks_per_second;
	info->clock_kind = (enum ctrace_clock_kind)header.clock_kind;
	info->last_ticks = header.base_ticks;
	walk->at = CTRACE_FILE_HEADER_BYTES;
	walk->end = (uint64_t)size;
	info->good_end = walk->at;
	return true;
}

/* SPEC 7.8: all chunks end before the trailer. */
static bool read_trailer(struct walk *walk)
{
	struct ctrace_trace_info *info = &walk->trace->info;

	if (walk->end < CTRACE_FILE_HEADER_BYTES + CTRACE_TRAILER_BYTES) {
		return true;
	}
	uint64_t at = walk->end - CTRACE_TRAILER_BYTES;
	const uint8_t *bytes = see(walk, at, CTRACE_TRAILER_BYTES);
	if (bytes == NULL) {
		return false;
	}
	if (!ctrace_trailer_is_good(bytes)) {
		return true;
	}
	struct ctrace_trailer trailer = ctrace_trailer_fields(bytes);
	walk->end = at;
	if (trailer.reserved != 0) {
		struct ctrace_error error = {0};
		ctrace_error_set(&error, CTRACE_ERR_DAMAGED, at, CTRACE_NO_CHUNK,
				 "trailer: the reserved field is %u, it must be 0",
				 trailer.reserved);
		return note_damage(walk, at, CTRACE_TRAILER_BYTES, &error);
	}
	info->has_trailer = true;
	info->lost = trailer.lost;
	info->index_offset = trailer.index_offset;
	info->trailer_chunks = trailer.chunks;
	return true;
}

static bool add_entry(struct walk *walk, const struct ctrace_chunk_header *header, uint32_t missing)
{
	struct ctrace_trace_info *info = &walk->trace->info;
	void *entries = walk->trace->entries;

	if (!grow(&entries, &walk->entry_capacity, info->chunk_count,
		  sizeof(*walk->trace->entries))) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the list of chunks");
	}
	walk->trace->entries = entries;
	walk->trace->entries[info->chunk_count++] = (struct ctrace_chunk_entry){
		.offset = walk->at,
		.base = header->base,
		.span = header->span,
		.type = header->type,
		.flags = header->flags,
		.stream = header->stream,
		.seq = header->seq,
		.events = header->events,
		.raw = header->raw,
		.stored = header->stored,
		.missing_before = missing,
		.payload_crc = header->payload_crc,
	};
	return true;
}

static bool read_table(struct walk *walk, const struct ctrace_chunk_header *header,
		       struct ctrace_error *error)
{
	uint32_t chunk = walk->trace->info.chunk_count, bad_row = 0;
	enum ctrace_status status = CTRACE_OK;
	uint8_t *stored =
		ctrace_buffer_reserve(&walk->payload, (size_t)header->stored + header->raw);

	if (stored == NULL) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the tables");
	}
	uint8_t *raw = stored + header->stored;
	int64_t got = ctrace_pread_all(walk->trace->fd, stored, header->stored,
				       walk->at + CTRACE_CHUNK_HEADER_BYTES);
	if (got != (int64_t)header->stored) {
		return fail(walk, got < 0 ? CTRACE_ERR_IO : CTRACE_ERR_CUT,
			    got < 0 ? "cannot read the file"
				    : "the file became shorter while it was read");
	}
	if (ctrace_chunk_payload_decode(header, stored, raw, walk->at, chunk, error) != CTRACE_OK) {
		return true;
	}
	const char *wrong =
		ctrace_tables_add(&walk->trace->tables, (enum ctrace_chunk_type)header->type, raw,
				  header->raw, header->events, &bad_row, &status);
	if (wrong == NULL) {
		return true;
	}
	if (status == CTRACE_ERR_NO_MEMORY) {
		return fail(walk, status, "no memory for the tables");
	}
	ctrace_error_set(error, status, walk->at, chunk, "%s row %u: %s",
			 ctrace_chunk_type_name(header->type), bad_row, wrong);
	return true;
}

/* SPEC 4: counted if optional, else damage. It takes no place in any stream's order (9.5). */
static bool take_unknown(struct walk *walk, const struct ctrace_chunk_header *header)
{
	struct ctrace_error error = {0};

	if ((header->flags & CTRACE_CHUNK_OPTIONAL) != 0) {
		walk->trace->info.unknown_chunks++;
		return add_entry(walk, header, 0);
	}
	ctrace_error_set(&error, CTRACE_ERR_VERSION, walk->at, walk->trace->info.chunk_count,
			 "chunk of unknown type %u that is not optional; get a newer ctrace",
			 header->type);
	return note_damage(walk, walk->at, CTRACE_CHUNK_HEADER_BYTES + (uint64_t)header->stored,
			   &error);
}

static void count_events(struct ctrace_trace_info *info, const struct ctrace_chunk_header *header)
{
	info->events += header->events;
	if (header->base + header->span > info->last_ticks) {
		info->last_ticks = header->base + header->span;
	}
}

/* A chunk with a good header, whole in the file. False: opening is over. */
static bool take_chunk(struct walk *walk, const struct ctrace_chunk_header *header)
{
	struct ctrace_trace_info *info = &walk->trace->info;
	struct ctrace_error error = {0};
	uint64_t size = CTRACE_CHUNK_HEADER_BYTES + (uint64_t)header->stored;

	if (!ctrace_chunk_type_is_known(header->type)) {
		return take_unknown(walk, header);
	}
	struct ctrace_stream_place *place = ctrace_stream_order_find(&walk->order, header->stream);
	if (place == NULL) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the list of streams");
	}
	if (!ctrace_stream_place_follows(place, header, &error, walk->at, info->chunk_count)) {
		return note_damage(walk, walk->at, size, &error);
	}
	uint32_t missing = ctrace_stream_place_advance(place, header);
	if (header->type == CTRACE_CHUNK_EVENTS) {
		count_events(info, header);
	} else if (!read_table(walk, header, &error)) {
		return false;
	}
	if (error.status != CTRACE_OK && !note_damage(walk, walk->at, size, &error)) {
		return false;
	}
	return add_entry(walk, header, missing);
}

/* SPEC 9.2: one damaged place up to the next good header. */
static bool skip_damage(struct walk *walk, const struct ctrace_error *error)
{
	uint64_t start = walk->at;

	walk->at = ctrace_salvage_next(walk->trace->fd, start + 1, walk->end,
				       walk->trace->info.base_ticks);
	return note_damage(walk, start, walk->at - start, error);
}

/* SPEC 9.4: nothing is looked for behind it. */
static bool note_cut(struct walk *walk, uint64_t size)
{
	struct ctrace_error error = {0};
	uint64_t left = walk->end - walk->at;
	uint64_t start = walk->at;

	ctrace_error_set(&error, CTRACE_ERR_CUT, walk->at, walk->trace->info.chunk_count,
			 "cut inside a chunk: %llu of %s%llu bytes", (unsigned long long)left,
			 size == CTRACE_CHUNK_HEADER_BYTES ? "at least " : "",
			 (unsigned long long)size);
	walk->at = walk->end;
	return note_damage(walk, start, left, &error);
}

/* The next chunk, or what stands in its place. */
static bool step(struct walk *walk)
{
	struct ctrace_chunk_header header;
	struct ctrace_error error = {0};
	uint64_t left = walk->end - walk->at;

	if (left < CTRACE_CHUNK_HEADER_BYTES) {
		return note_cut(walk, CTRACE_CHUNK_HEADER_BYTES);
	}
	const uint8_t *bytes = see(walk, walk->at, CTRACE_CHUNK_HEADER_BYTES);
	if (bytes == NULL) {
		return false;
	}
	if (ctrace_chunk_header_decode(&header, bytes, walk->trace->info.base_ticks, walk->at,
				       walk->trace->info.chunk_count, &error) != CTRACE_OK) {
		return skip_damage(walk, &error);
	}
	uint64_t size = CTRACE_CHUNK_HEADER_BYTES + (uint64_t)header.stored;
	if (size > left) {
		return note_cut(walk, size);
	}
	if (!take_chunk(walk, &header)) {
		return false;
	}
	walk->at += size;
	walk->trace->info.good_end = walk->at;
	return true;
}

static void tell_progress(const struct walk *walk)
{
	const struct ctrace_trace_settings *settings = walk->settings;

	if (settings != NULL && settings->progress != NULL) {
		settings->progress(settings->context, walk->at, walk->trace->info.file_bytes);
	}
}

static bool walk_chunks(struct walk *walk)
{
	for (uint32_t i = 0; walk->at < walk->end; i++) {
		if (!step(walk)) {
			return false;
		}
		if (i % PROGRESS_CHUNKS == 0) {
			tell_progress(walk);
		}
	}
	if (walk->trace->info.has_trailer) {
		walk->trace->info.good_end = walk->trace->info.file_bytes;
	}
	tell_progress(walk);
	return true;
}

static void learn_kinds(struct ctrace_trace *trace)
{
	for (unsigned kind = 0; kind < CTRACE_KINDS_END; kind++) {
		const struct ctrace_kind_info *info = ctrace_kind_info(kind);
		struct ctrace_field fields[CTRACE_FIELDS_MAX];
		struct ctrace_plain_kind *plain = &trace->kinds[kind];
		if (info == NULL) {
			continue;
		}
		plain->is_known = true;
		plain->is_plain = info->how == CTRACE_HOW_PLAIN;
		plain->field_count = (uint8_t)ctrace_kind_fields(kind, fields);
		for (unsigned i = 0; i < plain->field_count; i++) {
			plain->field_types[i] = (uint8_t)fields[i].type;
		}
	}
}

static bool prepare(struct walk *walk)
{
	struct ctrace_trace *trace = walk->trace;

	if (!ctrace_tables_sort(&trace->tables)) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the tables");
	}
	learn_kinds(trace);
	trace->info.damage = trace->damage;
	if (ctrace_timebase_init(&trace->timebase, trace->tables.clocks, &trace->tables.clock_count,
				 trace->info.base_ticks,
				 trace->info.ticks_per_second) != CTRACE_OK) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory for the clock");
	}
	return true;
}

static bool begin(struct walk *walk, int fd)
{
	walk->trace = calloc(1, sizeof(*walk->trace));
	walk->window = malloc(WINDOW_BYTES);
	if (walk->trace != NULL) {
		walk->trace->fd = fd;
		ctrace_tables_init(&walk->trace->tables);
	}
	if (walk->trace == NULL || walk->window == NULL) {
		return fail(walk, CTRACE_ERR_NO_MEMORY, "no memory to open it");
	}
	return true;
}

enum ctrace_status ctrace_trace_open(struct ctrace_trace **trace, int fd,
				     const struct ctrace_trace_settings *settings,
				     struct ctrace_error *error)
{
	struct walk walk = {.settings = settings, .error = error};
	bool is_open = begin(&walk, fd) && read_file_header(&walk) && read_trailer(&walk) &&
		       walk_chunks(&walk) && prepare(&walk);

	free(walk.window);
	ctrace_buffer_finish(&walk.payload);
	ctrace_stream_order_finish(&walk.order);
	*trace = walk.trace;
	if (!is_open) {
		ctrace_trace_close(walk.trace);
		*trace = NULL;
		return walk.status;
	}
	return CTRACE_OK;
}

void ctrace_trace_close(struct ctrace_trace *trace)
{
	if (trace == NULL) {
		return;
	}
	free(trace->entries);
	free(trace->damage);
	ctrace_tables_finish(&trace->tables);
	ctrace_timebase_finish(&trace->timebase);
	free(trace);
}
