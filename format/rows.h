/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ROWS_H
#define CTRACE_ROWS_H

/*
 * One row of each table as bytes (SPEC 7): encoding for the writer and the text
 * form, decoding for the reader. A row is what stands inside its length. Those that tell of a
 * kernel are in kernel_rows.h.
 */

#include "format/buffer.h"
#include "format/records.h"
#include "format/wire.h"

/* A row of INDEX. */
struct ctrace_index_row {
	uint64_t offset;
	uint16_t type, zero;
	uint32_t stream;
	uint64_t base, span;
	uint32_t events, stored;
};

/* A row of META or STRINGS, borrowing its bytes. */
struct ctrace_meta_row {
	const uint8_t *key, *value;
	uint64_t key_size, value_size;
};
struct ctrace_string_row {
	uint64_t id;
	const uint8_t *bytes;
	uint64_t size;
};

/* Behind the fields of a row that begins at `start`: their length is put in front of them. */
void ctrace_row_close(struct ctrace_buffer *table, size_t start);
/* A varint that has to fit 32 bits; *is_big remembers if one did not. */
uint32_t ctrace_row_u32(struct ctrace_wire *row, bool *is_big);

/* Each appends the row with its length. */
void ctrace_row_put_meta(struct ctrace_buffer *table, const struct ctrace_meta_row *row);
void ctrace_row_put_string(struct ctrace_buffer *table, const struct ctrace_string_row *row);
void ctrace_row_put_site(struct ctrace_buffer *table, const struct ctrace_site *row);
void ctrace_row_put_process(struct ctrace_buffer *table, const struct ctrace_process_row *row);
void ctrace_row_put_thread(struct ctrace_buffer *table, const struct ctrace_thread_row *row);
void ctrace_row_put_clock(struct ctrace_buffer *table, const struct ctrace_clock_row *row);
void ctrace_row_put_index(struct ctrace_buffer *table, const struct ctrace_index_row *row);

/*
 * Each takes what stands inside a row's length and checks every rule that
 * concerns the row alone. NULL: good; otherwise what is wrong, as a text.
 */
const char *ctrace_row_get_meta(struct ctrace_wire row, struct ctrace_meta_row *meta);
const char *ctrace_row_get_string(struct ctrace_wire row, struct ctrace_string_row *string);
const char *ctrace_row_get_site(struct ctrace_wire row, struct ctrace_site *site);
const char *ctrace_row_get_process(struct ctrace_wire row, struct ctrace_process_row *process);
const char *ctrace_row_get_thread(struct ctrace_wire row, struct ctrace_thread_row *thread);
const char *ctrace_row_get_clock(struct ctrace_wire row, struct ctrace_clock_row *clock);
const char *ctrace_row_get_index(struct ctrace_wire row, struct ctrace_index_row *index);

#endif
