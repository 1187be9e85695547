/* SPDX-License-Identifier: MIT */
/* A trace as JSON lines. Numbers are whole: readers of 64-bit values must not use doubles. */

#include "cli/dump_json.h"

#include "cli/dump_json_tables.h"
#include "cli/json_out.h"

#include <inttypes.h>

static void put_string(FILE *out, struct ctrace_bytes bytes)
{
	ctrace_json_out_string(out, bytes.bytes, bytes.size);
}

static void put_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		fprintf(out, "%02x", bytes[i]);
	}
}

static void put_trace(FILE *out, const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	uint32_t count;
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);

	fprintf(out, "{\"type\":\"trace\",\"major\":%u,\"minor\":%u,\"session\":\"", info->major,
		info->minor);
	put_hex(out, info->session, sizeof(info->session));
	fprintf(out,
		"\",\"bytes\":%" PRIu64 ",\"events\":%" PRIu64 ",\"chunks\":%u,\"closed\":%s}\n",
		info->file_bytes, info->events, info->chunk_count,
		info->has_trailer ? "true" : "false");
	for (uint32_t i = 0; i < count; i++) {
		fputs("{\"type\":\"meta\",\"key\":", out);
		put_string(out, meta[i].key);
		fputs(",\"value\":", out);
		put_string(out, meta[i].value);
		fputs("}\n", out);
	}
}

static void put_damage(FILE *out, const struct ctrace_error *error)
{
	fprintf(out, "{\"type\":\"damage\",\"offset\":%" PRIu64 ",\"text\":", error->offset);
	ctrace_json_out_string(out, error->text, __builtin_strlen(error->text));
	fputs("}\n", out);
}

static void put_value(FILE *out, const struct ctrace_value *value)
{
	switch (value->type) {
	case CTRACE_ARG_I64:
		fprintf(out, "%" PRId64, value->i64);
		break;
	case CTRACE_ARG_F64:
		ctrace_json_out_double(out, value->f64);
		break;
	case CTRACE_ARG_BOOL:
		fputs(value->u64 != 0 ? "true" : "false", out);
		break;
	case CTRACE_ARG_STR:
		put_string(out, value->str);
		break;
	case CTRACE_ARG_U64:
		fprintf(out, "%" PRIu64, value->u64);
		break;
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		fprintf(out, "\"0x%" PRIx64 "\"", value->u64);
		break;
	}
}

static void put_args(FILE *out, const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_value values[16];
	struct ctrace_field fields[CTRACE_FIELDS_MAX];
	unsigned count = ctrace_event_values(trace, event, values);
	bool is_site = event->site != CTRACE_NO_SITE;

	if (count == 0) {
		return;
	}
	if (!is_site) {
		ctrace_kind_fields((uint64_t)event->kind, fields);
	}
	fputs(",\"args\":{", out);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0) {
			fputc(',', out);
		}
		if (is_site) {
			put_string(out, ctrace_trace_string(trace, values[i].name));
		} else {
			ctrace_json_out_string(out, fields[i].name, fields[i].name_size);
		}
		fputc(':', out);
		put_value(out, &values[i]);
	}
	fputc('}', out);
}

static void put_event(FILE *out, const struct ctrace_trace *trace, uint32_t stream,
		      const struct ctrace_event *event, uint64_t ns)
{
	const struct ctrace_kind_info *info = ctrace_kind_info((uint64_t)event->kind);
	const struct ctrace_site *site = ctrace_trace_site(trace, event->site);

	fprintf(out, "{\"type\":\"event\",\"stream\":%u,\"ns\":%" PRIu64 ",\"kind\":", stream, ns);
	if (info != NULL) {
		fprintf(out, "\"%s\"", info->name);
	} else {
		fprintf(out, "%u", (unsigned)event->kind);
	}
	if (site != NULL) {
		fputs(",\"name\":", out);
		put_string(out, ctrace_trace_string(trace, site->name));
		if (site->category != 0) {
			fputs(",\"category\":", out);
			put_string(out, ctrace_trace_string(trace, site->category));
		}
	}
	put_args(out, trace, event);
	fputs("}\n", out);
}

/* All events of a chunk or none (SPEC 9.3). */
static void put_events(FILE *out, const struct ctrace_trace *trace, struct ctrace_chunk *chunk,
		       uint64_t start_ns, uint64_t end_ns)
{
	struct ctrace_error error = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	if (ctrace_chunk_check(trace, chunk, &error) != CTRACE_OK) {
		put_damage(out, &error);
		return;
	}
	ctrace_cursor_init(&cursor, trace, chunk, NULL);
	while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
		uint64_t ns = ctrace_trace_ns(trace, event.ticks);
		if (ns >= start_ns && ns <= end_ns) {
			put_event(out, trace, chunk->entry->stream, &event, ns);
		}
	}
}

enum ctrace_status ctrace_dump_json(FILE *out, const struct ctrace_trace *trace, uint64_t start_ns,
				    uint64_t end_ns, struct ctrace_error *error)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct ctrace_chunk chunk = {0};

	put_trace(out, trace);
	ctrace_dump_json_tables(out, trace);
	for (uint32_t i = 0; i < info->damage_count; i++) {
		put_damage(out, &info->damage[i].error);
	}
	for (uint32_t i = 0; i < info->chunk_count && !ferror(out); i++) {
		struct ctrace_error bad = {0};
		if (ctrace_trace_chunk(trace, i)->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		enum ctrace_status status = ctrace_chunk_load(&chunk, trace, i, &bad);
		if (status == CTRACE_ERR_NO_MEMORY || status == CTRACE_ERR_IO) {
			ctrace_chunk_unload(&chunk);
			return ctrace_error_set(error, status, bad.offset, bad.chunk, "%s",
						bad.text);
		}
		if (status != CTRACE_OK) {
			put_damage(out, &bad);
		} else {
			put_events(out, trace, &chunk, start_ns, end_ns);
		}
	}
	ctrace_chunk_unload(&chunk);
	return CTRACE_OK;
}
