/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_KERNEL_H
#define CTRACE_CHROME_KERNEL_H

/*
 * What a kernel's buffers tell on its way into JSON: one more walk over them, behind the threads'
 * own events.
 *
 *     ctrace_chrome_kernel_create(&kernel, trace, &settings)      NULL if there are no buffers
 *       ctrace_chrome_kernel_metadata(kernel, json)               before all events
 *       while (ctrace_chrome_kernel_step(kernel, json) == CTRACE_OK) …
 *     ctrace_chrome_kernel_destroy(kernel)
 *
 * One thread at a time per object.
 */

#include "viewer-server/export/chrome_fact.h"

struct ctrace_chrome_kernel;

struct ctrace_chrome_kernel_settings {
	uint64_t start, end;	 /* ns; end UINT64_MAX: open */
	const uint64_t *threads; /* tids wanted; borrowed until create returns */
	uint32_t thread_count;	 /* 0: all */
	/* A chunk could not be used. */
	void (*damaged)(void *context, uint32_t chunk, const struct ctrace_error *error);
	void *context;
	uint8_t *marks; /* by chunk: enum ctrace_chrome_mark; borrowed until destroy */
	const uint8_t *mapping_calls; /* by call: enum ctrace_mapping_call; borrowed as long */
};

/* Gives *kernel, NULL where no buffer has a chunk. Borrows `trace`. */
enum ctrace_status ctrace_chrome_kernel_create(
	struct ctrace_chrome_kernel **kernel, const struct ctrace_trace *trace,
	const struct ctrace_chrome_kernel_settings *settings);
void ctrace_chrome_kernel_destroy(struct ctrace_chrome_kernel *kernel); /* NULL is fine */

/* Lines with ",\n" between: names of CPUs and of the threads whose states are told. */
void ctrace_chrome_kernel_metadata(struct ctrace_chrome_kernel *kernel, struct ctrace_buffer *json);

struct ctrace_chrome_kernel_counts {
	uint64_t lines, calls, lost;
};

/* Some more lines, each behind a ",\n". CTRACE_END: all is told, these are the last. */
enum ctrace_status ctrace_chrome_kernel_step(struct ctrace_chrome_kernel *kernel,
					     struct ctrace_buffer *json);
struct ctrace_chrome_kernel_counts ctrace_chrome_kernel_counts(
	const struct ctrace_chrome_kernel *kernel);
uint64_t ctrace_chrome_kernel_repaired(const struct ctrace_chrome_kernel *kernel);

#endif
