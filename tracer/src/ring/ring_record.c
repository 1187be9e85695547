/* SPDX-License-Identifier: MIT */

/* What a record's site says of it; see ring_record.h. stream.c knows the same of all it transcodes.
 */

#include "tracer/src/ring/ring_record.h"

#include "tracer/src/sites/sites.h"

bool ctrace_record_is_span(uint64_t word)
{
	const struct ctrace_entry *entry = ctrace_sites_entry(ctrace_record_code(word));

	return entry != NULL && entry->kind == CTRACE_KIND_SPAN_BEGIN;
}

static uint64_t args_bytes(const struct ctrace_entry *entry, const uint8_t *data, uint64_t mask,
			   uint64_t position)
{
	uint64_t at = position;

	for (unsigned i = 0; i < entry->arg_count; i++) {
		if (entry->arg_types[i] == CTRACE_ARG_STR) {
			at += ctrace_record_padded(ctrace_record_word(data, mask, at));
		}
		at += 8;
	}
	return at - position;
}

uint64_t ctrace_record_bytes(const uint8_t *data, uint64_t mask, uint64_t position)
{
	uint64_t word = ctrace_record_word(data, mask, position);
	const struct ctrace_entry *entry = ctrace_sites_entry(ctrace_record_code(word));

	if (entry == NULL) {
		return 8;
	}
	if ((word & CTRACE_END_BIT) != 0) {
		return 8 + 8 * (uint64_t)ctrace_entry_end_words(entry);
	}
	return 8 + args_bytes(entry, data, mask, position + 8);
}
