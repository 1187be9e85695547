/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MEMORY_TRACE_H
#define CTRACE_MEMORY_TRACE_H

/* Traces in memory, for tests: written to a buffer, read through a memfd. */

#include "format/buffer.h"
#include "format/reader.h"
#include "format/writer.h"
#include "tests/unit/trace_maker.h"

/* A ctrace_write_fn whose sink is a struct ctrace_buffer. */
enum ctrace_status ctrace_memory_write(void *sink, const void *bytes, size_t size);

/* A descriptor whose file holds these bytes. The caller closes it. */
int ctrace_memory_fd(const void *bytes, size_t size);

/* A random trace of about `events` events (0: the seed decides) into an empty buffer; of an even
 * seed with what a kernel tells. */
void ctrace_memory_make(struct ctrace_buffer *bytes, uint64_t seed, uint64_t events);

/* The bytes a text describes; fails the test with the assembler's complaint. */
void ctrace_memory_assemble(struct ctrace_buffer *bytes, const char *text);

/* Opens bytes that must open, for as long as the program runs until ctrace_memory_close. */
struct ctrace_trace *ctrace_memory_open(const struct ctrace_buffer *bytes, int *fd);
void ctrace_memory_close(struct ctrace_trace *trace, int fd);

/* A number that stands for all that a reader gives of stream `stream` (0: of all): events, values,
 * times. */
uint64_t ctrace_memory_digest(const struct ctrace_trace *trace, uint32_t stream, uint64_t *events);

/* The seed from CTRACE_TEST_SEED or the clock, printed. */
uint64_t ctrace_test_seed(void);

#endif
