/* SPDX-License-Identifier: MIT */
/* Rows and events as lines of the text form. */

#include "format/text_words.h"

#include "format/rows.h"
#include "format/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void ctrace_text_quote(FILE *out, const char *bytes, size_t size)
{
	fputc('"', out);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte == '"' || byte == '\\') {
			fprintf(out, "\\%c", byte);
		} else if (byte == '\n') {
			fputs("\\n", out);
		} else if (byte < 0x20 || byte >= 0x7f) {
			fprintf(out, "\\x%02x", byte);
		} else {
			fputc(byte, out);
		}
	}
	fputc('"', out);
}

void ctrace_text_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		fprintf(out, "%02x", bytes[i]);
	}
}

void ctrace_text_comment(FILE *out, struct ctrace_bytes name)
{
	fputs(" # ", out);
	for (uint32_t i = 0; i < name.size && i < 60; i++) {
		unsigned char byte = (unsigned char)name.bytes[i];
		fputc(byte < 0x20 || byte >= 0x7f ? '.' : byte, out);
	}
}

static void put_string_row(FILE *out, struct ctrace_wire row)
{
	struct ctrace_string_row string;

	if (ctrace_row_get_string(row, &string) == NULL) {
		fprintf(out, "  string %" PRIu64 " ", string.id);
		ctrace_text_quote(out, (const char *)string.bytes, string.size);
	}
}

static void put_meta_row(FILE *out, struct ctrace_wire row)
{
	struct ctrace_meta_row meta;

	if (ctrace_row_get_meta(row, &meta) == NULL) {
		fputs("  meta ", out);
		ctrace_text_quote(out, (const char *)meta.key, meta.key_size);
		fputc(' ', out);
		ctrace_text_quote(out, (const char *)meta.value, meta.value_size);
	}
}

static void put_kind(FILE *out, uint64_t kind)
{
	const struct ctrace_kind_info *info = ctrace_kind_info(kind);

	if (info != NULL) {
		fputs(info->name, out);
	} else {
		fprintf(out, "%" PRIu64, kind);
	}
}

static void put_site_row(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_site site;

	if (ctrace_row_get_site(row, &site) != NULL) {
		return;
	}
	fprintf(out, "  site %u ", site.id);
	put_kind(out, site.kind);
	fprintf(out, " name=%u category=%u file=%u function=%u line=%u", site.name, site.category,
		site.file, site.function, site.line);
	for (unsigned i = 0; i < site.arg_count; i++) {
		fprintf(out, " arg=%s:%u", ctrace_arg_type_name(site.arg_types[i]),
			site.arg_names[i]);
	}
	ctrace_text_comment(out, ctrace_trace_string(words->trace, site.name));
}

static void put_process_row(FILE *out, struct ctrace_wire row)
{
	struct ctrace_process_row process;

	if (ctrace_row_get_process(row, &process) == NULL) {
		fprintf(out, "  process %" PRIu64 " parent=%" PRIu64 " name=%u start=%" PRIu64,
			process.pid, process.parent_pid, process.name, process.start);
	}
}

static void put_thread_row(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_thread_row thread;

	if (ctrace_row_get_thread(row, &thread) != NULL) {
		return;
	}
	fprintf(out,
		"  thread %u pid=%" PRIu64 " tid=%" PRIu64 " name=%u start=%" PRIu64
		" written=%" PRIu64 " lost=%" PRIu64 " state=%d clamped=%" PRIu64,
		thread.stream, thread.pid, thread.tid, thread.name, thread.start, thread.written,
		thread.lost, (int)thread.state, thread.clamped);
	ctrace_text_comment(out, ctrace_trace_string(words->trace, thread.name));
}

static void put_clock_row(FILE *out, struct ctrace_wire row)
{
	struct ctrace_clock_row clock;

	if (ctrace_row_get_clock(row, &clock) == NULL) {
		fprintf(out,
			"  clock %" PRIu64 " raw=%" PRIu64 " monotonic=%" PRIu64
			" boottime=%" PRIu64 " realtime=%" PRIu64 " uncertainty=%" PRIu64,
			clock.ticks, clock.raw_ns, clock.monotonic_ns, clock.boottime_ns,
			clock.realtime_ns, clock.uncertainty);
	}
}

static void put_index_row(FILE *out, struct ctrace_wire row)
{
	struct ctrace_index_row index;

	if (ctrace_row_get_index(row, &index) == NULL) {
		fprintf(out,
			"  index %" PRIu64 " type=%u stream=%u base=%" PRIu64 " span=%" PRIu64
			" events=%u stored=%u",
			index.offset, index.type, index.stream, index.base, index.span,
			index.events, index.stored);
	}
}

/* Rows that break a rule come out as nothing; the trial then fails and hex is used. */
void ctrace_text_put_rows(const struct ctrace_text_words *words, FILE *out)
{
	struct ctrace_wire payload = ctrace_wire_over(words->raw, words->header->raw);

	while (ctrace_wire_left(&payload) > 0 && payload.fault == CTRACE_WIRE_GOOD) {
		struct ctrace_wire row = ctrace_wire_row(&payload);
		row.end = payload.at;
		switch (words->header->type) {
		case CTRACE_CHUNK_STRINGS:
			put_string_row(out, row);
			break;
		case CTRACE_CHUNK_META:
			put_meta_row(out, row);
			break;
		case CTRACE_CHUNK_SITES:
			put_site_row(words, out, row);
			break;
		case CTRACE_CHUNK_PROCESSES:
			put_process_row(out, row);
			break;
		case CTRACE_CHUNK_THREADS:
			put_thread_row(words, out, row);
			break;
		case CTRACE_CHUNK_CLOCK:
			put_clock_row(out, row);
			break;
		case CTRACE_CHUNK_INDEX:
			put_index_row(out, row);
			break;
		default:
			ctrace_text_put_kernel_row(words, out, row);
			break;
		}
		fputc('\n', out);
	}
}

static void put_str(FILE *out, struct ctrace_wire *wire)
{
	uint64_t number = ctrace_wire_varint(wire);

	if ((number & 1) == 0) {
		fprintf(out, "@%" PRIu64, number >> 1);
		return;
	}
	const uint8_t *bytes = ctrace_wire_take(wire, number >> 1);
	ctrace_text_quote(out, (const char *)bytes, bytes == NULL ? 0 : number >> 1);
}

/* A decimal that reads back as the same bits, or the bits. */
static void put_f64(FILE *out, uint64_t bits)
{
	double value, again;
	char text[64];

	memcpy(&value, &bits, sizeof(value));
	snprintf(text, sizeof(text), "%.17g", value);
	again = strtod(text, NULL);
	if (memcmp(&again, &bits, sizeof(bits)) == 0) {
		fputs(text, out);
	} else {
		fprintf(out, "bits:0x%016" PRIx64, bits);
	}
}

static void put_arg(FILE *out, struct ctrace_wire *wire, unsigned type)
{
	fprintf(out, " %s=", ctrace_arg_type_name(type));
	switch (type) {
	case CTRACE_ARG_I64:
		fprintf(out, "%" PRId64, ctrace_wire_zigzag(wire));
		break;
	case CTRACE_ARG_F64:
		put_f64(out, ctrace_wire_u64(wire));
		break;
	case CTRACE_ARG_BOOL:
		fprintf(out, "%u", ctrace_wire_u8(wire));
		break;
	case CTRACE_ARG_STR:
		put_str(out, wire);
		break;
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		fprintf(out, "0x%" PRIx64, ctrace_wire_varint(wire));
		break;
	default:
		fprintf(out, "%" PRIu64, ctrace_wire_varint(wire));
		break;
	}
}

static void put_site_event(const struct ctrace_text_words *words, FILE *out,
			   const struct ctrace_event *event, struct ctrace_wire *args)
{
	const struct ctrace_site *site = ctrace_trace_site(words->trace, event->site);

	if (ctrace_kind_info(site->kind) != NULL) {
		put_kind(out, site->kind);
	} else {
		fputs("event", out);
	}
	fprintf(out, " %u", event->site);
	for (unsigned i = 0; i < site->arg_count; i++) {
		put_arg(out, args, site->arg_types[i]);
	}
	ctrace_text_comment(out, ctrace_trace_string(words->trace, site->name));
}

static void put_plain_event(FILE *out, const struct ctrace_event *event, struct ctrace_wire *args)
{
	struct ctrace_field fields[CTRACE_FIELDS_MAX];
	unsigned count = ctrace_kind_fields((uint64_t)event->kind, fields);

	if (count == 0) {
		fputs("plain ", out);
	}
	put_kind(out, (uint64_t)event->kind);
	for (unsigned i = 0; i < count; i++) {
		fputc(' ', out);
		if (fields[i].type == CTRACE_FIELD_STR) {
			put_str(out, args);
		} else if (fields[i].type == CTRACE_FIELD_ZIGZAG) {
			fprintf(out, "%" PRId64, ctrace_wire_zigzag(args));
		} else if (fields[i].type == CTRACE_FIELD_U8) {
			fprintf(out, "%u", ctrace_wire_u8(args));
		} else {
			fprintf(out, "%" PRIu64, ctrace_wire_varint(args));
		}
	}
	if (ctrace_wire_left(args) > 0) {
		fputs(" more=", out);
		ctrace_text_hex(out, args->at, ctrace_wire_left(args));
	}
}

static void put_event(const struct ctrace_text_words *words, FILE *out,
		      const struct ctrace_event *event, uint64_t delta)
{
	struct ctrace_wire args =
		ctrace_wire_over(event->args, (size_t)(event->args_end - event->args));

	fprintf(out, "  +%" PRIu64 " ", delta);
	if (event->kind == CTRACE_KIND_SPAN_END) {
		fputs("end", out);
		if (event->site != CTRACE_NO_SITE) {
			fprintf(out, " %u", event->site);
		}
	} else if (event->site != CTRACE_NO_SITE) {
		put_site_event(words, out, event, &args);
	} else {
		put_plain_event(out, event, &args);
	}
	fputc('\n', out);
}

/* An event that breaks a rule ends the list; the trial then fails and hex is used. */
void ctrace_text_put_events(const struct ctrace_text_words *words, FILE *out)
{
	const struct ctrace_chunk_header *header = words->header;
	const struct ctrace_chunk_entry entry = {.type = header->type,
						 .base = header->base,
						 .span = header->span,
						 .raw = header->raw,
						 .events = header->events};
	const struct ctrace_chunk chunk = {.entry = &entry, .payload = words->raw};
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	uint64_t last = header->base;

	if (ctrace_cursor_init(&cursor, words->trace, &chunk, NULL) != CTRACE_OK) {
		return;
	}
	for (uint32_t i = 0; i < cursor.open_count; i++) {
		const struct ctrace_site *site =
			ctrace_trace_site(words->trace, cursor.open[i].site);
		fprintf(out, "  open %u age=%" PRIu64, cursor.open[i].site,
			header->base - cursor.open[i].begin);
		ctrace_text_comment(out, ctrace_trace_string(words->trace, site->name));
		fputc('\n', out);
	}
	while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
		put_event(words, out, &event, event.ticks - last);
		last = event.ticks;
	}
}
