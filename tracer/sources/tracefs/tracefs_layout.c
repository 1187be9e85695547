/* SPDX-License-Identifier: MIT */
/* Events and fields of this kernel; see tracefs_layout.h. */

#include "tracer/sources/tracefs/tracefs_layout.h"

#include "tracer/sources/kernel/proc_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[CTRACE_TRACEFS_EVENTS] = {
	[CTRACE_TRACEFS_SYS_ENTER] = "raw_syscalls/sys_enter",
	[CTRACE_TRACEFS_SYS_EXIT] = "raw_syscalls/sys_exit",
	[CTRACE_TRACEFS_SWITCH] = "sched/sched_switch",
	[CTRACE_TRACEFS_WAKING] = "sched/sched_waking",
	[CTRACE_TRACEFS_MIGRATE] = "sched/sched_migrate_task",
	[CTRACE_TRACEFS_WAKEUP_NEW] = "sched/sched_wakeup_new",
	[CTRACE_TRACEFS_NEWTASK] = "task/task_newtask",
	[CTRACE_TRACEFS_RENAME] = "task/task_rename",
	[CTRACE_TRACEFS_EXEC] = "sched/sched_process_exec",
	[CTRACE_TRACEFS_EXIT] = "sched/sched_process_exit",
};

#define PLACE(member) offsetof(struct ctrace_tracefs_layout, member)

/* sched_wakeup_new has the fields of sched_waking. */
static const struct {
	enum ctrace_tracefs_event event;
	const char *name;
	size_t place;
} fields[] = {
	{CTRACE_TRACEFS_SYS_ENTER, "id", PLACE(enter_id)},
	{CTRACE_TRACEFS_SYS_ENTER, "args", PLACE(enter_args)},
	{CTRACE_TRACEFS_SYS_EXIT, "id", PLACE(exit_id)},
	{CTRACE_TRACEFS_SYS_EXIT, "ret", PLACE(exit_ret)},
	{CTRACE_TRACEFS_SWITCH, "common_type", PLACE(common_type)},
	{CTRACE_TRACEFS_SWITCH, "common_pid", PLACE(common_pid)},
	{CTRACE_TRACEFS_SWITCH, "prev_comm", PLACE(prev_comm)},
	{CTRACE_TRACEFS_SWITCH, "prev_pid", PLACE(prev_pid)},
	{CTRACE_TRACEFS_SWITCH, "prev_state", PLACE(prev_state)},
	{CTRACE_TRACEFS_SWITCH, "next_comm", PLACE(next_comm)},
	{CTRACE_TRACEFS_SWITCH, "next_pid", PLACE(next_pid)},
	{CTRACE_TRACEFS_SWITCH, "next_prio", PLACE(next_prio)},
	{CTRACE_TRACEFS_WAKING, "comm", PLACE(waking_comm)},
	{CTRACE_TRACEFS_WAKING, "pid", PLACE(waking_pid)},
	{CTRACE_TRACEFS_WAKING, "target_cpu", PLACE(waking_cpu)},
	{CTRACE_TRACEFS_MIGRATE, "pid", PLACE(migrate_pid)},
	{CTRACE_TRACEFS_MIGRATE, "orig_cpu", PLACE(migrate_from)},
	{CTRACE_TRACEFS_MIGRATE, "dest_cpu", PLACE(migrate_to)},
	{CTRACE_TRACEFS_NEWTASK, "comm", PLACE(new_comm)},
	{CTRACE_TRACEFS_NEWTASK, "pid", PLACE(new_pid)},
	{CTRACE_TRACEFS_NEWTASK, "clone_flags", PLACE(new_flags)},
	{CTRACE_TRACEFS_RENAME, "pid", PLACE(rename_pid)},
	{CTRACE_TRACEFS_RENAME, "newcomm", PLACE(rename_comm)},
	{CTRACE_TRACEFS_EXEC, "filename", PLACE(exec_name)},
	{CTRACE_TRACEFS_EXEC, "pid", PLACE(exec_pid)},
	{CTRACE_TRACEFS_EXEC, "old_pid", PLACE(exec_old_pid)},
	{CTRACE_TRACEFS_EXIT, "pid", PLACE(exit_pid)},
};

#undef PLACE

const char *ctrace_tracefs_event_path(enum ctrace_tracefs_event event)
{
	return paths[event];
}

/* An event with a field that is not where it should be counts as one that is not there. */
static bool read_fields(struct ctrace_tracefs_layout *layout, enum ctrace_tracefs_event event,
			const char *text)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct ctrace_tracefs_field *field = (void *)((uint8_t *)layout + fields[i].place);

		if (fields[i].event == event &&
		    !ctrace_tracefs_format_field(text, fields[i].name, field)) {
			return false;
		}
	}
	return true;
}

/* The letters of prev_state; "preempted" is the bit above them all. */
static void read_states(struct ctrace_tracefs_layout *layout, const char *text)
{
	layout->state_count =
		ctrace_tracefs_format_flags(text, layout->states, CTRACE_TRACEFS_FLAGS_MAX);
	for (unsigned i = 0; i < layout->state_count; i++) {
		if (layout->preempted <= layout->states[i].bit) {
			layout->preempted = layout->states[i].bit << 1;
		}
	}
}

void ctrace_tracefs_layout_begin(struct ctrace_tracefs_layout *layout)
{
	*layout = (struct ctrace_tracefs_layout){.preempted = 1};
}

void ctrace_tracefs_layout_take(struct ctrace_tracefs_layout *layout,
				enum ctrace_tracefs_event event, const char *text)
{
	uint16_t id;

	if (!ctrace_tracefs_format_id(text, &id) || !read_fields(layout, event, text)) {
		return;
	}
	layout->ids[event] = id;
	if (event == CTRACE_TRACEFS_SWITCH) {
		read_states(layout, text);
	}
}

ssize_t ctrace_tracefs_layout_text(int root, enum ctrace_tracefs_event event, char *text,
				   size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "events/%s/format", paths[event]);
	return ctrace_proc_text_at(root, path, text, size);
}

static void read_events(struct ctrace_tracefs_layout *layout, int root, char *text)
{
	for (unsigned event = 0; event < CTRACE_TRACEFS_EVENTS; event++) {
		if (ctrace_tracefs_layout_text(root, (enum ctrace_tracefs_event)event, text,
					       CTRACE_TRACEFS_FORMAT_BYTES) > 0) {
			ctrace_tracefs_layout_take(layout, (enum ctrace_tracefs_event)event, text);
		}
	}
}

bool ctrace_tracefs_layout_read(struct ctrace_tracefs_layout *layout, int root,
				struct ctrace_source_answer *answer)
{
	char *text = malloc(CTRACE_TRACEFS_FORMAT_BYTES);
	bool has_page;

	ctrace_tracefs_layout_begin(layout);
	if (text == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
		return false;
	}
	has_page = ctrace_proc_text_at(root, "events/header_page", text,
				       CTRACE_TRACEFS_FORMAT_BYTES) > 0 &&
		   ctrace_tracefs_page_layout(text, &layout->page);
	read_events(layout, root, text);
	free(text);
	if (!has_page || layout->ids[CTRACE_TRACEFS_SWITCH] == 0) {
		ctrace_source_refuse(answer, "a kernel with CONFIG_FTRACE and scheduler events",
				     "tracefs has no %s here",
				     has_page ? "sched/sched_switch" : "events/header_page");
		return false;
	}
	return true;
}
