/* SPDX-License-Identifier: MIT */

/* Arguments in a ring to arguments in columns; see stream_args.h. */

#include "tracer/src/collect/stream_args.h"

#include "tracer/src/ring/ring_record.h"

#include <string.h>

const char *ctrace_stretch_string(const struct ctrace_stretch *stretch, uint64_t position,
				  size_t size, struct ctrace_string_copy *copy)
{
	if (stretch->is_doubled) {
		return (const char *)stretch->data + (position & stretch->mask);
	}
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = ctrace_stretch_word(stretch, position + i);

		memcpy(copy->bytes + i, &word, 8);
	}
	return copy->bytes;
}

size_t ctrace_stretch_string_size(const struct ctrace_stretch *stretch, uint64_t position)
{
	uint64_t size = ctrace_stretch_word(stretch, position);

	return size < CTRACE_STRING_ARG_BYTES_MAX ? (size_t)size : CTRACE_STRING_ARG_BYTES_MAX;
}

uint64_t ctrace_args_measure(const struct ctrace_stretch *stretch, uint64_t position,
			     const struct ctrace_entry *entry, size_t *column_bytes)
{
	uint64_t at = position;

	*column_bytes = 0;
	for (unsigned i = 0; i < entry->arg_count; i++) {
		*column_bytes += CTRACE_ARG_NUMBER_BYTES;
		if (entry->arg_types[i] == CTRACE_ARG_STR) {
			uint64_t size = ctrace_stretch_word(stretch, at);

			if (size > CTRACE_STRING_ARG_BYTES_MAX) {
				return UINT64_MAX / 2;
			}
			*column_bytes += CTRACE_ARG_STRING_BYTES(size);
			at += ctrace_record_padded(size);
		}
		at += 8;
	}
	return at - position;
}

static void put_number(struct ctrace_block *block, unsigned type, uint64_t word)
{
	double real;

	switch (type) {
	case CTRACE_ARG_I64:
		ctrace_block_arg_i64(block, (int64_t)word);
		break;
	case CTRACE_ARG_F64:
		memcpy(&real, &word, sizeof(real));
		ctrace_block_arg_f64(block, real);
		break;
	case CTRACE_ARG_BOOL:
		ctrace_block_arg_bool(block, word != 0);
		break;
	default:
		ctrace_block_arg_u64(block, word);
		break;
	}
}

void ctrace_args_put(struct ctrace_block *block, const struct ctrace_stretch *stretch,
		     uint64_t position, const struct ctrace_entry *entry)
{
	struct ctrace_string_copy copy;

	for (unsigned i = 0; i < entry->arg_count; i++) {
		if (entry->arg_types[i] == CTRACE_ARG_STR) {
			size_t size = ctrace_stretch_string_size(stretch, position);

			ctrace_block_arg_bytes(
				block, ctrace_stretch_string(stretch, position + 8, size, &copy),
				size);
			position += ctrace_record_padded(size);
		} else {
			put_number(block, entry->arg_types[i],
				   ctrace_stretch_word(stretch, position));
		}
		position += 8;
	}
}
