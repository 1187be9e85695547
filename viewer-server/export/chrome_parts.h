/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_PARTS_H
#define CTRACE_CHROME_PARTS_H

/*
 * The inside of struct ctrace_chrome, for the files that make the whole JSON together:
 *
 *     chrome.c           makes one, turns chunks into the list's items, hands out bytes
 *     chrome_write.c     the list's items to text
 *     chrome_stages.c    everything else to text, before the threads' events and behind them
 *
 * Text goes right into the caller's buffer where it surely fits, else into the spill.
 *
 * Thread: one at a time per object.
 */

#include "format/buffer.h"
#include "viewer-server/export/chrome.h"
#include "viewer-server/export/chrome_kernel.h"
#include "viewer-server/export/chrome_memory.h"
#include "viewer-server/export/chrome_plan.h"
#include "viewer-server/export/chrome_tasks.h"

/* In the order of the text. */
enum ctrace_chrome_stage {
	CTRACE_CHROME_STAGE_HEAD,
	CTRACE_CHROME_STAGE_STACKS,
	CTRACE_CHROME_STAGE_PROCESSES,
	CTRACE_CHROME_STAGE_THREADS,
	CTRACE_CHROME_STAGE_KERNEL_NAMES,
	CTRACE_CHROME_STAGE_EVENTS,
	CTRACE_CHROME_STAGE_KERNEL,
	CTRACE_CHROME_STAGE_MEMORY,
	CTRACE_CHROME_STAGE_TAIL,
	CTRACE_CHROME_STAGE_DONE,
};

struct ctrace_chrome {
	const struct ctrace_trace *trace;
	uint64_t start, end; /* ns; end UINT64_MAX: open */
	struct ctrace_chrome_sites sites;
	struct ctrace_chrome_tasks tasks;

	struct ctrace_chrome_plan plan;
	struct ctrace_chrome_kernel *kernel; /* owned; NULL: no buffers */
	struct ctrace_chrome_memory *memory; /* owned; NULL: not begun, or nothing to tell */
	uint8_t *marks;			     /* owned; by chunk: enum ctrace_chrome_mark */
	uint8_t *mapping_calls;		     /* owned */
	uint64_t *threads;		     /* owned: the tids wanted */
	uint32_t thread_count;

	enum ctrace_chrome_stage stage;
	uint32_t step;	/* within the stage */
	uint32_t next;	/* in the plan's `order` */
	bool is_closed; /* all chunks are through, what waited is in the list */
	struct ctrace_chrome_list list;
	struct ctrace_chrome_work work;
	size_t item; /* the next of the list to be written */
	struct ctrace_chunk chunk;

	struct ctrace_buffer spill;
	size_t spill_at;
	const char *separator;	      /* before the next line */
	struct ctrace_damage *damage; /* owned */
	uint32_t damage_count, damage_capacity;
	struct ctrace_chrome_counts counts;
	enum ctrace_status status; /* the first failure */
	struct ctrace_error error;
};

/* Keep the first failure, in this one line; gives `status` back. */
enum ctrace_status ctrace_chrome_fail(struct ctrace_chrome *chrome, enum ctrace_status status,
				      const char *text);

/* Items of the list, until the buffer is full or the spill is used. The end of what stands in the
 * buffer. */
char *ctrace_chrome_write_items(struct ctrace_chrome *chrome, char *at, const char *end);

/* The next piece of a stage other than EVENTS, into the spill; goes to the next stage behind the
 * last. */
void ctrace_chrome_stage_step(struct ctrace_chrome *chrome);
void ctrace_chrome_stage_begin(struct ctrace_chrome *chrome, enum ctrace_chrome_stage stage);

#endif
