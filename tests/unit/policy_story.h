/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_POLICY_STORY_H
#define CTRACE_TEST_POLICY_STORY_H

/*
 * A recording under one of the policies for a full ring, whose collector stands still when told to:
 *
 *     policy_start("overwrite");
 *     policy_stall(1);
 *     policy_burst(BURST);           more than the ring holds
 *     policy_stall(0);
 *     policy_stop();                 fails the test if the trace breaks a rule of the format
 *       recorded.events[i], policy_lost_for(CTRACE_LOSS_RING_FULL), …
 *     recorded_free(&recorded);
 */

#include "format/kinds.h"
#include "tests/unit/recorded.h"
#include "tracer/src/limits.h"

#include <stdint.h>

#define RING_BYTES (CTRACE_RING_KB_DEFAULT * 1024u)
/* Instants, more than a ring holds. */
#define BURST 50000u

extern struct recorded recorded;

void policy_start(const char *name);
/* With so many milliseconds to wait under "block". */
void policy_start_waiting(const char *name, unsigned block_ms);
/* When this returns no pass is under way, and none begins until it is called with 0. */
void policy_stall(int yes);
/* So many instants, numbered from 0. */
void policy_burst(unsigned count);
/* Every rule of the format is checked, also of what is restated behind an overwritten stretch. */
void policy_stop(void);
/* Events lost for that reason, in what was read back. */
uint64_t policy_lost_for(enum ctrace_loss reason);

#endif
