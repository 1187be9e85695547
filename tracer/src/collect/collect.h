/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COLLECT_H
#define CTRACE_COLLECT_H

/*
 * The collector: one thread, all signals blocked, named "ctrace". Made when the
 * first session begins, asleep while there is none. It alone reads rings, calls
 * sinks, and switches call sites; others ask it by requests and wait.
 *
 * All calls: Thread: any but the collector's.  Signal handler: no.  Blocks: until
 * the collector has done it.  Allocates: yes.
 */

#include "tracer/src/collect/session_state.h"
#include "tracer/src/collect/snapshot.h"
#include "tracer/src/emit/policy.h"

/* Begin recording. 0, or -EAGAIN (no thread), -ENOMEM, -EIO. */
int ctrace_collect_begin(struct ctrace_session *session);

/* Drain everything emitted so far, close the trace if it is not closed already. */
void ctrace_collect_end(struct ctrace_session *session);

/* From now on the session's `beside` is drained. Takes it. */
void ctrace_collect_attach(struct ctrace_session *session, struct ctrace_beside *beside);

/*
 * The first half of an end: everything emitted so far is in the session, and the collector will
 * not touch it again. Its owner closes what is beside, and then calls ctrace_collect_finish.
 */
void ctrace_collect_leave(struct ctrace_session *session);
/* The other half, on the caller's thread. Does nothing to a trace that is closed. */
void ctrace_collect_finish(struct ctrace_session *session);

/* The collector's number in the kernel; 0: it does not run. */
pid_t ctrace_collect_tid(void);

/* The session wants other categories; takes `categories`. */
int ctrace_collect_categories(struct ctrace_session *session, char *categories_take);

/* What rings hold has gone to the sessions, and what rules say of it is said. */
int ctrace_collect_now(void);

/* Full rings are treated so from now on. Does not start a collector. */
int ctrace_collect_policy(enum ctrace_policy policy);

/*
 * What a flight's past holds, up to everything emitted before this call; it goes on recording.
 * `taken` says how far back. 0 or -ENOMEM; finish it in both cases.
 */
int ctrace_collect_snapshot(struct ctrace_session *session, struct ctrace_snapshot *taken);

/* How many sessions are recording. Does not block. */
unsigned ctrace_collect_sessions(void);

/* Bytes given to all sinks. Does not block. */
uint64_t ctrace_collect_bytes(void);

/* Is this the collector's thread? */
bool ctrace_collect_is_self(void);

/* In a forked child: there is no collector and no session. Safe in a signal handler. */
void ctrace_collect_fork_child(void);

/* For tests: the collector does not drain while this is not 0. */
extern _Atomic int ctrace_collect_stall;

#endif
