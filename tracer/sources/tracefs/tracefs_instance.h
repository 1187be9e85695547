/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_INSTANCE_H
#define CTRACE_TRACEFS_INSTANCE_H

/*
 * A private instance of tracefs: buffers, events and filters of our own, beside which
 * others trace undisturbed.
 *
 *     ctrace_tracefs_sweep(root)                     what dead recorders left behind
 *     ctrace_tracefs_instance_make(&instance, …)     instances/ctrace-PID-STARTTIME-NAMESPACE
 *     ctrace_tracefs_instance_remove(&instance)
 *
 * The name says whose it is: a pid, when that process began, and in which pid namespace it has
 * that number. Only who sees the same numbers may judge whether the owner lives.
 */

#include "tracer/sources/source.h"

struct ctrace_tracefs_instance {
	int root;      /* of tracefs; owned */
	int directory; /* of the instance; owned */
	char name[80]; /* empty: there is none */
};

/* Remove instances whose owner is dead. Returns how many. */
unsigned ctrace_tracefs_sweep(int root);

/* Takes `root`. False, with the answer why. */
bool ctrace_tracefs_instance_make(struct ctrace_tracefs_instance *instance, int root,
				  struct ctrace_source_answer *answer);

/* No file of it may be open any more. Takes half-made ones. */
void ctrace_tracefs_instance_remove(struct ctrace_tracefs_instance *instance);

#endif
