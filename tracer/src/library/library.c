/* SPDX-License-Identifier: MIT */

/*
 * The library's beginning and end, and how modules (programs and libraries that
 * trace) make themselves known. A module's constructor may run before ours when
 * all is linked statically, so both lead to the same initialisation.
 */

#include "tracer/src/library/library.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/library/api.h"
#include "tracer/src/library/environment.h"
#include "tracer/src/library/face.h"
#include "tracer/src/library/fork.h"
#include "tracer/src/sites/quiet.h"
#include "tracer/src/sites/sites.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <stdatomic.h>

static _Atomic bool is_initialised;
/* Or a program that is linked statically would be without it. */
__attribute__((used)) static const struct ctrace_face *const face = &ctrace_face;

void ctrace_library_init(void)
{
	if (atomic_exchange_explicit(&is_initialised, true, memory_order_acq_rel)) {
		return;
	}
	ctrace_clock_choose();
	ctrace_sites_init();
	ctrace_thread_init();
	ctrace_fork_init();
}

/* The program's own constructors of this priority come after; those without a number all do. */
__attribute__((constructor(101))) static void library_begins(void)
{
	int saved = errno;

	if (ctrace_library_gives_way != NULL && ctrace_library_gives_way()) {
		return;
	}
	ctrace_quiet_begin();
	ctrace_library_init();
	ctrace_environment_apply();
	ctrace_quiet_end();
	errno = saved;
}

/* After the program's own destructors; rings and states stay: later events find them switched off.
 */
__attribute__((destructor(101))) static void library_ends(void)
{
	ctrace_quiet_begin();
	ctrace_api_exit();
	ctrace_ring_dir_end();
	ctrace_quiet_end();
}

void ctrace_module_enter(const struct ctrace_site_info *const *start,
			 const struct ctrace_site_info *const *stop, char *module)
{
	if (*module != 0) {
		return;
	}
	*module = CTRACE_MODULE_KNOWN;
	ctrace_quiet_begin();
	ctrace_library_init();
	for (; start < stop; start++) {
		ctrace_sites_meet(*start);
	}
	ctrace_quiet_end();
}

uint16_t ctrace_site_meet(const struct ctrace_site_info *site)
{
	uint64_t mask = ctrace_quiet_hold();
	uint16_t state;

	ctrace_library_init();
	state = ctrace_sites_meet(site);
	ctrace_quiet_release(mask);
	return state;
}
