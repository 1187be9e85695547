/* SPDX-License-Identifier: MIT */
/* Rows of tables as bytes and back. */

#include "format/rows.h"

#include <string.h>

void ctrace_row_close(struct ctrace_buffer *table, size_t start)
{
	size_t size = table->size - start;
	unsigned prefix = ctrace_varint_size(size);
	uint8_t length[CTRACE_VARINT_ROOM];

	if (ctrace_buffer_reserve(table, prefix) == NULL) {
		return;
	}
	ctrace_put_varint(length, size);
	memmove(table->bytes + start + prefix, table->bytes + start, size);
	memcpy(table->bytes + start, length, prefix);
	table->size += prefix;
}

void ctrace_row_put_meta(struct ctrace_buffer *table, const struct ctrace_meta_row *row)
{
	size_t start = table->size;

	ctrace_buffer_bytes(table, row->key, row->key_size);
	ctrace_buffer_bytes(table, row->value, row->value_size);
	ctrace_row_close(table, start);
}

void ctrace_row_put_string(struct ctrace_buffer *table, const struct ctrace_string_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->id);
	ctrace_buffer_bytes(table, row->bytes, row->size);
	ctrace_row_close(table, start);
}

void ctrace_row_put_site(struct ctrace_buffer *table, const struct ctrace_site *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->id);
	ctrace_buffer_varint(table, row->kind);
	ctrace_buffer_varint(table, row->name);
	ctrace_buffer_varint(table, row->category);
	ctrace_buffer_varint(table, row->file);
	ctrace_buffer_varint(table, row->function);
	ctrace_buffer_varint(table, row->line);
	ctrace_buffer_varint(table, row->arg_count);
	for (unsigned i = 0; i < row->arg_count && i < CTRACE_SITE_ARGS_MAX; i++) {
		ctrace_buffer_u8(table, row->arg_types[i]);
		ctrace_buffer_varint(table, row->arg_names[i]);
	}
	ctrace_row_close(table, start);
}

void ctrace_row_put_process(struct ctrace_buffer *table, const struct ctrace_process_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->pid);
	ctrace_buffer_varint(table, row->parent_pid);
	ctrace_buffer_varint(table, row->name);
	ctrace_buffer_varint(table, row->start);
	ctrace_row_close(table, start);
}

void ctrace_row_put_thread(struct ctrace_buffer *table, const struct ctrace_thread_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->stream);
	ctrace_buffer_varint(table, row->pid);
	ctrace_buffer_varint(table, row->tid);
	ctrace_buffer_varint(table, row->name);
	ctrace_buffer_varint(table, row->start);
	ctrace_buffer_varint(table, row->written);
	ctrace_buffer_varint(table, row->lost);
	ctrace_buffer_u8(table, (uint8_t)row->state);
	ctrace_buffer_varint(table, row->clamped);
	ctrace_row_close(table, start);
}

void ctrace_row_put_clock(struct ctrace_buffer *table, const struct ctrace_clock_row *row)
{
	size_t start = table->size;

	ctrace_buffer_le(table, row->ticks, 8);
	ctrace_buffer_le(table, row->raw_ns, 8);
	ctrace_buffer_le(table, row->monotonic_ns, 8);
	ctrace_buffer_le(table, row->boottime_ns, 8);
	ctrace_buffer_le(table, row->realtime_ns, 8);
	ctrace_buffer_le(table, row->uncertainty, 8);
	ctrace_row_close(table, start);
}

void ctrace_row_put_index(struct ctrace_buffer *table, const struct ctrace_index_row *row)
{
	size_t start = table->size;

	ctrace_buffer_le(table, row->offset, 8);
	ctrace_buffer_le(table, row->type, 2);
	ctrace_buffer_le(table, row->zero, 2);
	ctrace_buffer_le(table, row->stream, 4);
	ctrace_buffer_le(table, row->base, 8);
	ctrace_buffer_le(table, row->span, 8);
	ctrace_buffer_le(table, row->events, 4);
	ctrace_buffer_le(table, row->stored, 4);
	ctrace_row_close(table, start);
}

static const char *fault_of(const struct ctrace_wire *row)
{
	return row->fault == CTRACE_WIRE_GOOD ? NULL : ctrace_wire_fault_name(row->fault);
}

uint32_t ctrace_row_u32(struct ctrace_wire *row, bool *is_big)
{
	uint64_t value = ctrace_wire_varint(row);

	*is_big = *is_big || value > UINT32_MAX;
	return (uint32_t)value;
}

const char *ctrace_row_get_meta(struct ctrace_wire row, struct ctrace_meta_row *meta)
{
	meta->key = ctrace_wire_bytes(&row, &meta->key_size);
	meta->value = ctrace_wire_bytes(&row, &meta->value_size);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	if (meta->key_size > CTRACE_META_KEY_BYTES_MAX) {
		return "key is over 4096 bytes";
	}
	if (meta->value_size > CTRACE_META_VALUE_BYTES_MAX) {
		return "value is over 65536 bytes";
	}
	return NULL;
}

const char *ctrace_row_get_string(struct ctrace_wire row, struct ctrace_string_row *string)
{
	string->id = ctrace_wire_varint(&row);
	string->bytes = ctrace_wire_bytes(&row, &string->size);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	if (string->id < 1 || string->id > CTRACE_STRINGS_MAX) {
		return "string id is not 1 to 1000000";
	}
	if (string->size > CTRACE_STRING_BYTES_MAX) {
		return "string is over 4096 bytes";
	}
	return NULL;
}

#define TYPE_BIT(type) (1u << (type))

/* Which argument types satisfy a demand, one bit per enum ctrace_arg_type. */
static uint32_t types_for(enum ctrace_field_type demand)
{
	switch (demand) {
	case CTRACE_FIELD_NUM:
		return TYPE_BIT(CTRACE_ARG_I64) | TYPE_BIT(CTRACE_ARG_U64) |
		       TYPE_BIT(CTRACE_ARG_F64);
	case CTRACE_FIELD_STR:
		return TYPE_BIT(CTRACE_ARG_STR);
	default:
		return TYPE_BIT(CTRACE_ARG_U64);
	}
}

/* SPEC 7.3: the first arguments must be those that the kind demands. */
static const char *check_demands(const struct ctrace_site *site)
{
	const struct ctrace_kind_info *info = ctrace_kind_info(site->kind);
	struct ctrace_field fields[CTRACE_FIELDS_MAX];

	if (info == NULL) {
		return NULL;
	}
	if (info->how != CTRACE_HOW_SITE) {
		return "site's kind is not one that comes by a site";
	}
	unsigned count = ctrace_kind_fields(site->kind, fields);
	for (unsigned i = 0; i < count; i++) {
		if (i >= site->arg_count ||
		    (types_for(fields[i].type) & TYPE_BIT(site->arg_types[i])) == 0) {
			return "site lacks an argument that its kind demands";
		}
	}
	return NULL;
}

static const char *get_site_args(struct ctrace_wire *row, struct ctrace_site *site, bool *is_big)
{
	uint64_t count = ctrace_wire_varint(row);

	if (count > CTRACE_SITE_ARGS_MAX) {
		return "site has over 16 arguments";
	}
	site->arg_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		site->arg_types[i] = ctrace_wire_u8(row);
		site->arg_names[i] = ctrace_row_u32(row, is_big);
		if (row->fault == CTRACE_WIRE_GOOD &&
		    ctrace_arg_type_name(site->arg_types[i]) == NULL) {
			return "site has an argument of unknown type";
		}
	}
	return NULL;
}

const char *ctrace_row_get_site(struct ctrace_wire row, struct ctrace_site *site)
{
	bool is_big = false;

	*site = (struct ctrace_site){.id = ctrace_row_u32(&row, &is_big)};
	site->kind = ctrace_row_u32(&row, &is_big);
	site->name = ctrace_row_u32(&row, &is_big);
	site->category = ctrace_row_u32(&row, &is_big);
	site->file = ctrace_row_u32(&row, &is_big);
	site->function = ctrace_row_u32(&row, &is_big);
	site->line = ctrace_row_u32(&row, &is_big);
	const char *wrong = get_site_args(&row, site, &is_big);
	if (wrong != NULL) {
		return wrong;
	}
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	if (is_big) {
		return "a number is over 32 bits";
	}
	if (site->id > CTRACE_SITE_MAX) {
		return "site id is over 16777215";
	}
	return check_demands(site);
}

const char *ctrace_row_get_process(struct ctrace_wire row, struct ctrace_process_row *process)
{
	bool is_big = false;

	*process = (struct ctrace_process_row){.pid = ctrace_wire_varint(&row)};
	process->parent_pid = ctrace_wire_varint(&row);
	process->name = ctrace_row_u32(&row, &is_big);
	process->start = ctrace_wire_varint(&row);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	return is_big ? "a string id is over 32 bits" : NULL;
}

const char *ctrace_row_get_thread(struct ctrace_wire row, struct ctrace_thread_row *thread)
{
	bool is_big = false;

	*thread = (struct ctrace_thread_row){.stream = ctrace_row_u32(&row, &is_big)};
	thread->pid = ctrace_wire_varint(&row);
	thread->tid = ctrace_wire_varint(&row);
	thread->name = ctrace_row_u32(&row, &is_big);
	thread->start = ctrace_wire_varint(&row);
	thread->written = ctrace_wire_varint(&row);
	thread->lost = ctrace_wire_varint(&row);
	unsigned state = ctrace_wire_u8(&row);
	thread->state = (enum ctrace_thread_state)state;
	thread->clamped = ctrace_wire_varint(&row);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	if (is_big) {
		return "a stream or string id is over 32 bits";
	}
	if (thread->stream == 0) {
		return "stream is 0, it must be 1 or more";
	}
	return state > CTRACE_THREAD_EXITED ? "thread state is not 0, 1 or 2" : NULL;
}

const char *ctrace_row_get_clock(struct ctrace_wire row, struct ctrace_clock_row *clock)
{
	clock->ticks = ctrace_wire_u64(&row);
	clock->raw_ns = ctrace_wire_u64(&row);
	clock->monotonic_ns = ctrace_wire_u64(&row);
	clock->boottime_ns = ctrace_wire_u64(&row);
	clock->realtime_ns = ctrace_wire_u64(&row);
	clock->uncertainty = ctrace_wire_u64(&row);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	if (clock->ticks > CTRACE_TICKS_MAX || clock->raw_ns > CTRACE_TICKS_MAX) {
		return "clock's ticks or raw nanoseconds pass the limit of 2^62-1";
	}
	return NULL;
}

const char *ctrace_row_get_index(struct ctrace_wire row, struct ctrace_index_row *index)
{
	index->offset = ctrace_wire_u64(&row);
	index->type = ctrace_wire_u16(&row);
	index->zero = ctrace_wire_u16(&row);
	index->stream = ctrace_wire_u32(&row);
	index->base = ctrace_wire_u64(&row);
	index->span = ctrace_wire_u64(&row);
	index->events = ctrace_wire_u32(&row);
	index->stored = ctrace_wire_u32(&row);
	if (row.fault != CTRACE_WIRE_GOOD) {
		return fault_of(&row);
	}
	return index->zero != 0 ? "index row's reserved field is not 0" : NULL;
}
