/* SPDX-License-Identifier: MIT */
/* Turns of CPUs and states of threads. */

#include "viewer-server/model/kernel/kernel_replay_parts.h"

static const struct ctrace_event_place nowhere = {CTRACE_NO_CHUNK, 0};

/* ---- What a thread does ------------------------------------------------- */

static void tell_state(struct ctrace_kernel_replay *replay, const struct ctrace_state_fact *fact)
{
	if (fact->end > fact->begin) {
		replay->calls->state(replay->context, fact);
	}
}

/* The losses that may hide what ended a state: of one CPU for who runs, else of any. */
static const struct ctrace_loss_time *loss_within(const struct ctrace_kernel_replay *replay,
						  const struct ctrace_followed_thread *thread,
						  uint64_t end)
{
	const struct ctrace_loss_list *list = &replay->losses;

	if (thread->state == CTRACE_STATE_DEAD || thread->state == CTRACE_STATE_UNKNOWN) {
		return NULL;
	}
	if (thread->state == CTRACE_STATE_RUNNING && thread->cpu < replay->cpu_count) {
		list = &replay->cpus[thread->cpu].losses;
	}
	return ctrace_loss_list_first(list, thread->since, end);
}

/* The state ends; from a loss on it was not known. */
static void close_state(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t end,
			struct ctrace_event_place to, unsigned flags)
{
	struct ctrace_followed_thread *thread = &replay->threads[number];
	struct ctrace_state_fact fact = {
		.thread = number,
		.state = (enum ctrace_thread_doing)thread->state,
		.cpu = thread->cpu,
		.begin = thread->since,
		.end = end,
		.waker_tid = thread->state == CTRACE_STATE_WOKEN ? thread->waker_tid : 0,
		.from = thread->from,
		.to = to,
		.flags = thread->flags | flags,
	};
	const struct ctrace_loss_time *loss;

	if (thread->since == CTRACE_NEVER) {
		return;
	}
	loss = loss_within(replay, thread, end);
	if (loss == NULL) {
		tell_state(replay, &fact);
		return;
	}
	fact.end = loss->from > fact.begin ? loss->from : fact.begin;
	fact.to = nowhere;
	fact.flags = thread->flags | CTRACE_FACT_CUT;
	tell_state(replay, &fact);
	tell_state(replay, &(struct ctrace_state_fact){
				   .thread = number,
				   .state = CTRACE_STATE_UNKNOWN,
				   .cpu = CTRACE_NO_CPU,
				   .begin = fact.end,
				   .end = end,
				   .from = nowhere,
				   .to = to,
				   .flags = flags,
			   });
}

static void open_state(struct ctrace_followed_thread *thread, enum ctrace_thread_doing state,
		       uint64_t since, struct ctrace_event_place from)
{
	thread->state = (uint8_t)state;
	thread->since = since;
	thread->from = from;
	thread->flags = 0;
}

static void change(struct ctrace_kernel_replay *replay, uint32_t number,
		   enum ctrace_thread_doing state, const struct ctrace_moment *now)
{
	close_state(replay, number, now->time, now->at, 0);
	open_state(&replay->threads[number], state, now->time, now->at);
}

/*
 * A thread on its way to sleep may be woken before it is off its CPU. The kernel then tells of the
 * wake-up first. That this was so shows when the thread runs again with no other wake-up: it never
 * slept.
 */
static void resolve_early_wake(struct ctrace_followed_thread *thread)
{
	if (thread->has_wake && thread->since != CTRACE_NEVER &&
	    ctrace_thread_state_is_waiting(thread->state) &&
	    thread->state != CTRACE_STATE_BLOCKED) {
		thread->state = CTRACE_STATE_WOKEN;
		thread->from = thread->wake;
		thread->waker_tid = thread->wake_tid;
	}
	thread->has_wake = false;
}

/* What it did has ended, and nobody said so: unless that was lost, the trace contradicts itself. */
static void doubt(struct ctrace_kernel_replay *replay, struct ctrace_followed_thread *thread,
		  uint64_t time)
{
	if (thread->since != CTRACE_NEVER && thread->state != CTRACE_STATE_UNKNOWN &&
	    loss_within(replay, thread, time) == NULL) {
		replay->repaired++;
		thread->state = CTRACE_STATE_UNKNOWN;
	}
}

static void start_running(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t cpu,
			  const struct ctrace_moment *now)
{
	struct ctrace_followed_thread *thread = &replay->threads[number];

	resolve_early_wake(thread);
	if (thread->state == CTRACE_STATE_RUNNING) {
		doubt(replay, thread, now->time);
	}
	change(replay, number, CTRACE_STATE_RUNNING, now);
	thread->cpu = (uint32_t)cpu;
}

static void stop_running(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t cpu,
			 unsigned run_state, const struct ctrace_moment *now)
{
	struct ctrace_followed_thread *thread = &replay->threads[number];
	const struct ctrace_followed_cpu *on = &replay->cpus[cpu];

	if (thread->since == CTRACE_NEVER && !on->has_turn && on->losses.times.count == 0) {
		/* Nobody was put on this CPU since its first event: it ran there all the time. */
		open_state(thread, CTRACE_STATE_RUNNING, on->first, nowhere);
		thread->flags = CTRACE_FACT_BEGAN_BEFORE;
		thread->cpu = (uint32_t)cpu;
	} else if (thread->state != CTRACE_STATE_RUNNING || thread->cpu != cpu) {
		doubt(replay, thread, now->time);
	}
	change(replay, number, ctrace_thread_state_of(run_state), now);
	thread->cpu = (uint32_t)cpu;
}

void ctrace_replay_wake(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t number, uint64_t waker_tid)
{
	struct ctrace_followed_thread *thread = &replay->threads[number];

	if (thread->since != CTRACE_NEVER && thread->state == CTRACE_STATE_RUNNING) {
		thread->has_wake = true;
		thread->wake = now->at;
		thread->wake_tid = waker_tid;
		return;
	}
	if (thread->since == CTRACE_NEVER || thread->state == CTRACE_STATE_UNKNOWN ||
	    ctrace_thread_state_is_waiting(thread->state) ||
	    (ctrace_thread_state_is_runnable(thread->state) &&
	     ctrace_loss_list_first(&replay->losses, thread->since, now->time) != NULL)) {
		thread->has_wake = false;
		change(replay, number, CTRACE_STATE_WOKEN, now);
		thread->waker_tid = waker_tid;
	}
}

void ctrace_replay_born(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t number, uint64_t parent_tid)
{
	struct ctrace_followed_thread *thread = &replay->threads[number];

	if (thread->since == CTRACE_NEVER) {
		thread->born = thread->call_end = now->time;
		change(replay, number, CTRACE_STATE_WOKEN, now);
		thread->waker_tid = parent_tid;
	}
}

/* ---- Whose turn it is --------------------------------------------------- */

static void tell_turn(struct ctrace_kernel_replay *replay, struct ctrace_turn_fact *fact)
{
	const struct ctrace_loss_time *loss =
		ctrace_loss_list_first(&replay->cpus[fact->cpu].losses, fact->begin, fact->end);

	/* Of strangers, who has a name, and was seen to be put there. */
	if (fact->thread == CTRACE_NO_THREAD &&
	    (fact->from.chunk == CTRACE_NO_CHUNK ||
	     ctrace_thread_table_find(replay->table, fact->tid, UINT64_MAX) == CTRACE_NO_THREAD)) {
		fact->tid = 0;
	}
	if (loss != NULL) {
		fact->end = loss->from > fact->begin ? loss->from : fact->begin;
		fact->flags = (fact->flags & CTRACE_FACT_BEGAN_BEFORE) | CTRACE_FACT_CUT;
	}
	if (fact->end > fact->begin) {
		replay->calls->turn(replay->context, fact);
	}
}

static struct ctrace_turn_fact turn_of(const struct ctrace_kernel_replay *replay, uint32_t number,
				       uint64_t end)
{
	const struct ctrace_followed_cpu *cpu = &replay->cpus[number];

	return (struct ctrace_turn_fact){
		.cpu = number,
		.thread = cpu->thread,
		.tid = cpu->tid,
		.begin = cpu->since,
		.end = end,
		.from = cpu->from,
	};
}

/* A turn whose end was not told: it is sure up to the CPU's last event before. */
static void cut_turn(struct ctrace_kernel_replay *replay, uint32_t number)
{
	struct ctrace_followed_cpu *cpu = &replay->cpus[number];
	struct ctrace_turn_fact fact = turn_of(replay, number, cpu->last);
	struct ctrace_followed_thread *thread;

	fact.flags = CTRACE_FACT_CUT;
	tell_turn(replay, &fact);
	if (cpu->thread == CTRACE_NO_THREAD) {
		return;
	}
	thread = &replay->threads[cpu->thread];
	if (thread->state == CTRACE_STATE_RUNNING && thread->cpu == number &&
	    thread->since != CTRACE_NEVER) {
		close_state(replay, cpu->thread,
			    cpu->last > thread->since ? cpu->last : thread->since, nowhere,
			    CTRACE_FACT_CUT);
		open_state(thread, CTRACE_STATE_UNKNOWN,
			   cpu->last > thread->since ? cpu->last : thread->since, nowhere);
	}
}

/*
 * Recorders leave out what is between threads that are not recorded, idleness among them. So where
 * one of these was put on and another is taken off, nothing is wrong, and nothing is known but that
 * it was none of ours.
 */
static void end_strangers(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t tid,
			  uint64_t time)
{
	struct ctrace_turn_fact fact = turn_of(replay, number, time);

	if (fact.tid != tid) {
		fact.tid = 0;
	}
	if (fact.tid != 0 || replay->cpus[number].tid != 0) {
		tell_turn(replay, &fact);
	}
}

/* The turn that `tid` had ends now. */
static void end_turn(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t tid,
		     uint32_t thread, uint64_t time)
{
	struct ctrace_followed_cpu *cpu = &replay->cpus[number];
	struct ctrace_turn_fact fact;

	if (!cpu->has_turn) {
		cpu->tid = tid;
		cpu->thread = thread;
		cpu->since = cpu->first;
		cpu->from = nowhere;
		fact = turn_of(replay, number, time);
		fact.flags = CTRACE_FACT_BEGAN_BEFORE;
		if (tid != 0 && cpu->losses.times.count == 0) {
			tell_turn(replay, &fact);
		}
		return;
	}
	if (cpu->thread == CTRACE_NO_THREAD && thread == CTRACE_NO_THREAD) {
		end_strangers(replay, number, tid, time);
		return;
	}
	if (cpu->tid != tid && ctrace_loss_list_first(&cpu->losses, cpu->since, time) == NULL) {
		replay->repaired++;
		cut_turn(replay, number);
		return;
	}
	fact = turn_of(replay, number, time);
	tell_turn(replay, &fact);
}

/* A CPU whose events stand in a buffer of no CPU is seen when it is named. */
static void see(struct ctrace_followed_cpu *cpu, uint64_t time)
{
	if (!cpu->is_seen) {
		cpu->is_seen = true;
		cpu->first = time;
	}
}

static void begin_turn(struct ctrace_followed_cpu *cpu, uint64_t tid, uint32_t thread,
		       const struct ctrace_moment *now)
{
	cpu->last = now->time;
	cpu->is_by_in = false;
	cpu->has_turn = true;
	cpu->tid = tid;
	cpu->thread = thread;
	cpu->since = now->time;
	cpu->from = now->at;
}

void ctrace_replay_switch(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			  const uint64_t fields[5], const uint32_t threads[2])
{
	struct ctrace_followed_cpu *cpu = ctrace_replay_cpu(replay, fields[0]);
	uint32_t number = (uint32_t)fields[0];

	if (cpu == NULL) {
		replay->repaired++;
		return;
	}
	see(cpu, now->time);
	end_turn(replay, number, fields[1], threads[0], now->time);
	if (threads[0] != CTRACE_NO_THREAD) {
		stop_running(replay, threads[0], number, (unsigned)fields[2], now);
	}
	if (threads[1] != CTRACE_NO_THREAD) {
		start_running(replay, threads[1], number, now);
	}
	begin_turn(cpu, fields[3], threads[1], now);
}

/*
 * Some kernels do not tell of each switch from idle to a thread that an interrupt has woken there
 * (seen with Linux 6.18, in about one of a hundred). That it runs is then known from what it does.
 */
void ctrace_replay_acts(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint64_t number, uint64_t tid, uint32_t thread)
{
	struct ctrace_followed_cpu *cpu = ctrace_replay_cpu(replay, number);

	if (cpu == NULL || !cpu->has_turn || cpu->thread != CTRACE_NO_THREAD ||
	    thread == CTRACE_NO_THREAD ||
	    ctrace_loss_list_first(&cpu->losses, cpu->since, now->time) != NULL) {
		return;
	}
	end_strangers(replay, (uint32_t)number, cpu->tid, now->time);
	start_running(replay, thread, (uint32_t)number, now);
	begin_turn(cpu, tid, thread, now);
}

void ctrace_replay_in(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		      uint64_t number, uint64_t tid, uint32_t thread)
{
	struct ctrace_followed_cpu *cpu = ctrace_replay_cpu(replay, number);

	if (cpu == NULL || thread == CTRACE_NO_THREAD) {
		replay->repaired += cpu == NULL;
		return;
	}
	see(cpu, now->time);
	if (cpu->has_turn && cpu->tid != 0) {
		replay->repaired++;
		cut_turn(replay, (uint32_t)number);
	}
	start_running(replay, thread, number, now);
	begin_turn(cpu, tid, thread, now);
	cpu->is_by_in = true;
}

void ctrace_replay_out(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
		       uint64_t number, uint32_t thread, unsigned run_state)
{
	struct ctrace_followed_cpu *cpu = ctrace_replay_cpu(replay, number);
	uint64_t tid;

	if (cpu == NULL || thread == CTRACE_NO_THREAD) {
		replay->repaired += cpu == NULL;
		return;
	}
	see(cpu, now->time);
	tid = replay->table->threads[thread].tid;
	if (cpu->has_turn && cpu->tid == 0) {
		/* Nobody of ours was there: how it came to run is not told. */
		replay->repaired++;
	} else {
		end_turn(replay, (uint32_t)number, tid, thread, now->time);
	}
	stop_running(replay, thread, number, run_state, now);
	begin_turn(cpu, 0, CTRACE_NO_THREAD, now);
}

void ctrace_replay_exit_turn(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			     uint32_t number)
{
	const struct ctrace_followed_thread *thread = &replay->threads[number];

	if (thread->since != CTRACE_NEVER && thread->state == CTRACE_STATE_RUNNING &&
	    thread->cpu < replay->cpu_count && replay->cpus[thread->cpu].has_turn &&
	    replay->cpus[thread->cpu].is_by_in && replay->cpus[thread->cpu].thread == number) {
		ctrace_replay_out(replay, now, thread->cpu, number, CTRACE_RUN_DEAD);
	}
}

void ctrace_replay_end_turns(struct ctrace_kernel_replay *replay, uint64_t time)
{
	for (uint32_t i = 0; i < replay->table->count; i++) {
		close_state(replay, i, time, nowhere, CTRACE_FACT_UNFINISHED);
	}
	for (uint32_t i = 0; i < replay->cpu_count; i++) {
		struct ctrace_turn_fact fact = turn_of(replay, i, time);

		fact.flags = CTRACE_FACT_UNFINISHED;
		fact.tid = fact.thread == CTRACE_NO_THREAD ? 0 : fact.tid;
		if (replay->cpus[i].has_turn && replay->cpus[i].tid != 0) {
			tell_turn(replay, &fact);
		}
	}
}
