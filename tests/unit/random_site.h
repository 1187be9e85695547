/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RANDOM_SITE_H
#define CTRACE_RANDOM_SITE_H

/*
 * Random call sites and values for their arguments, with what is hard in them: bytes that are no
 * text, names that look like code, numbers of every length. `dice` is the random numbers' state
 * (trace_maker.h).
 */

#include "format/block.h"
#include "format/reader.h"
#include "format/writer.h"

/* A name in the writer's string table. */
uint32_t ctrace_random_name(struct ctrace_writer *writer, uint64_t *dice);
/* Static, of up to CTRACE_STRING_BYTES_MAX. */
struct ctrace_bytes ctrace_random_text(uint64_t *dice);

/* Of every length in bits: boundaries are where varints go wrong. */
uint64_t ctrace_random_number(uint64_t *dice);

/* The site that stands at `index`, stated; the first is of spans. */
void ctrace_random_site(struct ctrace_site *site, uint32_t index, struct ctrace_writer *writer,
			uint64_t *dice);

/* Fill in a value of the type that is there, and add it to the block's arguments. */
void ctrace_random_value(struct ctrace_value *value, struct ctrace_block *block,
			 struct ctrace_writer *writer, uint64_t *dice);

#endif
