/* SPDX-License-Identifier: MIT */

/*
 * The collector has to share its processor with a real-time thread that never yields: what the
 * program emits meanwhile on another one is written or counted, and nobody waits for anybody.
 */

#include "tests/unit/recorded.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20u
#define STEPS  150000u /* more than a ring of the first size and the one that it grows to */

static struct recorded recorded;
/* Release by the one who goes, acquire by the other. */
static atomic_bool hog_runs, hog_must_end;

static void pin(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(tid, sizeof(set), &set), 0);
}

/* The first and the last that this process may use. */
static void two_cpus(int *first, int *last)
{
	cpu_set_t set;

	*first = *last = -1;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set)) {
			*first = *first < 0 ? cpu : *first;
			*last = cpu;
		}
	}
}

static bool is_collector(const char *task)
{
	char path[64], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", task);
	file = fopen(path, "r");
	if (file == NULL) {
		return false;
	}
	if (fgets(name, sizeof(name), file) == NULL) {
		name[0] = '\0';
	}
	fclose(file);
	return strcmp(name, "ctrace\n") == 0;
}

static pid_t find_collector(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	pid_t tid = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (is_collector(entry->d_name)) {
			tid = (pid_t)atoi(entry->d_name);
		}
	}
	closedir(folder);
	return tid;
}

static void *hog(void *unused)
{
	(void)unused;
	atomic_store_explicit(&hog_runs, true, memory_order_release);
	while (!atomic_load_explicit(&hog_must_end, memory_order_acquire)) {
	}
	return NULL;
}

/* False: this user may have no real-time threads. */
static bool start_hog(pthread_t *thread, int cpu)
{
	const struct sched_param priority = {.sched_priority = 1};
	pthread_attr_t attributes;
	cpu_set_t set;
	int result;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	atomic_store_explicit(&hog_runs, false, memory_order_relaxed);
	atomic_store_explicit(&hog_must_end, false, memory_order_relaxed);
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &priority);
	pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	result = pthread_create(thread, &attributes, hog, NULL);
	pthread_attr_destroy(&attributes);
	return result == 0;
}

static void emit_steps(void)
{
	for (uint64_t i = 0; i < STEPS; i++) {
		TRACE_SPAN("step");
		TRACE_INSTANT("number", TRACE_U64("n", i));
	}
}

/* Begins and numbers were attempted; a begin that was lost has no end. */
static void check_counts(void)
{
	uint64_t begins = 0, ends = 0, numbers = 0, lost = 0;

	for (uint32_t i = 0; i < recorded.count; i++) {
		begins += recorded.events[i].kind == CTRACE_KIND_SPAN_BEGIN;
		ends += recorded.events[i].kind == CTRACE_KIND_SPAN_END;
		numbers += recorded.events[i].kind == CTRACE_KIND_INSTANT;
		lost += recorded.events[i].kind == CTRACE_KIND_LOST ? recorded.events[i].numbers[1]
								    : 0;
	}
	assert_int_equal(begins, ends);
	assert_int_equal(begins + numbers + lost, 2 * STEPS);
}

/* False: there can be no such thread here. */
static bool emit_beside_hog(int cpu)
{
	pthread_t thread;

	if (!start_hog(&thread, cpu)) {
		return false;
	}
	while (!atomic_load_explicit(&hog_runs, memory_order_acquire)) {
		sched_yield();
	}
	emit_steps();
	atomic_store_explicit(&hog_must_end, true, memory_order_release);
	pthread_join(thread, NULL);
	return true;
}

static void behind_a_busy_real_time_thread_losses_are_counted(void **state)
{
	uint64_t lost = 0;
	int first, last;

	(void)state;
	two_cpus(&first, &last);
	if (first == last) {
		skip();
	}
	pin(0, first);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bool is_done;

		recorded_start(&recorded, NULL);
		pin(find_collector(), last);
		is_done = emit_beside_hog(last);
		recorded_stop(&recorded);
		if (!is_done) {
			recorded_free(&recorded);
			skip();
		}
		check_counts();
		lost += recorded_lost(&recorded);
		recorded_free(&recorded);
	}
	print_message("%llu events lost in %u rounds\n", (unsigned long long)lost, ROUNDS);
	assert_true(lost > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behind_a_busy_real_time_thread_losses_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
