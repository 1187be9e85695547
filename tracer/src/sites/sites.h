/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SITES_H
#define CTRACE_SITES_H

/*
 * Call sites: from a macro in a program to the code its events carry.
 *
 *     module's constructor, or a C++ site's first pass
 *       ─► intern table: the same site in many files has one code
 *       ─► entry: a copy of all its texts, since dlclose takes the originals away
 *       ─► place: the address of its state word, written when recording starts or stops
 *
 * Codes are given once and never taken back; a library loaded again gets its old ones.
 *
 *              | meet | switch | module_leave | entry
 *   meet       |  ok  |   ok   |      1       |  ok
 *   switch     |  ok  |   2    |      2       |  ok
 *   leave      |  1   |   2    |      2       |  ok
 *   1: not of the same module.  2: one at a time, by a lock inside.
 */

#include "tracer/src/sites/entry.h"

#include <ctrace/trace.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a module's mark says. A site that is first met while its module is already being
 * unloaded, in a static destructor, stays off: its state's memory is about to go.
 */
#define CTRACE_MODULE_KNOWN 1
#define CTRACE_MODULE_GONE  2

/* Once, when the library is loaded, before any site is met. */
void ctrace_sites_init(void);

/*
 * Make a site known: its code is found or given, its state set. Returns the state.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: memory for copies.
 */
uint16_t ctrace_sites_meet(const struct ctrace_site_info *site);

/* The entry of a code; NULL if there is none. Thread: any. */
const struct ctrace_entry *ctrace_sites_entry(unsigned code);

/*
 * From now on these category lists decide which sites are on: each site that one
 * of them wants. None: all off. Copies the lists.
 * Returns 0, or -ENOMEM with nothing changed.
 *
 * Thread: one at a time, not a handler.  Blocks: shortly.  Allocates: yes.
 */
int ctrace_sites_switch(const char *const *lists, unsigned count);

/*
 * Besides, this list is wanted for good, in forked children too: by who reads the rings
 * from outside. Borrows the list for ever. Thread: one at a time, not a handler.
 */
void ctrace_sites_want_always(const char *list);
bool ctrace_sites_are_always_wanted(void);
/* No more, if that can be done without waiting. Signal handler: yes. */
bool ctrace_sites_try_want_no_more(void);

/* Append every entry to the site log (site_log.h). False: it has no room.
 * Thread: any.  Signal handler: yes. */
bool ctrace_sites_log_all(void);

uint32_t ctrace_sites_count(void);

/* In a forked child: all off but what is always wanted, and the lock free. Safe in a signal
 * handler. */
void ctrace_sites_fork_child(void);

#endif
