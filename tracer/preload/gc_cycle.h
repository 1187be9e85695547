/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_GC_CYCLE_H
#define CTRACE_PRELOAD_GC_CYCLE_H

/*
 * What libgc's events become in a trace (SPEC 8.7). A collection:
 *
 *     START                       full {               the heap's size is told here
 *     PRE_STOP_WORLD                stopping {
 *       THREAD_SUSPENDED              thread, stopped
 *     POST_STOP_WORLD               }
 *                                   world stopped {
 *     MARK_START … MARK_END           mark { }
 *     PRE_START_WORLD               }
 *                                   starting {
 *       THREAD_UNSUSPENDED            thread, let go
 *     POST_START_WORLD              }
 *     RECLAIM_START … _END          reclaim { }
 *     END                         }                    bytes alive and freed
 *
 * In incremental mode START and END are missing: each stop of the world, and each reclaiming, is a
 * step of its own. What is never said to be over (a marking that libgc has given up) is ended with
 * what is around it.
 *
 * Called by libgc with its lock held, so by one thread at a time, perhaps while others are stopped
 * anywhere at all, in malloc for example.
 *
 * Thread: any.  Signal handler: no.  Blocks: no.  Allocates: no (a thread's first event maps its
 * ring).  errno: kept.
 */

#include "tracer/src/library/face.h"

#pragma GCC visibility push(hidden)
/* Once, before the first event. Thread: the first one.  Allocates: yes. */
void ctrace_gc_cycle_start(const struct ctrace_face *recorder);

/* A number of GC_EventType. */
void ctrace_gc_cycle_event(int event);
/* THREAD_SUSPENDED or THREAD_UNSUSPENDED; `thread` is a pthread_t. */
void ctrace_gc_cycle_thread(int event, void *thread);
/* The heap has another size; `bytes` with what is not mapped. */
void ctrace_gc_cycle_resize(unsigned long bytes);
/* The calling thread, which holds libgc's lock, is in no collection any more. */
void ctrace_gc_cycle_settle(void);
#pragma GCC visibility pop

#endif
