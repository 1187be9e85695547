/* SPDX-License-Identifier: MIT */
/* Records become events; see tracefs_events.h. */

#include "tracer/sources/tracefs/tracefs_events.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/call_deeds.h"
#include "tracer/sources/kernel/call_files.h"
#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/elf_class.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/open_files.h"

#include <sched.h>
#include <string.h>

/* A record, and where it goes. */
struct taken {
	const struct ctrace_tracefs_layout *layout;
	const uint8_t *bytes;
	size_t size;
	uint64_t ticks;
	struct ctrace_kernel_stream *stream;
	struct ctrace_source_trace *trace;
	unsigned cpu;
};

static int64_t number(const struct taken *taken, struct ctrace_tracefs_field field)
{
	return ctrace_tracefs_get(taken->bytes, taken->size, field);
}

static uint32_t thread_number(const struct taken *taken, struct ctrace_tracefs_field field)
{
	return (uint32_t)number(taken, field);
}

static struct ctrace_block *room(struct taken *taken, size_t bytes)
{
	return ctrace_kernel_stream_room(taken->stream, &taken->ticks, bytes);
}

/* What a record calls a thread that it mentions. The idle thread has no row. */
static void mention(const struct taken *taken, uint32_t tid, struct ctrace_tracefs_field comm)
{
	struct ctrace_kernel_thread *thread;

	if (tid == 0 || (size_t)comm.offset + CTRACE_COMM_BYTES > taken->size) {
		return;
	}
	thread = ctrace_kernel_threads_get(taken->trace, tid);
	if (thread != NULL) {
		ctrace_kernel_threads_comm(taken->trace, thread,
					   (const char *)taken->bytes + comm.offset);
	}
}

/* ---- calls ---- */

static void read_args(const struct taken *taken, uint64_t args[CTRACE_CALL_ARGS])
{
	struct ctrace_tracefs_field field = taken->layout->enter_args;

	field.size /= CTRACE_CALL_ARGS;
	for (unsigned i = 0; i < CTRACE_CALL_ARGS; i++) {
		args[i] = (uint64_t)number(taken, field);
		field.offset = (uint16_t)(field.offset + field.size);
	}
}

static void enter(struct taken *taken)
{
	uint32_t tid = thread_number(taken, taken->layout->common_pid);
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_ours(taken->trace, tid);
	struct ctrace_syscall_enter event = {.tid = tid};

	event.call = ctrace_call_number(taken->trace, number(taken, taken->layout->enter_id),
					thread != NULL && thread->is_compat);
	read_args(taken, event.args);
	ctrace_block_syscall_enter(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, &event);
	if (thread != NULL) {
		thread->in_call = (uint32_t)event.call;
		memcpy(thread->in_args, event.args, sizeof(thread->in_args));
		ctrace_call_files_enter(taken->trace, thread, event.args, taken->ticks);
	}
}

/* Its number is not always that of the beginning: a signal's return has -1. */
static void leave(struct taken *taken)
{
	uint32_t tid = thread_number(taken, taken->layout->common_pid);
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_ours(taken->trace, tid);
	int64_t result = number(taken, taken->layout->exit_ret);
	uint32_t call = thread != NULL ? thread->in_call : CTRACE_NO_CALL;

	if (call == CTRACE_NO_CALL) {
		call = ctrace_call_number(taken->trace, number(taken, taken->layout->exit_id),
					  thread != NULL && thread->is_compat);
	}
	ctrace_block_syscall_exit(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, tid, call,
				  result);
	if (thread != NULL && thread->in_call != CTRACE_NO_CALL) {
		ctrace_call_files_exit(taken->trace, thread, result, taken->ticks);
		thread->in_call = CTRACE_NO_CALL;
	}
}

/* ---- who runs ---- */

static bool is_yielding(const struct taken *taken, uint32_t tid)
{
	const struct ctrace_kernel_thread *thread =
		tid != 0 ? ctrace_kernel_threads_get(taken->trace, tid) : NULL;

	return thread != NULL && thread->in_call != CTRACE_NO_CALL &&
	       (ctrace_call_number_deeds(taken->trace, thread->in_call) & CTRACE_CALL_YIELDS) != 0;
}

/*
 * Without a letter it could have run on. The kernel's bit "preempted" is not set where it was
 * stopped on its way back from an interrupt: only who asked for it has yielded.
 */
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
	return is_yielding(taken, tid) ? CTRACE_RUN_YIELDED : CTRACE_RUN_PREEMPTED;
}

static void switch_threads(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	const struct ctrace_sched_switch event = {
		.cpu = taken->cpu,
		.prev = thread_number(taken, layout->prev_pid),
		.prev_state = state_of(taken, thread_number(taken, layout->prev_pid),
				       (uint64_t)number(taken, layout->prev_state)),
		.next = thread_number(taken, layout->next_pid),
		.next_prio = (uint64_t)number(taken, layout->next_prio),
	};

	mention(taken, (uint32_t)event.prev, layout->prev_comm);
	mention(taken, (uint32_t)event.next, layout->next_comm);
	ctrace_block_sched_switch(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, &event);
}

static void wake(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	const struct ctrace_sched_waking event = {
		.cpu = taken->cpu,
		.waker = thread_number(taken, layout->common_pid),
		.tid = thread_number(taken, layout->waking_pid),
		.target_cpu = (uint64_t)number(taken, layout->waking_cpu),
	};

	mention(taken, (uint32_t)event.tid, layout->waking_comm);
	if (event.waker != 0) {
		ctrace_kernel_threads_get(taken->trace, (uint32_t)event.waker);
	}
	ctrace_block_sched_waking(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, &event);
}

static void migrate(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;

	ctrace_block_sched_migrate(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks,
				   thread_number(taken, layout->migrate_pid),
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
		.ticks = taken->ticks,
	};
	const struct ctrace_kernel_thread *parent =
		ctrace_kernel_threads_ours(taken->trace, fork.parent);

	fork.pid = is_thread && parent != NULL ? parent->pid : fork.child;
	ctrace_kernel_threads_fork(taken->trace, &fork);
	mention(taken, fork.child, layout->new_comm);
	ctrace_block_fork(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, fork.parent,
			  fork.child, fork.pid);
}

static void exec(struct taken *taken)
{
	const struct ctrace_tracefs_layout *layout = taken->layout;
	uint32_t tid = thread_number(taken, layout->exec_pid);
	uint32_t old_tid = thread_number(taken, layout->exec_old_pid);
	const char *name = ctrace_tracefs_get_text(taken->bytes, taken->size, layout->exec_name);
	const struct ctrace_bytes text = {.bytes = name, .size = (uint32_t)strlen(name)};
	struct ctrace_kernel_thread *thread =
		ctrace_kernel_threads_exec(taken->trace, tid, old_tid);

	if (thread != NULL) {
		thread->is_compat = ctrace_elf_is_compat(tid, name);
		ctrace_open_files_exec(taken->trace, thread, taken->ticks);
	}
	ctrace_block_exec(room(taken, CTRACE_KERNEL_TEXT_BYTES(text.size)), taken->ticks, tid,
			  text);
}

static void end_thread(struct taken *taken)
{
	uint32_t tid = thread_number(taken, taken->layout->exit_pid);

	ctrace_kernel_threads_exit(taken->trace, tid);
	ctrace_block_thread_exit(room(taken, CTRACE_KERNEL_EVENT_BYTES), taken->ticks, tid);
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
	case CTRACE_TRACEFS_RENAME: /* a name is a row, no event */
		mention(taken, thread_number(taken, taken->layout->rename_pid),
			taken->layout->rename_comm);
		break;
	case CTRACE_TRACEFS_EXEC:
		exec(taken);
		break;
	case CTRACE_TRACEFS_EXIT:
		end_thread(taken);
		break;
	case CTRACE_TRACEFS_EVENTS:
		break;
	}
}

void ctrace_tracefs_event_write(struct ctrace_tracefs_cpu *cpu,
				const struct ctrace_tracefs_layout *layout, uint64_t ticks)
{
	struct taken taken = {
		.layout = layout,
		.bytes = cpu->page.record,
		.size = cpu->page.record_size,
		.ticks = ticks,
		.stream = &cpu->stream,
		.trace = cpu->stream.trace,
		.cpu = cpu->number,
	};

	if (cpu->lost > 0) {
		ctrace_kernel_stream_lost(&cpu->stream, ticks, cpu->lost);
		cpu->lost = 0;
	}
	write_event(&taken, ctrace_tracefs_layout_event(
				    layout, (uint16_t)number(&taken, layout->common_type)));
}
