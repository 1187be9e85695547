/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_THREAD_H
#define CTRACE_THREAD_H

/*
 * A thread's ring: mapped or taken over at its first event, given back when the
 * thread exits, then emptied by the collector and free for another thread.
 *
 *     FREE  ──adopt──►  TAKEN  ──says who it is──►  ALIVE  ──exit──►  EXITED
 *       ▲                 ▲                                             │  │
 *       │                 └───────────adopt, if nobody records──────────┘  │
 *       └────it is empty────  EMPTYING  ◄────────the collector─────────────┘
 *
 * Each change of hands is a compare-and-swap; tests/model/handover.pml walks through
 * all orders. A thread that vanished without its destructors is found by the
 * collector, which says EXITED for it.
 */

#include "tracer/src/ring/ring.h"

/* Events that no ring could take: threads without one. Read by the collector. */
struct ctrace_loss_count *ctrace_orphans(void);
/* They are counted there from now on, where others can see it; NULL: here again. */
void ctrace_orphans_move(struct ctrace_loss_count *to);

/* The key whose destructor retires rings. Once, when the library is loaded. */
void ctrace_thread_init(void);

/*
 * The calling thread's ring for an event that found none, or found its level
 * claimed. NULL: not recording, or counted as lost.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps a ring.
 */
struct ctrace_ring *ctrace_thread_ring_for_event(void);

/* Every ring there is: newest first; rings are never taken out. */
struct cds_lfs_node *ctrace_rings_first(void);
static inline struct ctrace_ring *ctrace_ring_of(struct cds_lfs_node *link)
{
	return (void *)((char *)link - offsetof(struct ctrace_ring, node));
}

/* Is the calling thread the one its ring was made for, not a child of vfork that runs on its stack?
 * Thread: any.  Signal handler: yes. */
bool ctrace_thread_is_own_process(void);

/* Size of rings mapped from now on, a power of two. */
void ctrace_rings_set_bytes(size_t bytes);

/* Has any ring been mapped in this process? */
bool ctrace_rings_exist(void);

/* How many threads have had a ring; how many rings there are. */
uint64_t ctrace_threads_seen(void);

/*
 * Hand a ring that drain.c has emptied to whoever comes next. `is_orphan`: its thread did
 * not say that it exits. Thread: the collector.
 */
void ctrace_ring_free(struct ctrace_ring *ring, bool is_orphan);

/* Record that the process has this name from here on. */
void ctrace_thread_process_name(const char *name);

/* In a forked child: no ring is ours. */
void ctrace_thread_fork_child(void);

#endif
