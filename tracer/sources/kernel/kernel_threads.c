/* SPDX-License-Identifier: MIT */
/* Who is who; see kernel_threads.h. */

#include "tracer/sources/kernel/kernel_threads.h"

#include "tracer/sources/kernel/proc_text.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <string.h>

/* Threads by tid: open addressing over a power of two, at most half full. Numbers that are used
 * again keep their slot. */
struct ctrace_kernel_threads {
	struct ctrace_kernel_thread *slots; /* tid 0: free */
	uint32_t room, count;
	uint32_t *changed; /* tids; owned */
	uint32_t changed_count, changed_room;
	uint32_t *processes; /* pids, as met; owned */
	uint32_t process_count, process_room;
};

#define ROOM_FIRST 256u

struct ctrace_kernel_threads *ctrace_kernel_threads_create(void)
{
	struct ctrace_kernel_threads *threads = calloc(1, sizeof(*threads));

	if (threads == NULL) {
		return NULL;
	}
	threads->room = ROOM_FIRST;
	threads->slots = calloc(threads->room, sizeof(*threads->slots));
	if (threads->slots == NULL) {
		free(threads);
		return NULL;
	}
	return threads;
}

void ctrace_kernel_threads_destroy(struct ctrace_kernel_threads *threads)
{
	if (threads != NULL) {
		free(threads->slots);
		free(threads->changed);
		free(threads->processes);
		free(threads);
	}
}

/* ---- by number ---- */

static struct ctrace_kernel_thread *slot_of(struct ctrace_kernel_thread *slots, uint32_t room,
					    uint32_t tid)
{
	uint32_t at = tid * 2654435761u & (room - 1);

	while (slots[at].tid != 0 && slots[at].tid != tid) {
		at = (at + 1) & (room - 1);
	}
	return &slots[at];
}

static bool grow(struct ctrace_kernel_threads *threads)
{
	uint32_t room = 2 * threads->room;
	struct ctrace_kernel_thread *more = calloc(room, sizeof(*more));

	if (more == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < threads->room; i++) {
		if (threads->slots[i].tid != 0) {
			*slot_of(more, room, threads->slots[i].tid) = threads->slots[i];
		}
	}
	free(threads->slots);
	threads->slots = more;
	threads->room = room;
	return true;
}

static void note_change(struct ctrace_kernel_threads *threads, struct ctrace_kernel_thread *thread)
{
	if (thread->is_changed) {
		return;
	}
	if (threads->changed_count == threads->changed_room) {
		uint32_t room = threads->changed_room != 0 ? 2 * threads->changed_room : 64;
		uint32_t *more = realloc(threads->changed, room * sizeof(*more));

		if (more == NULL) {
			return;
		}
		threads->changed = more;
		threads->changed_room = room;
	}
	thread->is_changed = true;
	threads->changed[threads->changed_count++] = thread->tid;
}

/* One that finds no memory is not told of. */
static void note_process(struct ctrace_kernel_threads *threads,
			 const struct ctrace_kernel_thread *thread)
{
	if (thread->pid != thread->tid) {
		return;
	}
	if (threads->process_count == threads->process_room) {
		uint32_t room = threads->process_room != 0 ? 2 * threads->process_room : 64;
		uint32_t *more = realloc(threads->processes, room * sizeof(*more));

		if (more == NULL) {
			return;
		}
		threads->processes = more;
		threads->process_room = room;
	}
	threads->processes[threads->process_count++] = thread->pid;
}

uint32_t ctrace_kernel_threads_next_process(const struct ctrace_source_trace *trace, uint32_t *at)
{
	const struct ctrace_kernel_threads *threads = trace->threads;

	return *at < threads->process_count ? threads->processes[(*at)++] : 0;
}

/* ---- rows ---- */

static void state_process(struct ctrace_source_trace *trace,
			  const struct ctrace_kernel_thread *thread, uint32_t name)
{
	const struct ctrace_process_row row = {
		.pid = thread->pid,
		.parent_pid = thread->parent_pid,
		.name = name,
		.start = ctrace_source_trace_after_base(trace, thread->start),
	};

	ctrace_writer_process(trace->writer, &row);
}

static void state_thread(struct ctrace_source_trace *trace, struct ctrace_kernel_thread *thread)
{
	enum ctrace_thread_state state =
		thread->is_alive ? CTRACE_THREAD_ALIVE : CTRACE_THREAD_EXITED;
	struct ctrace_thread_row row = {
		.stream = thread->stream,
		.pid = thread->pid,
		.tid = thread->tid,
		.name = ctrace_writer_passing_string(trace->writer, thread->comm,
						     strnlen(thread->comm, CTRACE_COMM_BYTES)),
		.start = ctrace_source_trace_after_base(trace, thread->start),
		.state = thread->pid != 0 || !thread->is_alive ? state : CTRACE_THREAD_UNKNOWN,
	};

	thread->is_changed = false;
	ctrace_writer_thread(trace->writer, &row);
	if (thread->pid != 0 && thread->pid == thread->tid && thread->pid != trace->own_pid) {
		state_process(trace, thread, row.name);
	}
}

void ctrace_kernel_threads_state(struct ctrace_source_trace *trace)
{
	struct ctrace_kernel_threads *threads = trace->threads;

	for (uint32_t i = 0; i < threads->changed_count; i++) {
		struct ctrace_kernel_thread *thread =
			slot_of(threads->slots, threads->room, threads->changed[i]);

		if (thread->is_changed) {
			state_thread(trace, thread);
		}
	}
	threads->changed_count = 0;
}

/* ---- a thread's life ---- */

static bool has_room(const struct ctrace_source_trace *trace)
{
	return *trace->threads_seen <
	       (trace->is_endless ? CTRACE_FLIGHT_THREADS_MAX : CTRACE_SOURCE_THREADS_MAX);
}

/* A thread in this slot: its first, or another that got the number. */
static void begin(struct ctrace_source_trace *trace, struct ctrace_kernel_thread *slot,
		  uint32_t tid)
{
	*slot = (struct ctrace_kernel_thread){.tid = tid,
					      .stream = *trace->next_stream,
					      .process = *trace->next_stream,
					      .in_call = CTRACE_NO_CALL,
					      .is_alive = true,
					      .is_met = true};
	(*trace->next_stream)++;
	(*trace->threads_seen)++;
	note_change(trace->threads, slot);
}

struct ctrace_kernel_thread *ctrace_kernel_threads_get(struct ctrace_source_trace *trace,
						       uint32_t tid)
{
	struct ctrace_kernel_threads *threads = trace->threads;
	struct ctrace_kernel_thread *slot = slot_of(threads->slots, threads->room, tid);

	if (slot->tid == tid) {
		slot->is_met = true;
		return slot;
	}
	if (!has_room(trace)) {
		return NULL;
	}
	if (2 * (threads->count + 1) > threads->room) {
		if (!grow(threads)) {
			return NULL;
		}
		slot = slot_of(threads->slots, threads->room, tid);
	}
	threads->count++;
	begin(trace, slot, tid);
	return slot;
}

/* Its process, as /proc knows it; a thread that is gone was most likely a process. */
static void ask_process(struct ctrace_source_trace *trace, struct ctrace_kernel_thread *thread)
{
	struct ctrace_proc_ids ids;
	const struct ctrace_kernel_thread *leader;

	if (!ctrace_proc_ids(thread->tid, &ids)) {
		ids = (struct ctrace_proc_ids){.pid = thread->tid};
	}
	thread->pid = ids.pid;
	thread->parent_pid = ids.parent_pid;
	note_process(trace->threads, thread);
	if (ids.pid == thread->tid) {
		return;
	}
	uint32_t tid = thread->tid;
	uint32_t process;

	leader = ctrace_kernel_threads_ours(trace, ids.pid);
	process = leader != NULL ? leader->process : 0;
	thread = slot_of(trace->threads->slots, trace->threads->room, tid);
	thread->process = process != 0 ? process : thread->stream;
}

struct ctrace_kernel_thread *ctrace_kernel_threads_ours(struct ctrace_source_trace *trace,
							uint32_t tid)
{
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_get(trace, tid);

	if (thread == NULL || (thread->pid != 0 && thread->is_alive)) {
		return thread;
	}
	if (!thread->is_alive) {
		ctrace_kernel_threads_state(trace);
		begin(trace, thread, tid);
	}
	ask_process(trace, thread);
	thread = slot_of(trace->threads->slots, trace->threads->room, tid);
	note_change(trace->threads, thread);
	return thread;
}

bool ctrace_kernel_threads_has(const struct ctrace_source_trace *trace, uint32_t tid)
{
	const struct ctrace_kernel_threads *threads = trace->threads;
	const struct ctrace_kernel_thread *slot =
		tid != 0 ? slot_of(threads->slots, threads->room, tid) : NULL;

	return slot != NULL && slot->tid == tid && slot->pid != 0;
}

bool ctrace_kernel_threads_has_ended(const struct ctrace_source_trace *trace, uint32_t tid)
{
	const struct ctrace_kernel_threads *threads = trace->threads;

	return ctrace_kernel_threads_has(trace, tid) &&
	       !slot_of(threads->slots, threads->room, tid)->is_alive;
}

void ctrace_kernel_threads_foreign(struct ctrace_source_trace *trace, uint32_t tid)
{
	if (ctrace_kernel_threads_has(trace, tid) && has_room(trace)) {
		ctrace_kernel_threads_state(trace);
		begin(trace, slot_of(trace->threads->slots, trace->threads->room, tid), tid);
	}
}

struct ctrace_kernel_thread *ctrace_kernel_threads_fork(struct ctrace_source_trace *trace,
							const struct ctrace_kernel_fork *fork)
{
	const struct ctrace_kernel_thread *parent = ctrace_kernel_threads_ours(trace, fork->parent);
	struct ctrace_kernel_thread of_parent = {.pid = 0};
	struct ctrace_kernel_thread *child;

	if (parent != NULL) {
		of_parent = *parent;
	}
	child = ctrace_kernel_threads_get(trace, fork->child);
	if (child == NULL) {
		return NULL;
	}
	if (child->pid != 0) {
		ctrace_kernel_threads_state(trace);
		begin(trace, child, fork->child);
	}
	child->pid = fork->pid;
	child->start = fork->ticks;
	child->is_compat = of_parent.is_compat;
	if (fork->pid == of_parent.pid) {
		child->process = of_parent.process;
		child->parent_pid = of_parent.parent_pid;
	} else {
		child->parent_pid = of_parent.pid;
	}
	memcpy(child->comm, of_parent.comm, sizeof(child->comm));
	note_process(trace->threads, child);
	note_change(trace->threads, child);
	return child;
}

void ctrace_kernel_threads_comm(struct ctrace_source_trace *trace,
				struct ctrace_kernel_thread *thread, const char *comm)
{
	if (strncmp(thread->comm, comm, CTRACE_COMM_BYTES) != 0) {
		memset(thread->comm, 0, sizeof(thread->comm));
		memcpy(thread->comm, comm, strnlen(comm, CTRACE_COMM_BYTES));
		note_change(trace->threads, thread);
	}
}

struct ctrace_kernel_thread *ctrace_kernel_threads_exec(struct ctrace_source_trace *trace,
							uint32_t tid, uint32_t old_tid)
{
	if (tid != old_tid) {
		ctrace_kernel_threads_exit(trace, old_tid);
	}
	return ctrace_kernel_threads_ours(trace, tid);
}

void ctrace_kernel_threads_exit(struct ctrace_source_trace *trace, uint32_t tid)
{
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_get(trace, tid);

	if (thread != NULL && thread->is_alive) {
		thread->is_alive = false;
		note_change(trace->threads, thread);
	}
}

/* ---- a flight ---- */

static bool is_neighbour(const struct ctrace_kernel_thread *thread)
{
	return thread->pid == 0;
}

static void part_with_neighbours(struct ctrace_source_trace *trace)
{
	struct ctrace_kernel_threads *threads = trace->threads;

	for (uint32_t i = 0; i < threads->room; i++) {
		struct ctrace_kernel_thread *thread = &threads->slots[i];

		if (thread->tid != 0 && is_neighbour(thread) && !thread->is_met) {
			thread->is_alive = false;
			note_change(threads, thread);
		}
		thread->is_met = false;
	}
	ctrace_kernel_threads_state(trace);
}

void ctrace_kernel_threads_forget(struct ctrace_source_trace *trace)
{
	struct ctrace_kernel_threads *threads = trace->threads;
	struct ctrace_kernel_thread *left = calloc(threads->room, sizeof(*left));

	if (left == NULL) {
		return;
	}
	ctrace_kernel_threads_state(trace);
	part_with_neighbours(trace);
	threads->count = 0;
	for (uint32_t i = 0; i < threads->room; i++) {
		const struct ctrace_kernel_thread *thread = &threads->slots[i];

		if (thread->tid != 0 && thread->is_alive) {
			*slot_of(left, threads->room, thread->tid) = *thread;
			threads->count++;
		}
	}
	free(threads->slots);
	threads->slots = left;
}
