/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_ROWS_H
#define CTRACE_KERNEL_ROWS_H

/* Rows as bytes and back, as in rows.h, of the tables that tell of a kernel and its calls (SPEC 7.9
 * to 7.13). */

#include "format/buffer.h"
#include "format/records.h"
#include "format/wire.h"

/* Each appends the row with its length. */
void ctrace_row_put_buffer(struct ctrace_buffer *table, const struct ctrace_buffer_row *row);
void ctrace_row_put_call(struct ctrace_buffer *table, const struct ctrace_call_row *row);
void ctrace_row_put_stack(struct ctrace_buffer *table, const struct ctrace_stack_row *row);
void ctrace_row_put_frame(struct ctrace_buffer *table, const struct ctrace_frame_row *row);
void ctrace_row_put_module(struct ctrace_buffer *table, const struct ctrace_module_row *row);
void ctrace_row_put_source(struct ctrace_buffer *table, const struct ctrace_source_row *row);
void ctrace_row_put_file(struct ctrace_buffer *table, const struct ctrace_file_row *row);

/*
 * Each takes what stands inside a row's length and checks every rule that
 * concerns the row alone. NULL: good; otherwise what is wrong, as a text.
 */
const char *ctrace_row_get_buffer(struct ctrace_wire row, struct ctrace_buffer_row *buffer);
const char *ctrace_row_get_call(struct ctrace_wire row, struct ctrace_call_row *call);
const char *ctrace_row_get_stack(struct ctrace_wire row, struct ctrace_stack_row *stack);
const char *ctrace_row_get_frame(struct ctrace_wire row, struct ctrace_frame_row *frame);
const char *ctrace_row_get_module(struct ctrace_wire row, struct ctrace_module_row *module);
const char *ctrace_row_get_source(struct ctrace_wire row, struct ctrace_source_row *source);
const char *ctrace_row_get_file(struct ctrace_wire row, struct ctrace_file_row *file);

#endif
