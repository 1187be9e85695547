/* SPDX-License-Identifier: MIT */
/* Who runs in this process; see own_threads.h. */

#include "tracer/sources/kernel/own_threads.h"

#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/proc_text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static bool is_known(const struct ctrace_own_threads *own, pid_t tid)
{
	if (tid <= 0 || ctrace_own_threads_is_without(own, tid)) {
		return true;
	}
	for (uint32_t i = own->count; i-- > 0;) {
		if (own->list[i] == tid) {
			return true;
		}
	}
	return false;
}

static bool add(struct ctrace_own_threads *own, pid_t tid)
{
	uint32_t capacity = own->capacity != 0 ? 2 * own->capacity : 64;
	pid_t *more;

	if (own->count == own->capacity) {
		more = realloc(own->list, capacity * sizeof(*more));
		if (more == NULL) {
			return false;
		}
		own->list = more;
		own->capacity = capacity;
	}
	own->list[own->count++] = tid;
	return true;
}

uint32_t ctrace_own_threads_look(struct ctrace_own_threads *own)
{
	DIR *tasks = opendir("/proc/self/task");
	uint32_t before = own->count;

	for (const struct dirent *entry = tasks != NULL ? readdir(tasks) : NULL; entry != NULL;
	     entry = readdir(tasks)) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (!is_known(own, tid) && !add(own, tid)) {
			break;
		}
	}
	if (tasks != NULL) {
		closedir(tasks);
	}
	return own->count - before;
}

static void name_thread(struct ctrace_source_trace *trace, uint32_t tid)
{
	char path[64], name[CTRACE_COMM_BYTES + 1];
	struct ctrace_kernel_thread *thread;

	snprintf(path, sizeof(path), "/proc/self/task/%u/comm", tid);
	if (ctrace_proc_text(path, name, sizeof(name)) <= 0) {
		return; /* gone */
	}
	name[strcspn(name, "\n")] = '\0';
	thread = ctrace_kernel_threads_ours(trace, tid);
	if (thread != NULL) {
		ctrace_kernel_threads_comm(trace, thread, name);
	}
}

void ctrace_own_threads_name(struct ctrace_source_trace *trace,
			     const struct ctrace_own_threads *own, uint32_t first)
{
	for (uint32_t i = first; i < own->count; i++) {
		name_thread(trace, (uint32_t)own->list[i]);
	}
}

void ctrace_own_threads_finish(struct ctrace_own_threads *own)
{
	free(own->list);
	own->list = NULL;
	own->count = own->capacity = 0;
}

static uint64_t count_descriptors(void)
{
	DIR *files = opendir("/proc/self/fd");
	uint64_t count = 0;

	while (files != NULL && readdir(files) != NULL) {
		count++;
	}
	if (files != NULL) {
		closedir(files);
	}
	return count;
}

uint64_t ctrace_own_descriptors_left(void)
{
	struct rlimit limit;
	uint64_t used = count_descriptors();

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= used) {
		return 0;
	}
	return (limit.rlim_cur - used) / 2;
}
