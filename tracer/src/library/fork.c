/* SPDX-License-Identifier: MIT */

/* What a forked child forgets; see fork.h. */

#include "tracer/src/library/fork.h"

#include "tracer/src/collect/beside.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/flight/flight.h"
#include "tracer/src/library/api.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/quiet.h"
#include "tracer/src/sites/site_log.h"
#include "tracer/src/sites/sites.h"

#include <pthread.h>

/*
 * Only stores to our own memory, and closing: safe in a signal handler. What is called here is not
 * for the thread sanitizer, which takes threads that only the parent has for ours.
 */
static void begin_as_child(void)
{
	ctrace_quiet_begin();
	ctrace_gate_fork_child();
	ctrace_ring_dir_fork_child();
	ctrace_site_log_fork_child();
	ctrace_sites_fork_child();
	ctrace_thread_fork_child();
	ctrace_beside_fork_child();
	ctrace_collect_fork_child();
	ctrace_api_fork_child();
	ctrace_flight_fork_child();
	ctrace_quiet_end();
}

void ctrace_fork_init(void)
{
	ctrace_gate_init(begin_as_child);
	pthread_atfork(NULL, NULL, begin_as_child);
}
