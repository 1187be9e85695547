/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROCESS_LOOKS_H
#define CTRACE_PROCESS_LOOKS_H

/*
 * The processes whose memory is looked at, and when each is due: at once, then every 20 ms while it
 * changes, and ever more seldom while it does not, down to twice a second.
 *
 *     looks.told, .named, .context, .kept_max    set by whoever has them
 *     ctrace_process_looks_add(&looks, pid)      of those already there only that they are due
 *       ctrace_process_looks_round(&looks, now_ns, credit)    those that are due, while there is
 * credit ctrace_process_looks_last(&looks, now_ns)             all of them, and each is told
 *     ctrace_process_looks_finish(&looks)
 *
 * One whose value changed is told; one that has ended is told with 0 and forgotten. The first
 * `kept_max` have a descriptor each, which stands for that process alone; those beyond are opened
 * for each look.
 *
 * Thread: one at a time.  Allocates: 100 bytes a process.
 */

#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/resident/look_credit.h"
#include "tracer/sources/resident/process_statm.h"

#define CTRACE_LOOKS_MAX  4096u
#define CTRACE_LOOKS_KEPT 256u

struct ctrace_looked_process {
	uint32_t pid;
	struct ctrace_kept_file *kept; /* NULL: opened for each look */
	struct ctrace_statm told;      /* what was told last; resident 0: nothing yet */
	uint64_t most;		       /* resident, of all looks */
	uint64_t peak;		       /* what the kernel said last that it had at most */
	char name[CTRACE_STATUS_NAME_BYTES];
	uint64_t due_ns, wait_ns; /* of /proc/PID/statm */
	uint64_t status_due_ns, status_wait_ns;
	uint64_t search_due_ns; /* of its children; private to whoever searches */
};

struct ctrace_process_looks {
	/* Its memory changed, or it ended: resident 0. */
	void (*told)(void *context, uint32_t pid, const struct ctrace_statm *statm);
	/* Its name was read; it may be as before. */
	void (*named)(void *context, uint32_t pid, const char *name);
	void *context;
	bool is_inside; /* in a program that is not ours, and may close what it does not know */
	struct ctrace_looked_process *list; /* owned */
	uint32_t count, room;
	uint32_t next;		 /* whose turn it is */
	uint32_t kept, kept_max; /* descriptors; CTRACE_LOOKS_KEPT at most */
	uint64_t looks;		 /* so far */
	uint64_t unread;	 /* of these, those that told nothing */
	uint64_t left_out;	 /* processes that found no room */
	/* Where the kernel's peak was above all looks: how many, and the one with the most between.
	 */
	uint32_t exceeded;
	struct ctrace_looked_process worst;
};

void ctrace_process_looks_add(struct ctrace_process_looks *looks, uint32_t pid);
void ctrace_process_looks_round(struct ctrace_process_looks *looks, uint64_t now_ns,
				struct ctrace_look_credit *credit);
void ctrace_process_looks_last(struct ctrace_process_looks *looks, uint64_t now_ns);
/* Takes zeroed ones. */
void ctrace_process_looks_finish(struct ctrace_process_looks *looks);

#endif
