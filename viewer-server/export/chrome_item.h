/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_ITEM_H
#define CTRACE_CHROME_ITEM_H

/*
 * What one line of the JSON will be made of, between replay and text. The
 * items of a chunk are collected first and written then, so that a span stands
 * where it began although its end is known later.
 */

#include "viewer-server/export/chrome_fact.h"
#include "viewer-server/export/chrome_line.h"
#include "viewer-server/model/kernel/kernel_replay.h"

#include <stddef.h>
#include <stdint.h>

/* An event's arguments as they stand in its chunk. */
struct ctrace_chrome_args {
	const uint8_t *begin, *end;
};

struct ctrace_chrome_item {
	uint64_t start, end;		/* ns; end: of spans; of lost events: since when */
	const uint8_t *args, *args_end; /* as in struct ctrace_event; in the chunk or in a copy */
	uint64_t id;			/* of tasks and flows; how many events were lost; what a
					   call gave */
	uint64_t task;			/* 0: none; of lost events: how many chunks; of threads
					   that a collector halts: 1 stopped, 0 let go */
	uint32_t site;			/* of lost events: the reason */
	uint32_t task_site;		/* of a task's step and end */
	uint32_t stream;		/* index of the stream */
	uint8_t kind;			/* CTRACE_KIND_NONE: nothing is written */
	uint8_t flags;			/* enum ctrace_chrome_flags */
	uint8_t text_count;		/* of calls: what their arguments point to */
	struct ctrace_chrome_args texts[CTRACE_CALL_TEXTS];
	uint64_t ticks;	   /* of calls: when they began; of a collector's: what it freed */
	bool is_chosen;	   /* inside the range, whatever its times say */
	bool is_lock_wait; /* a call whose arguments are those of lock_wait */
};

/* An item that outlives its chunk, with its arguments behind it. */
struct ctrace_chrome_copy {
	struct ctrace_chrome_copy *next;
	struct ctrace_chrome_item item;
};

/*
 * What the item says as a line. `values` is the caller's, and the line borrows it, `thread` and
 * the texts of `sites`. False: out of memory.
 */
bool ctrace_chrome_item_line(struct ctrace_chrome_line *line, const struct ctrace_chrome_item *item,
			     struct ctrace_chrome_sites *sites,
			     const struct ctrace_chrome_thread *thread,
			     struct ctrace_value values[16]);

/* A call that a thread told of itself, as a fact; it borrows from the item's arguments. */
struct ctrace_call_fact ctrace_chrome_item_call(const struct ctrace_chrome_item *item,
						const struct ctrace_trace *trace);

/* A collector's work, as a fact. */
struct ctrace_collector_fact ctrace_chrome_item_collector(const struct ctrace_chrome_item *item);

struct ctrace_sample_fact ctrace_chrome_item_sample(const struct ctrace_chrome_item *item,
						    const struct ctrace_trace *trace);
struct ctrace_look ctrace_chrome_item_look(const struct ctrace_chrome_item *item,
					   const struct ctrace_trace *trace);

/* The flags of a span as pairing closed it. */
uint8_t ctrace_chrome_flags_of_span(unsigned span_flags);

struct ctrace_chrome_list {
	struct ctrace_chrome_item *items; /* owned */
	size_t count, capacity;
	struct ctrace_chrome_copy *copies; /* owned: what items point into */
	bool is_failed;			   /* out of memory: sticks */
};

void ctrace_chrome_list_finish(struct ctrace_chrome_list *list);
/* Forget all items and the copies they point into. */
void ctrace_chrome_list_clear(struct ctrace_chrome_list *list);
bool ctrace_chrome_list_grow(struct ctrace_chrome_list *list);

/* One more item, to be filled wholly. NULL: out of memory. Valid until the next one. */
static inline struct ctrace_chrome_item *ctrace_chrome_list_slot(struct ctrace_chrome_list *list)
{
	if (__builtin_expect(list->count == list->capacity, 0) && !ctrace_chrome_list_grow(list)) {
		return NULL;
	}
	return &list->items[list->count++];
}

static inline struct ctrace_chrome_item *ctrace_chrome_list_add(struct ctrace_chrome_list *list,
								struct ctrace_chrome_item item)
{
	struct ctrace_chrome_item *slot = ctrace_chrome_list_slot(list);

	if (slot != NULL) {
		*slot = item;
	}
	return slot;
}

/* Gives a copy, to be given to _add_copy or freed; NULL: out of memory. */
struct ctrace_chrome_copy *ctrace_chrome_copy_of(const struct ctrace_chrome_item *item);
/* Add the item of a copy; takes the copy. */
struct ctrace_chrome_item *ctrace_chrome_list_add_copy(struct ctrace_chrome_list *list,
						       struct ctrace_chrome_copy *copy);

#endif
