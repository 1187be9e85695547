/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOOK_CREDIT_H
#define CTRACE_LOOK_CREDIT_H

/*
 * How much of a processor's time looking at processes may take: four thousandths of the time that
 * passes, by the clock of the thread that looks.
 *
 *     ctrace_look_credit_begin(&credit, now_ns)     a round: what has passed since counts
 *       while (ctrace_look_credit_is_left(&credit)) …one look or so
 *     ctrace_look_credit_end(&credit)
 *
 * Time is read at every 8th question, so a round takes a few looks more than it may, and the next
 * ones the fewer. What was not used is kept for 0.2 s, so that a first round need not wait.
 *
 * Thread: one at a time.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>
#include <stdint.h>

struct ctrace_look_credit {
	int64_t left_ns;
	uint64_t at_ns;	   /* of the last round; 0: none yet */
	uint64_t since_ns; /* the thread's clock when `left_ns` was right */
	unsigned questions;
};

void ctrace_look_credit_begin(struct ctrace_look_credit *credit, uint64_t now_ns);
bool ctrace_look_credit_is_left(struct ctrace_look_credit *credit);
void ctrace_look_credit_end(struct ctrace_look_credit *credit);

#endif
