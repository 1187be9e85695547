/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOSS_LIST_H
#define CTRACE_LOSS_LIST_H

/* Times in which events are missing, joined where they touch, in order. All zero is none. */

#include "viewer-server/model/lanes/column.h"

#include <stdint.h>

struct ctrace_loss_time {
	uint64_t from, to;
};

struct ctrace_loss_list {
	struct ctrace_column times; /* struct ctrace_loss_time */
};

/* Losses come in the order of their beginnings. False: no memory. */
bool ctrace_loss_list_add(struct ctrace_loss_list *list, uint64_t from, uint64_t to);
void ctrace_loss_list_finish(struct ctrace_loss_list *list);

/* The first that goes on after `from` and begins before `to`; NULL: none. */
const struct ctrace_loss_time *ctrace_loss_list_first(const struct ctrace_loss_list *list,
						      uint64_t from, uint64_t to);
/* The last that began before `time`; NULL: none. */
const struct ctrace_loss_time *ctrace_loss_list_before(const struct ctrace_loss_list *list,
						       uint64_t time);

#endif
