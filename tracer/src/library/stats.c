/* SPDX-License-Identifier: MIT */

/* ctrace_stats: what became of this process's events so far. */

#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/feed.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/sites.h"

#include <ctrace/trace.h>

/* Lost and told, and lost and not yet looked at. */
static uint64_t lost(enum ctrace_loss reason)
{
	uint64_t sum = atomic_load_explicit(&ctrace_feed_totals.lost[reason], memory_order_relaxed);

	for (struct cds_lfs_node *at = ctrace_rings_first(); at != NULL; at = at->next) {
		const struct ctrace_ring_shared *shared = ctrace_ring_of(at)->shared;

		sum += ctrace_ring_lost(shared, reason) -
		       atomic_load_explicit(&shared->lost[reason].seen, memory_order_relaxed);
	}
	if (reason == CTRACE_LOSS_NO_RING) {
		sum += atomic_load_explicit(&ctrace_orphans()->count, memory_order_relaxed) -
		       atomic_load_explicit(&ctrace_orphans()->seen, memory_order_relaxed);
	}
	return sum;
}

void ctrace_stats(struct ctrace_counts *counts)
{
	ctrace_gate_notice_fork();
	*counts = (struct ctrace_counts){
		.written = atomic_load_explicit(&ctrace_feed_totals.written, memory_order_relaxed),
		.lost_ring_full = lost(CTRACE_LOSS_RING_FULL),
		.lost_signal_depth = lost(CTRACE_LOSS_SIGNAL_DEPTH),
		.lost_span_depth = lost(CTRACE_LOSS_SPAN_DEPTH),
		.lost_no_ring = lost(CTRACE_LOSS_NO_RING),
		.lost_too_big = lost(CTRACE_LOSS_TOO_BIG),
		.lost_overwritten = lost(CTRACE_LOSS_OVERWRITTEN),
		.clamped = atomic_load_explicit(&ctrace_feed_totals.clamped, memory_order_relaxed),
		.bytes = ctrace_collect_bytes(),
		.threads_seen = (uint32_t)ctrace_threads_seen(),
		.sites = ctrace_sites_count(),
		.sessions = ctrace_collect_sessions(),
	};
	counts->threads = ctrace_feed_waiting(&counts->waiting);
	counts->lost = counts->lost_ring_full + counts->lost_signal_depth +
		       counts->lost_span_depth + counts->lost_no_ring + counts->lost_too_big +
		       counts->lost_overwritten;
	counts->attempted = counts->written + counts->lost;
}
