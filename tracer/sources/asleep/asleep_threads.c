/* SPDX-License-Identifier: MIT */

/* Who is there; see asleep_threads.h. */

#include "tracer/sources/asleep/asleep_threads.h"

#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/kernel/proc_text.h"
#include "tracer/sources/perf/code_places.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/proc_stat.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of one thread: some thousand. */
#define CHILDREN_BYTES 16384u

/* Those that are found, while the ones before are still there. */
struct finding {
	struct ctrace_asleep_threads *threads;
	struct ctrace_asleep_thread *list;
	uint32_t count, capacity;
	uint32_t pids[CTRACE_ASLEEP_PROCESSES_MAX];
	uint32_t pid_count;
};

bool ctrace_asleep_threads_begin(struct ctrace_asleep_threads *threads,
				 const struct ctrace_source_target *target)
{
	*threads = (struct ctrace_asleep_threads){
		.trace = target->trace,
		.own = target->own,
		.program = (uint32_t)target->pid,
		.processes =
			calloc(CTRACE_ASLEEP_PROCESSES_MAX, sizeof(struct ctrace_asleep_process)),
	};
	return threads->processes != NULL;
}

void ctrace_asleep_threads_finish(struct ctrace_asleep_threads *threads)
{
	ctrace_map_finish(&threads->by_tid);
	free(threads->list);
	free(threads->processes);
	*threads = (struct ctrace_asleep_threads){.count = 0};
}

/* ---- threads ---- */

static bool grow(struct finding *finding)
{
	uint32_t capacity = finding->capacity != 0 ? 2 * finding->capacity : 64;
	struct ctrace_asleep_thread *more;

	if (finding->count < finding->capacity) {
		return true;
	}
	more = realloc(finding->list, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	finding->list = more;
	finding->capacity = capacity;
	return true;
}

static void add_thread(struct finding *finding, uint32_t pid, uint32_t tid)
{
	const struct ctrace_asleep_threads *threads = finding->threads;
	uint32_t index = ctrace_map_get(&threads->by_tid, tid);
	struct ctrace_asleep_thread thread = {.pid = pid, .tid = tid};

	if (finding->count == CTRACE_ASLEEP_THREADS_MAX || !grow(finding)) {
		return;
	}
	if (index != CTRACE_MAP_NONE && threads->list[index].pid == pid) {
		thread = threads->list[index];
	}
	finding->list[finding->count++] = thread;
}

static void add_process(struct finding *finding, uint32_t pid)
{
	if (pid != 0 && finding->pid_count < CTRACE_ASLEEP_PROCESSES_MAX) {
		finding->pids[finding->pid_count++] = pid;
	}
}

static void add_children(struct finding *finding, const char *folder, const char *tid)
{
	char path[64], text[CHILDREN_BYTES];
	char *at = text;

	snprintf(path, sizeof(path), "%s/%.20s/children", folder, tid);
	if (ctrace_proc_text(path, text, sizeof(text)) <= 0) {
		return;
	}
	while (*at >= '0' && *at <= '9') {
		add_process(finding, (uint32_t)strtoul(at, &at, 10));
		at += *at == ' ';
	}
}

static bool is_wanted(const struct finding *finding, uint32_t pid, uint32_t tid)
{
	const struct ctrace_own_threads *own = finding->threads->own;

	if (own != NULL) {
		return !ctrace_own_threads_is_without(own, (pid_t)tid);
	}
	return pid != (uint32_t)getpid();
}

/* Its threads; unless it is our own that is recorded, whom they have started. */
static void add_threads(struct finding *finding, uint32_t pid)
{
	char folder[40];
	DIR *tasks;

	snprintf(folder, sizeof(folder), "/proc/%" PRIu32 "/task", pid);
	tasks = opendir(folder);
	for (const struct dirent *entry = tasks != NULL ? readdir(tasks) : NULL; entry != NULL;
	     entry = readdir(tasks)) {
		uint32_t tid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (tid == 0) {
			continue;
		}
		if (is_wanted(finding, pid, tid)) {
			add_thread(finding, pid, tid);
		}
		if (finding->threads->own == NULL) {
			add_children(finding, folder, entry->d_name);
		}
	}
	if (tasks != NULL) {
		closedir(tasks);
	}
}

/* ---- programs ---- */

/* Where its code is, is found anew: an exec. */
static void forget_places(const struct ctrace_asleep_threads *threads, uint32_t pid)
{
	struct ctrace_code_places *places = threads->trace->places;

	if (places != NULL) {
		ctrace_process_maps_exec(places->unwind.maps, pid);
		ctrace_code_places_read(places, pid, NULL);
	}
}

static struct ctrace_asleep_process judge(const struct ctrace_asleep_threads *threads, uint32_t pid)
{
	struct ctrace_asleep_process process = {.pid = pid};
	struct ctrace_proc_stat stat;

	if (ctrace_proc_stat((pid_t)pid, &stat)) {
		process.start_time = stat.start_time;
		process.stack_start = stat.stack_start;
	}
	for (uint32_t i = 0; i < threads->process_count; i++) {
		const struct ctrace_asleep_process *before = &threads->processes[i];

		if (before->pid == pid && (before->start_time != process.start_time ||
					   before->stack_start != process.stack_start)) {
			forget_places(threads, pid);
		}
	}
	return process;
}

static void judge_all(const struct finding *finding)
{
	struct ctrace_asleep_threads *threads = finding->threads;
	struct ctrace_asleep_process now[CTRACE_ASLEEP_PROCESSES_MAX];

	for (uint32_t i = 0; i < finding->pid_count; i++) {
		now[i] = judge(threads, finding->pids[i]);
	}
	for (uint32_t i = 0; i < finding->pid_count; i++) {
		threads->processes[i] = now[i];
	}
	threads->process_count = finding->pid_count;
}

/* ---- all of them ---- */

static void find_all(struct finding *finding)
{
	const struct ctrace_asleep_threads *threads = finding->threads;

	if (threads->own != NULL) {
		add_process(finding, threads->program);
		add_threads(finding, threads->program);
		return;
	}
	add_threads(finding, (uint32_t)getpid());
	if (finding->pid_count == 0) {
		add_process(finding, threads->program);
	}
	for (uint32_t i = 0; i < finding->pid_count; i++) {
		add_threads(finding, finding->pids[i]);
	}
}

/* Who is gone says so, where no other source tells of it. */
static void tell_gone(const struct ctrace_asleep_threads *threads,
		      const struct ctrace_asleep_thread *before, uint32_t count)
{
	if (threads->trace->has_tasks || threads->own != NULL) {
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = ctrace_map_get(&threads->by_tid, before[i].tid);

		if (index == CTRACE_MAP_NONE &&
		    ctrace_kernel_threads_has(threads->trace, before[i].tid)) {
			ctrace_kernel_threads_exit(threads->trace, before[i].tid);
		}
	}
}

static void take_over(struct ctrace_asleep_threads *threads, const struct finding *finding)
{
	struct ctrace_asleep_thread *before = threads->list;
	uint32_t count = threads->count;

	threads->list = finding->list;
	threads->count = finding->count;
	threads->capacity = finding->capacity;
	ctrace_map_finish(&threads->by_tid);
	for (uint32_t i = 0; i < threads->count; i++) {
		ctrace_map_put(&threads->by_tid, threads->list[i].tid, i);
	}
	tell_gone(threads, before, count);
	free(before);
}

void ctrace_asleep_threads_find(struct ctrace_asleep_threads *threads, uint64_t now_ns)
{
	struct finding finding = {.threads = threads};
	uint64_t took;

	if (now_ns < threads->find_ns) {
		return;
	}
	find_all(&finding);
	judge_all(&finding);
	take_over(threads, &finding);
	took = ctrace_clock_raw_ns() - now_ns;
	threads->find_ns = now_ns + CTRACE_ASLEEP_FIND_MS * UINT64_C(1000000);
	if (took * CTRACE_ASLEEP_FIND_TIMES > CTRACE_ASLEEP_FIND_MS * UINT64_C(1000000)) {
		threads->find_ns = now_ns + took * CTRACE_ASLEEP_FIND_TIMES;
	}
}
