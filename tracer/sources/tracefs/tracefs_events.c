/* SPDX-License-Identifier: MIT */
/* Records become events; see tracefs_events.h. */

#include "tracer/sources/tracefs/tracefs_events.h"

#include "tracer/sources/kernel/kernel_report.h"
#include "tracer/sources/kernel/kernel_threads.h"

#include <sched.h>
#include <string.h>

/* A record, and where it goes. */
struct taken {
	const struct ctrace_tracefs_layout *layout;
	const uint8_t *bytes;
	size_t size;
	struct ctrace_kernel_report report;
};

static int64_t number(const struct taken *taken, struct ctrace_tracefs_field field)
{
	return ctrace_tracefs_get(taken->bytes, taken->size, field);
}

static uint32_t thread_number(const struct taken *taken, struct ctrace_tracefs_field field)
{
	return (uint32_t)number(taken, field);
}

/* A thread's name; NULL: the record is too short. */
static const char *comm(const struct taken *taken, struct ctrace_tracefs_field field)
{
	if ((size_t)field.offset + CTRACE_COMM_BYTES > taken->size) {
		return NULL;
	}
	return (const char *)taken->bytes + field.offset;
}

/* ---- calls ---- */

static void enter(struct taken *taken)
{
	struct ctrace_tracefs_field field = taken->layout->enter_args;
	uint64_t args[CTRACE_CALL_ARGS];

	field.size /= CTRACE_CALL_ARGS;
	for (unsigned i = 0; i < CTRACE_CALL_ARGS; i++) {
		args[i] = (uint64_t)number(taken, field);
		field.offset = (uint16_t)(field.offset + field.size);
	}
	ctrace_report_enter(&taken->report, thread_number(taken, taken->layout->common_pid),
			    number(taken, taken->layout->enter_id), args);
}

static void leave(struct taken *taken)
{
	ctrace_report_leave(&taken->report, thread_number(taken, taken->layout->common_pid),
			    number(taken, taken->layout->exit_id),
			    number(taken, taken->layout->exit_ret));
}

/* ---- who runs ---- */

/* Without a letter it could have run on; the bit "preempted" is not set where it was stopped on its
 * way back from an interrupt. */
static enum ctrace_run_state state_of(const struct taken *taken, uint32_t tid, uint64_t bits)
{
	static const char letters[] = "SDTtXZPI";
	const struct ctrace_tracefs_layout *layout = taken->layout;

	if ((bits & layout->preempted) != 0) {
		return CTRACE_RUN_PREEMPTED;
	}
	for (unsigned i = 0; i < layout->state_count; i++) {
		const char *letter = strchr(letters, layout->states[i].letter);

		if ((bits & layout->states[i].bit) != 0 && letter != NULL && *letter != '\0') {
			return (enum ctrace_run_state)(CTRACE_RUN_SLEEPING + (letter - letters));
		}
	}
	if ((bits & (layout->preempted - 1)) != 0) {
		return CTRACE_RUN_BLOCKED;
	}
	return ctrace_report_runnable(&taken->report, tid);
}

static void switch_threads(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	const struct ctrace_sched_switch event = {
		.cpu = taken->report.stream->cpu,
		.prev = thread_number(taken, layout->prev_pid),
		.prev_state = state_of(taken, thread_number(taken, layout->prev_pid),
				       (uint64_t)number(taken, layout->prev_state)),
		.next = thread_number(taken, layout->next_pid),
		.next_prio = (uint64_t)number(taken, layout->next_prio),
	};

	ctrace_report_switch(&taken->report, &event, comm(taken, layout->prev_comm),
			     comm(taken, layout->next_comm));
}

static void wake(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	const struct ctrace_sched_waking event = {
		.cpu = taken->report.stream->cpu,
		.waker = thread_number(taken, layout->common_pid),
		.tid = thread_number(taken, layout->waking_pid),
		.target_cpu = (uint64_t)number(taken, layout->waking_cpu),
	};

	ctrace_report_waking(&taken->report, &event, comm(taken, layout->waking_comm));
}

static void migrate(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;

	ctrace_report_migrate(&taken->report, thread_number(taken, layout->migrate_pid),
			      (uint64_t)number(taken, layout->migrate_from),
			      (uint64_t)number(taken, layout->migrate_to));
}

/* ---- threads come and go ---- */

static void begin_thread(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	bool is_thread = (number(taken, layout->new_flags) & CLONE_THREAD) != 0;
	struct ctrace_kernel_fork fork = {
		.parent = thread_number(taken, layout->common_pid),
		.child = thread_number(taken, layout->new_pid),
		.ticks = taken->report.ticks,
	};

	fork.pid = is_thread ? 0 : fork.child;
	ctrace_report_fork(&taken->report, &fork, comm(taken, layout->new_comm));
}

static void exec(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;

	ctrace_report_exec(&taken->report, thread_number(taken, layout->exec_pid),
			   thread_number(taken, layout->exec_old_pid),
			   ctrace_tracefs_get_text(taken->bytes, taken->size, layout->exec_name));
}

/* ---- all ---- */

static void write_event(struct taken *taken, enum ctrace_tracefs_event event)
{
	switch (event) {
	case CTRACE_TRACEFS_SYS_ENTER:
		enter(taken);
		break;
	case CTRACE_TRACEFS_SYS_EXIT:
		leave(taken);
		break;
	case CTRACE_TRACEFS_SWITCH:
		switch_threads(taken);
		break;
	case CTRACE_TRACEFS_WAKING:
	case CTRACE_TRACEFS_WAKEUP_NEW:
		wake(taken);
		break;
	case CTRACE_TRACEFS_MIGRATE:
		migrate(taken);
		break;
	case CTRACE_TRACEFS_NEWTASK:
		begin_thread(taken);
		break;
	case CTRACE_TRACEFS_RENAME:
		ctrace_report_name(&taken->report, thread_number(taken, taken->layout->rename_pid),
				   comm(taken, taken->layout->rename_comm));
		break;
	case CTRACE_TRACEFS_EXEC:
		exec(taken);
		break;
	case CTRACE_TRACEFS_EXIT:
		ctrace_report_exit(&taken->report, thread_number(taken, taken->layout->exit_pid));
		break;
	case CTRACE_TRACEFS_EVENTS:
		break;
	}
}

void ctrace_tracefs_record_write(const struct ctrace_tracefs_record *record,
				 const struct ctrace_tracefs_layout *layout,
				 struct ctrace_kernel_stream *stream)
{
	struct taken taken = {
		.layout = layout,
		.bytes = record->bytes,
		.size = record->size,
		.report = {.stream = stream, .ticks = record->ticks},
	};

	write_event(&taken, ctrace_tracefs_layout_event(
				    layout, (uint16_t)number(&taken, layout->common_type)));
}

void ctrace_tracefs_event_write(struct ctrace_tracefs_cpu *cpu,
				const struct ctrace_tracefs_layout *layout, uint64_t ticks)
{
	const struct ctrace_tracefs_record record = {
		.bytes = cpu->page.record, .size = cpu->page.record_size, .ticks = ticks};

	if (cpu->lost > 0) {
		ctrace_kernel_stream_lost(&cpu->stream, ticks, cpu->lost);
		cpu->lost = 0;
	}
	ctrace_tracefs_record_write(&record, layout, &cpu->stream);
}
