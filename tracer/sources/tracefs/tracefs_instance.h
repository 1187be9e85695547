/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_INSTANCE_H
#define CTRACE_TRACEFS_INSTANCE_H

/*
 * A private instance of tracefs: buffers, events and filters of our own, beside which
 * others trace undisturbed.
 *
 *     ctrace_tracefs_sweep(root)                     what dead recorders left behind
 *     ctrace_tracefs_instance_make(&instance, …)     instances/ctrace-PID-STARTTIME-NAMESPACE[-N]
 *     ctrace_tracefs_instance_remove(&instance)
 *
 * The name says whose it is: a pid, when that process began, and in which pid namespace it has
 * that number. Only who sees the same numbers may judge whether the owner lives.
 * N tells apart those that one process has at the same time.
 */

#include "tracer/sources/source.h"

struct ctrace_kept_file;

struct ctrace_tracefs_instance {
	int root;					     /* of tracefs */
	int directory;					     /* of the instance */
	struct ctrace_kept_file *kept_root, *kept_directory; /* owned */
	unsigned number;				     /* N */
	char name[96];					     /* empty: there is none */
};

/* Remove instances whose owner is dead, or has become another program by exec. Returns how many. */
unsigned ctrace_tracefs_sweep(int root);

/* Takes `root`. False, with the answer why. */
bool ctrace_tracefs_instance_make(struct ctrace_tracefs_instance *instance, int root,
				  struct ctrace_source_answer *answer);

/* False: the program that we are in has closed its descriptors, or uses their numbers. */
bool ctrace_tracefs_instance_is_ours(const struct ctrace_tracefs_instance *instance);

/* No file of it may be open any more. Takes half-made ones. */
void ctrace_tracefs_instance_remove(struct ctrace_tracefs_instance *instance);

#endif
