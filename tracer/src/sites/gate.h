/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GATE_H
#define CTRACE_GATE_H

/*
 * The little that emit's slow path asks of the rest: is anybody recording, is
 * the collector asleep and wanted, are we a forked child that has not noticed.
 * Below the rings, so that emit and thread do not know the collector.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Once, when the library is loaded. `on_fork` resets everything in a child; it must be safe in a
 * signal handler. */
void ctrace_gate_init(void (*on_fork)(void));

/* Is there a session, or a reader outside? Thread: any.  Signal handler: yes. */
bool ctrace_gate_is_recording(void);
/* Rings are for readers outside: recording for good, in forked children too. `bell`: also ring this
 * one, which may be in another process's memory; NULL: there is none. */
void ctrace_gate_record_always(_Atomic uint32_t *outside_bell);
/* Asked for each time the bell is rung: 0 until nobody outside listens any more; `stop` is then
 * called, from where the bell was rung. */
void ctrace_gate_stop_when(_Atomic uint32_t *is_over, void (*stop)(void));
/* Not always any more. */
void ctrace_gate_record_no_more(void);
/* Thread: the collector; the only thread of a forked child. */
void ctrace_gate_set_recording(bool is_recording);

/*
 * True in a forked child whose fork ran no handlers (_Fork, clone); everything is reset then.
 * False from then on. Thread: any.  Signal handler: yes.
 */
bool ctrace_gate_notice_fork(void);
/* This process is a new one: from the atfork handler, and from the call above. */
void ctrace_gate_fork_child(void);

/* Wake the collector if it sleeps; errno is kept. Thread: any.  Signal handler: yes.  Blocks: no.
 */
void ctrace_gate_ring_bell(void);
/* This thread is the collector; is it? Thread: any. */
void ctrace_gate_enter(void);
bool ctrace_gate_is_collector(void);
/* Sleep until the bell, or for so long. Thread: the collector. */
void ctrace_gate_sleep(uint32_t milliseconds);
/* For ever, until the bell. */
#define CTRACE_GATE_FOREVER UINT32_MAX

#endif
