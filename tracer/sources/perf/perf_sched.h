/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_SCHED_H
#define CTRACE_PERF_SCHED_H

/*
 * Tracepoints by perf, where a user has CAP_PERFMON and tracefs is not his: what
 * tracefs tells, at three times the price (600 ns a record).
 *
 *     sched:*, task:*      on every processor, of all that runs   ─┐  one ring for each
 *     raw_syscalls:*       of the program and all that it starts  ─┴► processor
 *                                        │
 *                    whoever is not ours is passed over here (perf has no filter that
 *                    follows children), the rest is read as tracefs' records are
 *
 * Wakings must be asked for of all that runs: those by timers and by other programs are
 * told to nobody else.
 *
 * Linux 6.18 tells perf nothing of what idle CPUs do but for the first: neither their switch
 * to a thread that was woken, nor its waking by an interrupt. So that no thread's run is missing,
 * perf's own records of switches (perf_switch.h) are asked for as well, of the program, and
 * one that sched_switch did not tell becomes a sched_in.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_perf_sched;

#endif
