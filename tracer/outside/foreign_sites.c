/* SPDX-License-Identifier: MIT */

/* Reading site records; see foreign_sites.h. */

#include "tracer/outside/foreign_sites.h"

#include "format/kernel_events.h"
#include "format/kinds.h"
#include "tracer/src/image.h"
#include "tracer/src/sites/memory_shape.h"

#include <stdlib.h>
#include <string.h>

static bool is_number(unsigned type)
{
	return type == CTRACE_ARG_I64 || type == CTRACE_ARG_U64 || type == CTRACE_ARG_F64;
}

/* The arguments of a call. */
static bool are_words(const struct ctrace_site_record *record)
{
	for (unsigned i = 0; i < record->arg_count; i++) {
		if (record->arg_types[i] != CTRACE_ARG_U64) {
			return false;
		}
	}
	return record->arg_count <= CTRACE_CALL_ARGS;
}

/* What emit writes for each kind; no other kind has sites. */
static bool has_demanded(const struct ctrace_site_record *record)
{
	const uint8_t *types = record->arg_types;

	switch (record->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
	case CTRACE_KIND_INSTANT:
		return true;
	case CTRACE_KIND_COUNTER:
		return record->arg_count >= 1 && is_number(types[0]);
	case CTRACE_KIND_LOG:
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		return record->arg_count >= 1 && types[0] == CTRACE_ARG_STR;
	case CTRACE_KIND_SYSCALL_ENTER:
		return are_words(record);
	case CTRACE_KIND_LOCK_WAIT:
	case CTRACE_KIND_LOCK_RELEASED:
	case CTRACE_KIND_GC_THREAD:
		return record->arg_count == 2 && are_words(record);
	case CTRACE_KIND_GC_BEGIN:
	case CTRACE_KIND_GC_HEAP:
		return record->arg_count == 1 && are_words(record);
	case CTRACE_KIND_SYSCALL_TEXT:
		return record->arg_count == 2 && types[0] == CTRACE_ARG_U64 &&
		       types[1] == CTRACE_ARG_STR;
	case CTRACE_KIND_TASK_BEGIN:
		return record->arg_count >= 2 && types[0] == CTRACE_ARG_U64 &&
		       types[1] == CTRACE_ARG_U64;
	case CTRACE_KIND_ALLOC:
	case CTRACE_KIND_FREE:
	case CTRACE_KIND_REALLOC:
	case CTRACE_KIND_POOL:
	case CTRACE_KIND_LOCK_STACK:
		return ctrace_memory_shape(record->kind, types, record->arg_count) !=
		       CTRACE_MEMORY_NONE;
	case CTRACE_KIND_TASK_STEP:
	case CTRACE_KIND_TASK_END:
	case CTRACE_KIND_TASK_ENTER:
	case CTRACE_KIND_TASK_LEAVE:
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		return record->arg_count >= 1 && types[0] == CTRACE_ARG_U64;
	default:
		return false;
	}
}

static bool are_types_known(const struct ctrace_site_record *record)
{
	for (unsigned i = 0; i < record->arg_count; i++) {
		if (ctrace_arg_type_name(record->arg_types[i]) == NULL) {
			return false;
		}
	}
	return true;
}

/* Bytes of the record with all its texts; over any limit if a text is too long. */
static size_t bytes_of(const struct ctrace_site_record *record)
{
	size_t bytes = sizeof(*record);

	for (unsigned i = 0; i < 4u + record->arg_count; i++) {
		if (record->sizes[i] > CTRACE_SITE_TEXT_BYTES_MAX) {
			return SIZE_MAX;
		}
		bytes += record->sizes[i];
	}
	return bytes;
}

static const char *fault_of(const struct ctrace_site_record *record, size_t size)
{
	if (record->code == 0 || record->code >= CTRACE_CODES_MAX) {
		return "code";
	}
	if (record->arg_count > CTRACE_ENTRY_ARGS_MAX || !are_types_known(record)) {
		return "arguments";
	}
	if (!has_demanded(record)) {
		return "kind";
	}
	return bytes_of(record) <= size ? NULL : "length";
}

static struct ctrace_text take_text(const uint8_t **from, char **to, uint32_t size)
{
	struct ctrace_text text = {*to, size};

	memcpy(*to, *from, size);
	(*to)[size] = '\0';
	*from += size;
	*to += size + 1;
	return text;
}

static struct ctrace_entry *make_entry(const struct ctrace_site_record *record,
				       const uint8_t *texts)
{
	struct ctrace_entry *entry =
		calloc(1, sizeof(*entry) + bytes_of(record) + CTRACE_SITE_TEXTS);
	char *to;

	if (entry == NULL) {
		return NULL;
	}
	to = (char *)(entry + 1);
	entry->code = record->code;
	entry->kind = record->kind;
	entry->line = record->line;
	entry->arg_count = record->arg_count;
	memcpy(entry->arg_types, record->arg_types, sizeof(entry->arg_types));
	entry->name = take_text(&texts, &to, record->sizes[0]);
	entry->category = take_text(&texts, &to, record->sizes[1]);
	entry->file = take_text(&texts, &to, record->sizes[2]);
	entry->function = take_text(&texts, &to, record->sizes[3]);
	for (unsigned i = 0; i < record->arg_count; i++) {
		entry->arg_names[i] = take_text(&texts, &to, record->sizes[4 + i]);
	}
	return entry;
}

static void take_record(struct ctrace_foreign_sites *sites, const uint8_t *bytes, size_t at,
			size_t size, struct ctrace_error *error)
{
	struct ctrace_site_record record;
	const char *fault;

	memcpy(&record, bytes + at, sizeof(record));
	fault = fault_of(&record, size);
	if (fault != NULL) {
		sites->bad++;
		ctrace_error_set(error, CTRACE_ERR_DAMAGED, at, CTRACE_NO_CHUNK,
				 "a site of %zu bytes, code %u, kind %u, with %u arguments: its %s "
				 "breaks a limit",
				 size, record.code, record.kind, record.arg_count, fault);
		return;
	}
	if (sites->entries[record.code] == NULL) {
		sites->entries[record.code] = make_entry(&record, bytes + at + sizeof(record));
		sites->count++;
	}
}

/* The size of the record that was committed at `at`; 0: none. */
static size_t committed(const uint8_t *commits, size_t at, size_t size)
{
	uint64_t word;
	size_t bytes;

	memcpy(&word, commits + at, sizeof(word));
	bytes = (size_t)(word & UINT32_MAX);
	if ((word & ~(uint64_t)UINT32_MAX) != CTRACE_SITE_COMMIT || bytes % 8 != 0 ||
	    bytes < sizeof(struct ctrace_site_record) || bytes > size - at) {
		return 0;
	}
	return bytes;
}

void ctrace_foreign_sites_take(struct ctrace_foreign_sites *sites, const uint8_t *commits,
			       const uint8_t *bytes, size_t size, struct ctrace_error *error)
{
	size_t at = sizeof(struct ctrace_sites_head);

	/* What was claimed and never committed is stepped over word by word. */
	while (at + sizeof(struct ctrace_site_record) <= size) {
		size_t record = committed(commits, at, size);

		if (record != 0) {
			take_record(sites, bytes, at, record, error);
		}
		at += record != 0 ? record : 8;
	}
}

void ctrace_foreign_sites_finish(struct ctrace_foreign_sites *sites)
{
	for (unsigned i = 0; i < CTRACE_CODES_MAX; i++) {
		free(sites->entries[i]);
		sites->entries[i] = NULL;
	}
}
