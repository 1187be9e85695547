/* SPDX-License-Identifier: MIT */

/* What a recording makes of a process's codes: wanted or not, and which site of the file; see
 * stream.h. */

#include "tracer/src/collect/stream.h"

#include "tracer/src/sites/entry.h"

#include <string.h>

static uint32_t text_id(struct ctrace_writer *writer, struct ctrace_text text)
{
	return ctrace_writer_string(writer, text.bytes, text.size);
}

bool ctrace_kind_is_of_sites(unsigned kind)
{
	const struct ctrace_kind_info *info = ctrace_kind_info(kind);

	return info != NULL && info->how == CTRACE_HOW_SITE;
}

void ctrace_stream_define_site(struct ctrace_writer *writer, const struct ctrace_entry *entry,
			       uint32_t id)
{
	struct ctrace_site site = {.id = id, .kind = entry->kind, .line = entry->line};

	site.name = text_id(writer, entry->name);
	site.category = text_id(writer, entry->category);
	site.file = text_id(writer, entry->file);
	site.function = text_id(writer, entry->function);
	site.arg_count = entry->arg_count;
	for (unsigned i = 0; i < entry->arg_count; i++) {
		site.arg_types[i] = entry->arg_types[i];
		site.arg_names[i] = text_id(writer, entry->arg_names[i]);
	}
	ctrace_writer_site(writer, &site);
}

static enum ctrace_want judge(const struct ctrace_recording *recording,
			      const struct ctrace_entry *entry)
{
	if (recording->is_choosy && !ctrace_entry_is_in(entry, recording->categories)) {
		return CTRACE_WANT_NOT;
	}
	if (recording->watch != NULL && ctrace_watch_wants(recording->watch, entry)) {
		return CTRACE_WANT_WATCHED;
	}
	return entry->kind == CTRACE_KIND_SPAN_BEGIN && entry->arg_count == 0 ? CTRACE_WANT_SPAN
									      : CTRACE_WANT_OTHER;
}

/* The site's id in the file; 0 without one left. */
static uint32_t give_id(struct ctrace_recording *recording, unsigned code)
{
	if (recording->next_site == 0) {
		return code;
	}
	return recording->next_site < CTRACE_SITES_MAX ? recording->next_site++ : 0;
}

/* The call's number in the file; 0 without one left. */
static uint32_t call_number(struct ctrace_recording *recording, const struct ctrace_entry *entry)
{
	struct ctrace_call_names *names = &recording->calls;
	struct ctrace_call_row row = {.name = text_id(&recording->writer, entry->name)};
	uint32_t i = 0;

	row.layer = strcmp(entry->category.bytes, CTRACE_CALL_OF_SYSTEM) == 0 ? CTRACE_CALL_SYSTEM
									      : CTRACE_CALL_LIBRARY;
	while (i < names->count &&
	       (names->list[i].name != row.name || names->list[i].layer != row.layer)) {
		i++;
	}
	if (i == CTRACE_CALL_NAMES_MAX) {
		return 0;
	}
	row.call = CTRACE_CALLS_FIRST + i;
	if (i == names->count) {
		names->list[names->count].name = row.name;
		names->list[names->count++].layer = row.layer;
		ctrace_writer_call(&recording->writer, &row);
	}
	return row.call;
}

/* A wait for a lock is one in a call. */
static bool is_of_call(const struct ctrace_entry *entry)
{
	return entry->kind == CTRACE_KIND_SYSCALL_ENTER || entry->kind == CTRACE_KIND_LOCK_WAIT;
}

void ctrace_codes_learn(struct ctrace_codes *codes, unsigned code)
{
	struct ctrace_recording *recording = codes->recording;
	const struct ctrace_entry *entry = codes->origin->entry(codes->origin, code);
	enum ctrace_want want = entry != NULL ? judge(recording, entry) : CTRACE_WANT_UNKNOWN;
	uint32_t id = codes->known[code] >> CTRACE_WANT_BITS;

	if (want != CTRACE_WANT_UNKNOWN && want != CTRACE_WANT_NOT &&
	    ctrace_kind_is_of_sites(entry->kind)) {
		id = id != 0 ? id : give_id(recording, code);
		want = id != 0 ? want : CTRACE_WANT_NOT;
		if (id != 0) {
			ctrace_stream_define_site(&recording->writer, entry, id);
		}
	}
	if (want == CTRACE_WANT_OTHER && is_of_call(entry)) {
		id = id != 0 ? id : call_number(recording, entry);
		want = id != 0 ? want : CTRACE_WANT_NOT;
	}
	if (want == CTRACE_WANT_OTHER && id == 0) {
		id = ctrace_stream_learn_memory(recording, entry);
	}
	codes->known[code] = id << CTRACE_WANT_BITS | (uint32_t)want;
}

void ctrace_codes_forget(struct ctrace_codes *codes)
{
	for (unsigned i = 0; i < CTRACE_CODES_MAX; i++) {
		codes->known[i] &= ~CTRACE_WANT_MASK;
	}
}
