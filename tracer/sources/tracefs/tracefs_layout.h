/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_LAYOUT_H
#define CTRACE_TRACEFS_LAYOUT_H

/* What the records of this kernel look like: which events there are, and where their fields are. */

#include "tracer/sources/source.h"
#include "tracer/sources/tracefs/tracefs_page.h"

enum ctrace_tracefs_event {
	CTRACE_TRACEFS_SYS_ENTER, /* the most frequent first */
	CTRACE_TRACEFS_SYS_EXIT,
	CTRACE_TRACEFS_SWITCH,
	CTRACE_TRACEFS_WAKING,
	CTRACE_TRACEFS_MIGRATE,
	CTRACE_TRACEFS_WAKEUP_NEW,
	CTRACE_TRACEFS_NEWTASK,
	CTRACE_TRACEFS_RENAME,
	CTRACE_TRACEFS_EXEC,
	CTRACE_TRACEFS_EXIT,
	CTRACE_TRACEFS_EVENTS,
};

#define CTRACE_TRACEFS_FLAGS_MAX 16u
/* A `format` file is shorter: the longest has some 10 KB. */
#define CTRACE_TRACEFS_FORMAT_BYTES (64u << 10)

struct ctrace_tracefs_layout {
	struct ctrace_tracefs_page_layout page;
	uint16_t ids[CTRACE_TRACEFS_EVENTS]; /* 0: this kernel has no such event */
	struct ctrace_tracefs_field common_type, common_pid;
	struct ctrace_tracefs_field enter_id, enter_args, exit_id, exit_ret;
	struct ctrace_tracefs_field prev_comm, prev_pid, prev_state, next_comm, next_pid, next_prio;
	struct ctrace_tracefs_field waking_comm, waking_pid, waking_cpu;
	struct ctrace_tracefs_field migrate_pid, migrate_from, migrate_to;
	struct ctrace_tracefs_field new_comm, new_pid, new_flags;
	struct ctrace_tracefs_field rename_pid, rename_comm;
	struct ctrace_tracefs_field exec_name, exec_pid, exec_old_pid;
	struct ctrace_tracefs_field exit_pid;
	struct ctrace_tracefs_flag states[CTRACE_TRACEFS_FLAGS_MAX];
	unsigned state_count;
	uint64_t preempted; /* the bit of prev_state that says so */
};

/* The folder of an event below events/. */
const char *ctrace_tracefs_event_path(enum ctrace_tracefs_event event);

/* Before any text: no event is known. */
void ctrace_tracefs_layout_begin(struct ctrace_tracefs_layout *layout);
/* The text of an event's `format` file, NUL-terminated; of one that makes no sense it is as if it
 * were not there. */
void ctrace_tracefs_layout_take(struct ctrace_tracefs_layout *layout,
				enum ctrace_tracefs_event event, const char *text);

/* The text of an event's `format` file in tracefs; the bytes read, or -errno. */
ssize_t ctrace_tracefs_layout_text(int root, enum ctrace_tracefs_event event, char *text,
				   size_t size);

/* Read from tracefs. False, with the answer why: a kernel of which we understand nothing. */
bool ctrace_tracefs_layout_read(struct ctrace_tracefs_layout *layout, int root,
				struct ctrace_source_answer *answer);

/* CTRACE_TRACEFS_EVENTS: not one of ours. */
static inline enum ctrace_tracefs_event ctrace_tracefs_layout_event(
	const struct ctrace_tracefs_layout *layout, uint16_t id)
{
	unsigned event = 0;

	while (event < CTRACE_TRACEFS_EVENTS && layout->ids[event] != id) {
		event++;
	}
	return (enum ctrace_tracefs_event)event;
}

#endif
