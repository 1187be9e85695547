/* SPDX-License-Identifier: MIT */
/* Events as lines: which members each kind has, in which order. */

#include "viewer-server/export/chrome_line.h"

#include "viewer-server/export/json_text.h"

#include <string.h>

/* Steps of a fixed size: nearly all texts are one or two, and no length is mispredicted. */
static inline char *put_text(char *at, struct ctrace_chrome_text text)
{
	for (uint32_t i = 0; i < text.size; i += CTRACE_CHROME_COPY_STEP) {
		memcpy(at + i, text.bytes + i, CTRACE_CHROME_COPY_STEP);
	}
	return at + text.size;
}

#define put_literal(at, text) ((char *)memcpy(at, text, sizeof(text) - 1) + sizeof(text) - 1)

static inline char *put_thread(char *at, const struct ctrace_chrome_line *line)
{
	struct ctrace_chrome_text text = {line->thread->bytes, line->thread->size};

	at = put_text(at, text);
	return ctrace_json_micros(at, line->start);
}

struct ctrace_chrome_thread ctrace_chrome_thread_of(uint64_t pid, uint64_t tid)
{
	struct ctrace_chrome_thread thread = {.size = 0};
	char *at = put_literal(thread.bytes, ",\"pid\":");

	at = put_literal(ctrace_json_u64(at, pid), ",\"tid\":");
	at = put_literal(ctrace_json_u64(at, tid), ",\"ts\":");
	thread.size = (uint32_t)(at - thread.bytes);
	return thread;
}

void ctrace_chrome_owner_of(const struct ctrace_trace *trace, uint32_t stream, uint64_t *pid,
			    uint64_t *tid)
{
	const struct ctrace_thread_row *row = ctrace_trace_thread(trace, stream);

	*pid = row != NULL ? row->pid : 0;
	*tid = row != NULL ? row->tid : stream;
}

static char *put_value(char *at, const struct ctrace_value *value)
{
	switch (value->type) {
	case CTRACE_ARG_I64:
		return ctrace_json_i64(at, value->i64);
	case CTRACE_ARG_U64:
		return ctrace_json_u64(at, value->u64);
	case CTRACE_ARG_F64:
		return ctrace_json_f64(at, value->f64);
	case CTRACE_ARG_BOOL:
		return value->u64 != 0 ? put_literal(at, "true") : put_literal(at, "false");
	case CTRACE_ARG_STR:
		return ctrace_json_string(at, value->str.bytes, value->str.size);
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		return ctrace_json_hex(at, value->u64);
	}
	return put_literal(at, "null");
}

/* The arguments of a site that stand in args; a task's id stands elsewhere, and a counter draws
 * only its value. */
static void shown_values(const struct ctrace_chrome_line *line, unsigned *first, unsigned *end)
{
	bool has_id = line->kind == CTRACE_KIND_TASK_BEGIN || line->kind == CTRACE_KIND_TASK_STEP;
	unsigned known = line->site->site == NULL ? 0 : line->site->site->arg_count;

	*first = has_id ? 1 : 0;
	*end = line->value_count < known ? line->value_count : known;
	if (line->kind == CTRACE_KIND_COUNTER && *end > 1) {
		*end = 1;
	}
}

static bool is_no_parent(const struct ctrace_chrome_line *line, unsigned i)
{
	return line->kind == CTRACE_KIND_TASK_BEGIN && i == 1 && line->values[i].u64 == 0;
}

/* Inside args: each member ends in a comma, of which the last is overwritten. */
static char *put_values(char *at, const struct ctrace_chrome_line *line)
{
	unsigned first, end;

	shown_values(line, &first, &end);
	for (unsigned i = first; i < end; i++) {
		if (is_no_parent(line, i)) {
			continue;
		}
		at = put_text(at, line->site->keys[i]);
		if (line->kind == CTRACE_KIND_TASK_BEGIN && i == 1) {
			at = ctrace_json_hex(at, line->values[i].u64);
		} else {
			at = put_value(at, &line->values[i]);
		}
		*at++ = ',';
	}
	return at;
}

static char *put_flag(char *at, const struct ctrace_chrome_line *line, unsigned flag,
		      enum ctrace_chrome_key key)
{
	if ((line->flags & flag) == 0) {
		return at;
	}
	at = put_text(at, line->site->own_keys[key]);
	return put_literal(at, "true,");
}

static char *put_own_members(char *at, const struct ctrace_chrome_line *line)
{
	if (line->task != 0) {
		at = put_text(at, line->site->own_keys[CTRACE_CHROME_KEY_TASK]);
		at = ctrace_json_hex(at, line->task);
		*at++ = ',';
	}
	at = put_flag(at, line, CTRACE_CHROME_BEGAN_BEFORE, CTRACE_CHROME_KEY_BEGAN_BEFORE);
	at = put_flag(at, line, CTRACE_CHROME_UNFINISHED, CTRACE_CHROME_KEY_UNFINISHED);
	return put_flag(at, line, CTRACE_CHROME_RESTATED, CTRACE_CHROME_KEY_RESTATED);
}

static char *put_args(char *at, const struct ctrace_chrome_line *line)
{
	char *start = at;

	at = put_literal(at, ",\"args\":{");
	char *members = at;
	at = put_own_members(put_values(at, line), line);
	if (at == members) {
		return start;
	}
	at[-1] = '}';
	return at;
}

static inline bool has_args(const struct ctrace_chrome_line *line)
{
	return line->value_count != 0 || line->task != 0 ||
	       (line->flags & ~(unsigned)CTRACE_CHROME_OPEN) != 0;
}

static char *write_span(char *at, const struct ctrace_chrome_line *line)
{
	at = put_text(at, line->site->head);
	if ((line->flags & CTRACE_CHROME_OPEN) != 0) {
		at[-2] = 'B';
		at = put_thread(at, line);
	} else {
		at = put_literal(put_thread(at, line), ",\"dur\":");
		at = ctrace_json_micros(at, line->duration);
	}
	if (has_args(line)) {
		at = put_args(at, line);
	}
	*at++ = '}';
	return at;
}

/* Instants, counters and logs. */
static char *write_point(char *at, const struct ctrace_chrome_line *line)
{
	at = put_thread(put_text(at, line->site->head), line);
	at = put_args(at, line);
	*at++ = '}';
	return at;
}

static char *put_id(char *at, const struct ctrace_chrome_line *line)
{
	return ctrace_json_hex(put_literal(at, ",\"id\":"), line->id);
}

/* Viewers match the parts of a task by category and id, and its end by name too: all are those of
 * its begin. */
static char *put_task_cat(char *at, const struct ctrace_chrome_line *line)
{
	if (line->task_site == NULL) {
		return put_literal(at, ",\"cat\":\"task\"");
	}
	return put_text(at, line->task_site->cat);
}

static char *write_task_begin(char *at, const struct ctrace_chrome_line *line)
{
	at = put_id(put_text(at, line->site->head), line);
	at = put_args(put_thread(at, line), line);
	*at++ = '}';
	return at;
}

static char *write_task_step(char *at, const struct ctrace_chrome_line *line)
{
	at = put_task_cat(put_text(at, line->site->name), line);
	at = put_id(put_literal(at, ",\"ph\":\"n\""), line);
	at = put_args(put_thread(at, line), line);
	*at++ = '}';
	return at;
}

static char *write_task_end(char *at, const struct ctrace_chrome_line *line)
{
	if (line->task_site == NULL) {
		at = put_literal(at, "{\"name\":\"task\"");
	} else {
		at = put_text(at, line->task_site->name);
	}
	at = put_literal(put_task_cat(at, line), ",\"ph\":\"e\"");
	at = put_thread(put_id(at, line), line);
	*at++ = '}';
	return at;
}

static char *write_flow(char *at, const struct ctrace_chrome_line *line)
{
	at = put_literal(at, "{\"name\":\"flow\",\"cat\":\"flow\",\"ph\":\"s\"");
	if (line->kind == CTRACE_KIND_FLOW_STEP) {
		at[-2] = 't';
	} else if (line->kind == CTRACE_KIND_FLOW_IN) {
		at[-2] = 'f';
		at = put_literal(at, ",\"bp\":\"e\"");
	}
	at = put_thread(put_id(at, line), line);
	*at++ = '}';
	return at;
}

static char *write_name(char *at, const struct ctrace_chrome_line *line)
{
	at = line->kind == CTRACE_KIND_THREAD_NAME
		     ? put_literal(at, "{\"name\":\"thread_name\",\"ph\":\"M\"")
		     : put_literal(at, "{\"name\":\"process_name\",\"ph\":\"M\"");
	at = put_literal(put_thread(at, line), ",\"args\":{\"name\":");
	at = put_value(at, &line->values[0]);
	return put_literal(at, "}}");
}

static char *write_lost(char *at, const struct ctrace_chrome_line *line)
{
	const char *reason = ctrace_loss_name(line->reason);

	at = put_literal(at,
			 "{\"name\":\"lost events\",\"cat\":\"ctrace\",\"ph\":\"i\",\"s\":\"t\"");
	at = put_literal(put_thread(at, line), ",\"args\":{\"reason\":");
	at = ctrace_json_string(at, reason, strlen(reason));
	at = ctrace_json_u64(put_literal(at, ",\"count\":"), line->lost);
	if (line->chunks != 0) {
		at = ctrace_json_u64(put_literal(at, ",\"chunks\":"), line->chunks);
	}
	at = ctrace_json_micros(put_literal(at, ",\"since\":"), line->since);
	return put_literal(at, "}}");
}

char *ctrace_chrome_line_write(char *at, const struct ctrace_chrome_line *line)
{
	switch (line->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
		return write_span(at, line);
	case CTRACE_KIND_INSTANT:
	case CTRACE_KIND_COUNTER:
	case CTRACE_KIND_LOG:
		return write_point(at, line);
	case CTRACE_KIND_TASK_BEGIN:
		return write_task_begin(at, line);
	case CTRACE_KIND_TASK_STEP:
		return write_task_step(at, line);
	case CTRACE_KIND_TASK_END:
		return write_task_end(at, line);
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		return write_flow(at, line);
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		return write_name(at, line);
	case CTRACE_KIND_LOST:
		return write_lost(at, line);
	default:
		return at;
	}
}

size_t ctrace_chrome_line_room(const struct ctrace_chrome_line *line)
{
	size_t bytes = CTRACE_CHROME_FIXED_BYTES;

	bytes += line->site == NULL ? 0 : line->site->head.size + line->site->key_bytes;
	bytes += line->task_site == NULL ? 0 : line->task_site->head.size;
	for (unsigned i = 0; i < line->value_count; i++) {
		bool is_text = line->values[i].type == CTRACE_ARG_STR;
		bytes += CTRACE_JSON_NUMBER_BYTES;
		bytes += is_text ? CTRACE_JSON_STRING_BYTES(line->values[i].str.size) : 0;
	}
	return bytes;
}

char *ctrace_chrome_bare_write(char *at, const struct ctrace_chrome_bare_span *span)
{
	struct ctrace_chrome_text thread = {span->thread->bytes, span->thread->size};

	at = put_text(put_text(at, span->site->head), thread);
	at = put_literal(ctrace_json_micros(at, span->start), ",\"dur\":");
	at = ctrace_json_micros(at, span->duration);
	*at++ = '}';
	return at;
}
