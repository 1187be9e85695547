/* SPDX-License-Identifier: MIT */
/* Walking the events of one loaded chunk (SPEC 8). */

#include "format/opened.h"
#include "format/wire.h"

#include <stdio.h>

_Static_assert(sizeof(((struct ctrace_cursor *)0)->open) /
			       sizeof(struct ctrace_open_span_in_chunk) ==
		       CTRACE_OPEN_SPANS_MAX,
	       "the cursor has room for all restated spans");

/* Operations of SPEC 8.1. */
enum operation { OP_END = 0, OP_END_NAMED = 1, OP_PLAIN = 2, OP_SITE = 8 };

/* The chunk breaks a rule at payload byte `at`. */
static enum ctrace_status refuse(const struct ctrace_cursor *cursor, struct ctrace_error *error,
				 const uint8_t *at, const char *what)
{
	const struct ctrace_chunk_entry *entry = cursor->chunk->entry;

	return ctrace_error_set(error, CTRACE_ERR_DAMAGED, entry->offset, cursor->chunk->index,
				"payload byte %zu, event %u: %s",
				(size_t)(at - cursor->chunk->payload), cursor->index, what);
}

static enum ctrace_status refuse_wire(const struct ctrace_cursor *cursor,
				      struct ctrace_error *error, const struct ctrace_wire *wire,
				      const char *what)
{
	char text[96];

	snprintf(text, sizeof(text), "%s %s", what, ctrace_wire_fault_name(wire->fault));
	return refuse(cursor, error, wire->at, text);
}

static const struct ctrace_site *site_of(const struct ctrace_cursor *cursor, uint64_t id)
{
	return ctrace_tables_site(&cursor->trace->tables, id);
}

static bool is_span(const struct ctrace_site *site)
{
	return site != NULL && site->kind == CTRACE_KIND_SPAN_BEGIN;
}

static enum ctrace_status read_open_spans(struct ctrace_cursor *cursor, struct ctrace_wire *wire,
					  struct ctrace_error *error)
{
	const struct ctrace_chunk_entry *entry = cursor->chunk->entry;
	const uint8_t *start = wire->at;
	uint64_t count = ctrace_wire_varint(wire);

	if (count > CTRACE_OPEN_SPANS_MAX) {
		return refuse(cursor, error, start, "more open spans than the limit of 1024");
	}
	for (uint32_t i = 0; i < count; i++) {
		start = wire->at;
		uint64_t site = ctrace_wire_varint(wire);
		uint64_t age = ctrace_wire_varint(wire);
		if (wire->fault != CTRACE_WIRE_GOOD) {
			break;
		}
		if (!is_span(site_of(cursor, site))) {
			return refuse(cursor, error, start,
				      "an open span's site is not known as a span");
		}
		if (age > entry->base - cursor->trace->info.base_ticks) {
			return refuse(cursor, error, start,
				      "an open span begins before the file's base ticks");
		}
		cursor->open[i] = (struct ctrace_open_span_in_chunk){.site = (uint32_t)site,
								     .begin = entry->base - age};
	}
	if (wire->fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, wire, "the list of open spans:");
	}
	cursor->open_count = (uint32_t)count;
	return CTRACE_OK;
}

static enum ctrace_status read_columns(struct ctrace_cursor *cursor, struct ctrace_wire *wire,
				       struct ctrace_error *error)
{
	uint64_t ops_size = ctrace_wire_varint(wire);
	uint64_t times_size = ctrace_wire_varint(wire);
	const uint8_t *ops = ctrace_wire_take(wire, ops_size);
	const uint8_t *times = ctrace_wire_take(wire, times_size);

	if (ops == NULL || times == NULL) {
		return refuse_wire(cursor, error, wire, "the columns:");
	}
	cursor->ops = ops;
	cursor->ops_end = ops + ops_size;
	cursor->times = times;
	cursor->times_end = times + times_size;
	cursor->args = wire->at;
	cursor->args_end = wire->end;
	return CTRACE_OK;
}

enum ctrace_status ctrace_cursor_init(struct ctrace_cursor *cursor,
				      const struct ctrace_trace *trace,
				      const struct ctrace_chunk *chunk, struct ctrace_error *error)
{
	cursor->trace = trace;
	cursor->chunk = chunk;
	cursor->open_count = 0;
	cursor->index = 0;
	if (chunk->entry == NULL || chunk->entry->type != CTRACE_CHUNK_EVENTS) {
		return ctrace_error_set(error, CTRACE_ERR_USAGE, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"the chunk holds no events");
	}
	cursor->ticks = chunk->entry->base;
	cursor->last_ticks = chunk->entry->base + chunk->entry->span;
	cursor->event_count = chunk->entry->events;
	struct ctrace_wire wire = ctrace_wire_over(chunk->payload, chunk->entry->raw);
	enum ctrace_status status = read_open_spans(cursor, &wire, error);
	if (status == CTRACE_OK) {
		status = read_columns(cursor, &wire, error);
	}
	if (status != CTRACE_OK) {
		/* A cursor that is used all the same ends at once, with the same error. */
		cursor->ops = cursor->ops_end = chunk->payload;
		cursor->times = cursor->times_end = chunk->payload;
		cursor->args = cursor->args_end = chunk->payload;
	}
	return status;
}

/* One argument (SPEC 8.3). What is wrong with it, or NULL. */
static const char *skip_arg(struct ctrace_wire *wire, unsigned type)
{
	uint64_t value;

	switch (type) {
	case CTRACE_ARG_F64:
		ctrace_wire_take(wire, 8);
		return NULL;
	case CTRACE_ARG_BOOL:
		return ctrace_wire_u8(wire) > 1 ? "a bool is neither 0 nor 1" : NULL;
	case CTRACE_ARG_STR:
		value = ctrace_wire_varint(wire);
		if ((value & 1) == 0) {
			return value >> 1 > UINT32_MAX ? "a string id is over 32 bits" : NULL;
		}
		if (value >> 1 > CTRACE_STRING_BYTES_MAX) {
			return "a string is over the limit of 4096 bytes";
		}
		ctrace_wire_take(wire, value >> 1);
		return NULL;
	default:
		ctrace_wire_varint(wire);
		return NULL;
	}
}

static enum ctrace_status skip_site_args(struct ctrace_cursor *cursor,
					 const struct ctrace_site *site, struct ctrace_error *error)
{
	struct ctrace_wire wire = {.at = cursor->args, .end = cursor->args_end};

	for (unsigned i = 0; i < site->arg_count; i++) {
		const uint8_t *start = wire.at;
		const char *wrong = skip_arg(&wire, site->arg_types[i]);
		if (wrong != NULL) {
			return refuse(cursor, error, start, wrong);
		}
	}
	if (wire.fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, &wire, "an argument:");
	}
	cursor->args = wire.at;
	return CTRACE_OK;
}

/* The fields of a plain kind must all be there; what follows them is ignored. */
static const char *check_fields(const struct ctrace_plain_kind *kind, struct ctrace_wire fields)
{
	for (unsigned i = 0; i < kind->field_count; i++) {
		const char *wrong = NULL;
		if (kind->field_types[i] == CTRACE_FIELD_U8) {
			ctrace_wire_u8(&fields);
		} else if (kind->field_types[i] == CTRACE_FIELD_STR) {
			wrong = skip_arg(&fields, CTRACE_ARG_STR);
		} else {
			ctrace_wire_varint(&fields);
		}
		if (wrong != NULL) {
			return wrong;
		}
	}
	return fields.fault == CTRACE_WIRE_GOOD ? NULL : ctrace_wire_fault_name(fields.fault);
}

static enum ctrace_status read_plain(struct ctrace_cursor *cursor, struct ctrace_wire *ops,
				     struct ctrace_event *event, struct ctrace_error *error)
{
	const uint8_t *start = ops->at;
	uint64_t kind = ctrace_wire_varint(ops);

	if (ops->fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, ops, "a kind:");
	}
	if (kind > UINT32_MAX || (kind >= 1 && kind <= 7)) {
		return refuse(cursor, error, start, "a kind that operation 2 may not have");
	}
	struct ctrace_wire args = {.at = cursor->args, .end = cursor->args_end};
	struct ctrace_wire fields = ctrace_wire_row(&args);
	if (args.fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, &args, "an event's fields:");
	}
	fields.end = args.at;
	if (kind < CTRACE_KINDS_END && cursor->trace->kinds[kind].is_known) {
		const char *wrong = check_fields(&cursor->trace->kinds[kind], fields);
		if (wrong != NULL) {
			return refuse(cursor, error, fields.at, wrong);
		}
	}
	event->kind = (enum ctrace_kind)kind;
	event->args = fields.at;
	event->args_end = fields.end;
	cursor->args = args.at;
	return CTRACE_OK;
}

/* Operations that are not a plain END and not a site's. */
static enum ctrace_status read_rare(struct ctrace_cursor *cursor, struct ctrace_wire *ops,
				    uint64_t op, const uint8_t *start, struct ctrace_event *event,
				    struct ctrace_error *error)
{
	if (op == OP_PLAIN) {
		return read_plain(cursor, ops, event, error);
	}
	if (op != OP_END_NAMED) {
		return refuse(cursor, error, start, "a reserved operation");
	}
	uint64_t site = ctrace_wire_varint(ops);
	if (ops->fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, ops, "the site of an END:");
	}
	if (!is_span(site_of(cursor, site))) {
		return refuse(cursor, error, start, "an END's site is not known as a span");
	}
	event->kind = CTRACE_KIND_SPAN_END;
	event->site = (uint32_t)site;
	return CTRACE_OK;
}

/* After the last event every column must be used up (SPEC 8). */
static enum ctrace_status finish(const struct ctrace_cursor *cursor, struct ctrace_error *error)
{
	if (cursor->ops != cursor->ops_end) {
		return refuse(cursor, error, cursor->ops,
			      "more operations than the header's events");
	}
	if (cursor->times != cursor->times_end) {
		return refuse(cursor, error, cursor->times, "more times than the header's events");
	}
	if (cursor->args != cursor->args_end) {
		return refuse(cursor, error, cursor->args, "more arguments than the events have");
	}
	if (cursor->ticks != cursor->last_ticks) {
		return refuse(cursor, error, cursor->times, "the times do not sum up to the span");
	}
	return CTRACE_END;
}

/* A time that is long, faulty or near the end of its column. */
static enum ctrace_status read_time_slowly(struct ctrace_cursor *cursor, uint64_t *delta,
					   struct ctrace_error *error)
{
	struct ctrace_wire times = {.at = cursor->times, .end = cursor->times_end};

	*delta = ctrace_wire_varint(&times);
	if (times.fault != CTRACE_WIRE_GOOD) {
		return refuse_wire(cursor, error, &times, "a time:");
	}
	cursor->times = times.at;
	return CTRACE_OK;
}

static inline enum ctrace_status read_time(struct ctrace_cursor *cursor, struct ctrace_error *error)
{
	const uint8_t *at = cursor->times, *next = NULL;
	uint64_t delta = 0;

	if (__builtin_expect(cursor->times_end - at >= 8, 1)) {
		next = ctrace_get_varint_8(at, &delta);
	}
	if (__builtin_expect(next != NULL, 1)) {
		cursor->times = next;
	} else if (read_time_slowly(cursor, &delta, error) != CTRACE_OK) {
		return CTRACE_ERR_DAMAGED;
	}
	if (__builtin_expect(delta > cursor->last_ticks - cursor->ticks, 0)) {
		cursor->times = at;
		return refuse(cursor, error, at, "the times pass the span");
	}
	cursor->ticks += delta;
	return CTRACE_OK;
}

/* An operation that is not a one-byte END: of a site, or a rare one. */
static enum ctrace_status read_operation(struct ctrace_cursor *cursor, struct ctrace_event *event,
					 struct ctrace_error *error)
{
	const uint8_t *start = cursor->ops;
	struct ctrace_wire ops = {.at = start, .end = cursor->ops_end};
	enum ctrace_status status = CTRACE_OK;
	const uint8_t *next = NULL;
	uint64_t op;

	if (__builtin_expect(ops.end - start >= 8, 1)) {
		next = ctrace_get_varint_8(start, &op);
	}
	if (__builtin_expect(next != NULL, 1)) {
		ops.at = next;
	} else {
		op = ctrace_wire_varint(&ops);
	}
	if (__builtin_expect(ops.fault != CTRACE_WIRE_GOOD, 0)) {
		return refuse_wire(cursor, error, &ops, "an operation:");
	}
	if (__builtin_expect(op < OP_SITE, 0)) {
		status = read_rare(cursor, &ops, op, start, event, error);
	} else {
		const struct ctrace_site *site = site_of(cursor, op - OP_SITE);
		if (__builtin_expect(site == NULL, 0)) {
			return refuse(cursor, error, start,
				      "an event of a site that is not defined");
		}
		event->kind = (enum ctrace_kind)site->kind;
		event->site = (uint32_t)(op - OP_SITE);
		if (site->arg_count > 0) {
			status = skip_site_args(cursor, site, error);
			event->args_end = cursor->args;
		}
	}
	if (status == CTRACE_OK) {
		cursor->ops = ops.at;
	}
	return status;
}

/* The most frequent operation of its kind: an event of a site without arguments. False: another, or
 * a faulty one; nothing was read. */
static inline bool read_bare(struct ctrace_cursor *cursor, struct ctrace_event *event)
{
	const uint8_t *next;
	uint64_t op;

	if (__builtin_expect(cursor->ops_end - cursor->ops < 8, 0)) {
		return false;
	}
	next = ctrace_get_varint_8(cursor->ops, &op);
	if (__builtin_expect(next == NULL || op < OP_SITE, 0)) {
		return false;
	}
	const struct ctrace_site *site = site_of(cursor, op - OP_SITE);
	if (site == NULL || site->arg_count > 0) {
		return false;
	}
	event->kind = (enum ctrace_kind)site->kind;
	event->site = (uint32_t)(op - OP_SITE);
	cursor->ops = next;
	return true;
}

/* Inlined into the loop of ctrace_cursor_fill, where a call would be a tenth of the work. */
__attribute__((always_inline)) static inline enum ctrace_status read_event(
	struct ctrace_cursor *cursor, struct ctrace_event *event, struct ctrace_error *error)
{
	if (__builtin_expect(cursor->index == cursor->event_count, 0)) {
		return finish(cursor, error);
	}
	enum ctrace_status status = read_time(cursor, error);
	if (__builtin_expect(status != CTRACE_OK, 0)) {
		return status;
	}
	event->ticks = cursor->ticks;
	event->index = cursor->index;
	event->args = cursor->args;
	event->args_end = cursor->args;
	event->site = CTRACE_NO_SITE;
	if (cursor->ops < cursor->ops_end && *cursor->ops == OP_END) {
		event->kind = CTRACE_KIND_SPAN_END;
		cursor->ops++;
	} else if (!read_bare(cursor, event)) {
		status = read_operation(cursor, event, error);
		if (__builtin_expect(status != CTRACE_OK, 0)) {
			return status;
		}
	}
	cursor->index++;
	return CTRACE_OK;
}

enum ctrace_status ctrace_cursor_next(struct ctrace_cursor *cursor, struct ctrace_event *event,
				      struct ctrace_error *error)
{
	return read_event(cursor, event, error);
}

enum ctrace_status ctrace_cursor_fill(struct ctrace_cursor *cursor, struct ctrace_event *events,
				      uint32_t room, uint32_t *count, struct ctrace_error *error)
{
	enum ctrace_status status = CTRACE_OK;

	for (*count = 0; *count < room; ++*count) {
		status = read_event(cursor, &events[*count], error);
		if (__builtin_expect(status != CTRACE_OK, 0)) {
			break;
		}
	}
	return status;
}

enum ctrace_status ctrace_chunk_check(const struct ctrace_trace *trace,
				      const struct ctrace_chunk *chunk, struct ctrace_error *error)
{
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	enum ctrace_status status = ctrace_cursor_init(&cursor, trace, chunk, error);

	while (status == CTRACE_OK) {
		status = ctrace_cursor_next(&cursor, &event, error);
	}
	return status == CTRACE_END ? CTRACE_OK : status;
}
