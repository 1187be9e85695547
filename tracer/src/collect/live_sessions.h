/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LIVE_SESSIONS_H
#define CTRACE_LIVE_SESSIONS_H

/*
 * The sessions that record now, as the collector has them. Call sites, emit's gate and what is
 * wanted of each ring follow the list. How many they are and what they have written, anybody may
 * ask (collect.h).
 *
 *     begin ─► pass, drain_besides, tick, again and again ─► end: leave, then finish
 *
 * Thread: the collector's, but finish and fork_child.  Signal handler: no.  Blocks: shortly.
 * Allocates: yes.
 */

#include "tracer/src/collect/feed.h"
#include "tracer/src/collect/session_state.h"
#include "tracer/src/collect/snapshot.h"

/* 0, or -EBUSY (too many, or who reads is outside), -ENOMEM, -EIO. */
int ctrace_live_begin(struct ctrace_session *session);

/* Sites off first, so that the last pass has an end; then drain. It is in the list no more. */
void ctrace_live_leave(struct ctrace_session *session);
/* Close its trace. Thread: its owner's, once it has left. */
void ctrace_live_finish(struct ctrace_session *session, const char *why);
/* Both. What is beside is closed here only when a sink has failed: its owner does it else, and has
 * time. */
void ctrace_live_end(struct ctrace_session *session, const char *why);

/* Takes `categories`. 0 or -ENOMEM. */
int ctrace_live_change_categories(struct ctrace_session *session, char *categories);
/* What its past holds by now. 0 or -ENOMEM. */
int ctrace_live_snapshot(struct ctrace_session *session, struct ctrace_snapshot *taken);
/* Takes `beside`. A session that has failed meanwhile is told of no more. */
void ctrace_live_attach(struct ctrace_session *session, struct ctrace_beside *beside);

bool ctrace_live_is_any(void);
/* What rings hold goes to them all. */
struct ctrace_taken ctrace_live_pass(void);
/* So does what the kernel's buffers hold. How full the fullest was, in percent; -1: there are none.
 */
int ctrace_live_drain_besides(void);
/* Seal what is old; end sessions whose sink is full or broken. */
void ctrace_live_tick(void);

/* In a forked child: there are none. Signal handler: yes. */
void ctrace_live_fork_child(void);

#endif
