/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_INTERN_H
#define CTRACE_INTERN_H

/*
 * One entry a site, however many object files have it, with a code of its own and copies of all its
 * texts; sites.h says what becomes of it. Lock-free, over the table of liburcu.
 *
 *     [E] entries: release of an entry's address once it is filled, acquire by who looks a code up.
 *     [N] an entry's hash: release once it is filled, acquire by who compares.
 */

#include "tracer/src/sites/entry.h"

#include <ctrace/trace.h>

/*
 * Find or make the entry. NULL: there is no memory for it, no code left, or no table yet.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: memory for copies.
 */
const struct ctrace_entry *ctrace_sites_intern(const struct ctrace_site_info *site);

#endif
