/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SESSION_SNAPSHOT_H
#define CTRACE_SESSION_SNAPSHOT_H

/* A snapshot of a session that keeps its past: the collector's part. */

#include "tracer/src/collect/session_state.h"
#include "tracer/src/collect/snapshot.h"

/*
 * Everything is drained and sealed: what the past holds; `snapshot->tables` is set. 0 or -ENOMEM.
 * Only of a flight.
 * Thread: the collector.
 */
int ctrace_session_snapshot(struct ctrace_session *session, struct ctrace_snapshot *snapshot);

#endif
