/* SPDX-License-Identifier: MIT */

/*
 * Rings that grow: nothing is lost on the way, memory comes back, and there is a bound.
 *
 *     test_growth              in memory, then the same again with a ring directory
 *     test_growth DIRECTORY    with that one
 */

#include "tests/unit/recorded.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/limits.h"
#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/ring/ring_growth.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST_KB CTRACE_RING_KB_MIN
#define MAX_KB	 512u
/* Instants with a number that so many kilobytes hold. */
#define HOLDS(kb) ((kb)*1024u / 16u)

static struct recorded recorded;
static enum ctrace_policy policy;
static const char *directory; /* NULL: rings are in memory */

/* When this returns no pass is under way, and none begins until it is called with 0. */
static void stall(int yes)
{
	atomic_store_explicit(&ctrace_collect_stall, yes, memory_order_release);
	ctrace_collect_policy(policy);
}

static void start_with(const char *name, unsigned max_kb, unsigned memory_mb)
{
	struct ctrace_settings settings = {.ring_policy = name,
					   .ring_kb = FIRST_KB,
					   .ring_max_kb = max_kb,
					   .memory_mb = memory_mb,
					   .block_ms = 5};

	policy = (enum ctrace_policy)ctrace_policy_named(name);
	recorded_path(&recorded);
	settings.file = recorded.path;
	assert_int_equal(ctrace_start(&settings), 0);
}

static void start(const char *name)
{
	start_with(name, MAX_KB, CTRACE_MEMORY_MB_DEFAULT);
}

static void in_thread_that_ends(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, body, argument), 0);
	pthread_join(thread, NULL);
}

static struct {
	void *(*body)(void *);
	void *argument;
	sem_t is_done;
} task;

static void *do_task_and_stay(void *unused)
{
	task.body(task.argument);
	sem_post(&task.is_done);
	pause();
	return unused;
}

/*
 * Rings are as large as their thread found them, so each test has a thread of its own. In a
 * directory they keep the size they have grown to, so there its ring stays with it, too.
 */
static void in_thread(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	if (directory == NULL) {
		in_thread_that_ends(body, argument);
		return;
	}
	task.body = body;
	task.argument = argument;
	sem_init(&task.is_done, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, do_task_and_stay, NULL), 0);
	while (sem_wait(&task.is_done) != 0) {
	}
}

static size_t own_kb(void)
{
	return (ctrace_self->places[0].mask + 1) / 1024;
}

static uint64_t next_number;

static void burst(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		TRACE_INSTANT("step", TRACE_U64("n", next_number++));
	}
}

static void check_numbers(uint64_t count)
{
	assert_int_equal(recorded_lost(&recorded), 0);
	assert_int_equal(recorded_written(&recorded), count);
	for (uint32_t i = 0; i < recorded.count; i++) {
		assert_int_equal(recorded.events[i].numbers[0], i);
	}
}

/* Each time more than the ring holds, less than with twice as much beside it. */
static void *grow_step_by_step(void *unused)
{
	(void)unused;
	next_number = 0;
	TRACE_INSTANT("step", TRACE_U64("n", next_number++));
	stall(1);
	for (unsigned kb = FIRST_KB; kb < MAX_KB; kb *= 2) {
		recorded_collect_now();
		assert_int_equal(own_kb(), kb);
		errno = 77;
		burst(HOLDS(2 * kb));
		assert_int_equal(errno, 77);
		assert_int_equal(own_kb(), 2 * kb);
	}
	stall(0);
	return NULL;
}

static void a_full_ring_grows_and_loses_nothing(void **state)
{
	static const char *const names[] = {"drop", "block"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start(names[i]);
		in_thread(grow_step_by_step, NULL);
		recorded_stop(&recorded);
		check_numbers(next_number);
		recorded_free(&recorded);
	}
}

static void *grow_too_far(void *unused)
{
	grow_step_by_step(unused);
	recorded_collect_now();
	stall(1);
	burst(HOLDS(MAX_KB));
	assert_int_equal(own_kb(), MAX_KB);
	stall(0);
	return NULL;
}

static void growth_ends_at_its_bound(void **state)
{
	(void)state;
	start("drop");
	in_thread(grow_too_far, NULL);
	recorded_stop(&recorded);
	/* What is kept for ends. */
	assert_int_equal(recorded_lost(&recorded), CTRACE_END_RESERVE_BYTES / 16);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), next_number);
	recorded_free(&recorded);
}

/* Strings of all sizes over the end of each segment, with handlers' records between. */
static void *texts_across_segments(void *unused)
{
	char text[1024];
	uint64_t n = 0;

	(void)unused;
	TRACE_INSTANT("text", TRACE_STRN("s", text, 0), TRACE_U64("n", n++));
	for (unsigned round = 0; round < 12; round++) {
		stall(1);
		for (unsigned i = 0; i < 200 + 100 * round; i++, n++) {
			size_t size = n * 37 % 1000;

			memset(text, 'a' + (int)(n % 26), sizeof(text));
			TRACE_INSTANT("text", TRACE_STRN("s", text, size), TRACE_U64("n", n));
		}
		recorded_collect_now();
		stall(0);
	}
	next_number = n;
	return NULL;
}

static void strings_survive_the_change_of_segments(void **state)
{
	(void)state;
	start_with("drop", 4096, CTRACE_MEMORY_MB_DEFAULT);
	in_thread(texts_across_segments, NULL);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), next_number);
	assert_int_equal(recorded_lost(&recorded), 0);
	for (uint32_t i = 0; i < recorded.count; i++) {
		const struct recorded_event *event = &recorded.events[i];

		assert_int_equal(event->numbers[1], i);
		assert_int_equal(event->numbers[0], i == 0 ? 0 : i * 37 % 1000);
		assert_true(event->numbers[0] == 0 || event->text[0] == 'a' + (int)(i % 26));
	}
	recorded_free(&recorded);
}

/* As if a signal handler had interrupted an emit of level 0. */
static void interrupt(void)
{
	struct ctrace_level *at = &ctrace_self->levels[0];

	atomic_store_explicit(&at->frame, UINTPTR_MAX, memory_order_relaxed);
	atomic_store_explicit(&at->claim, atomic_load_explicit(&at->head, memory_order_relaxed),
			      memory_order_relaxed);
}

static void resume(void)
{
	atomic_store_explicit(&ctrace_self->levels[0].claim, CTRACE_UNCLAIMED,
			      memory_order_relaxed);
}

/* A handler's records in the first segment, at its end, and in the second. */
static void *handlers_between(void *unused)
{
	(void)unused;
	next_number = 0;
	burst(10);
	stall(1);
	for (unsigned i = 0; i < 5; i++) {
		interrupt();
		burst(3);
		resume();
		burst(HOLDS(FIRST_KB) / 2);
	}
	assert_true(ctrace_growth_is_pending(ctrace_self->ring));
	stall(0);
	return NULL;
}

static void handlers_records_merge_into_both_segments(void **state)
{
	(void)state;
	start("drop");
	in_thread(handlers_between, NULL);
	recorded_stop(&recorded);
	check_numbers(next_number);
	assert_int_equal(recorded.threads[0].clamped, 0);
	recorded_free(&recorded);
}

/* ---- memory ---- */

static void the_memory_of_a_grown_ring_comes_back(void **state)
{
	size_t before;

	(void)state;
	start("drop");
	in_thread(grow_step_by_step, NULL); /* the ring itself stays, for the next thread */
	recorded_stop(&recorded);
	recorded_free(&recorded);
	before = ctrace_ring_budget_taken();
	for (unsigned i = 0; i < 3; i++) {
		start("drop");
		in_thread(grow_step_by_step, NULL);
		recorded_stop(&recorded);
		check_numbers(next_number);
		recorded_free(&recorded);
		assert_int_equal(ctrace_ring_budget_taken(), before);
	}
}

static pthread_barrier_t together;

static void *one_event(void *unused)
{
	TRACE_INSTANT("one");
	pthread_barrier_wait(&together);
	return unused;
}

/* One megabyte is seven of the smallest rings, less those there are. */
static void beyond_the_bound_no_ring_is_made(void **state)
{
	const unsigned count = 16;
	pthread_t threads[16];

	(void)state;
	start_with("drop", MAX_KB, 1);
	pthread_barrier_init(&together, NULL, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, one_event, NULL), 0);
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_true(ctrace_ring_budget_taken() <= 1u << 20);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), count);
	assert_in_range(recorded_written(&recorded), 1, 7);
	recorded_free(&recorded);
	pthread_barrier_destroy(&together);
}

static void *fork_grown(void *unused)
{
	int status = 0;
	pid_t child;

	grow_step_by_step(unused);
	burst(1);
	child = fork();
	if (child == 0) {
		burst(100);
		if (directory == NULL) {
			_exit(ctrace_self->ring == NULL ? 0 : 1);
		}
		_exit(own_kb() == FIRST_KB ? 0 : 1); /* in a folder of its own */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	burst(10);
	return NULL;
}

static void a_forked_child_does_not_have_the_grown_memory(void **state)
{
	(void)state;
	start("drop");
	in_thread(fork_grown, NULL);
	recorded_stop(&recorded);
	check_numbers(next_number);
	recorded_free(&recorded);
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
	struct ctrace_settings settings = {.file = "/dev/null", .ring_max_kb = 100};

	(void)state;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.ring_max_kb = 0;
	settings.memory_mb = CTRACE_MEMORY_MB_MAX + 1;
	assert_int_equal(ctrace_start(&settings), -EINVAL);
	settings.memory_mb = CTRACE_MEMORY_MB_MAX;
	assert_int_equal(ctrace_start(&settings), 0);
	assert_int_equal(ctrace_stop(), 0);
}

/* ---- in a directory ---- */

static unsigned segment_files;

static int count_segment(const char *path, const struct stat *unused, int flag, struct FTW *at)
{
	(void)unused;
	(void)flag;
	segment_files += strncmp(path + at->base, "ring-", 5) == 0 &&
			 strchr(path + at->base + 5, '-') != NULL;
	return 0;
}

static unsigned count_segments(void)
{
	segment_files = 0;
	nftw(directory, count_segment, 8, FTW_PHYS);
	return segment_files;
}

static void *grow_and_count_files(void *unused)
{
	unsigned before = count_segments();

	grow_step_by_step(unused);
	/* The last two: the collector has not settled in the newest. */
	assert_int_equal(count_segments(), before + 2);
	recorded_collect_now();
	burst(HOLDS(MAX_KB)); /* comes to look how far the collector is */
	assert_int_equal(count_segments(), before + 1);
	return NULL;
}

static void files_of_segments_go_when_they_are_read(void **state)
{
	size_t before = ctrace_ring_budget_taken();

	(void)state;
	start("block");
	in_thread(grow_and_count_files, NULL);
	/* A ring of the first size, whose file stays, and the last segment. */
	assert_int_equal((ctrace_ring_budget_taken() - before) / 1024 / FIRST_KB,
			 1 + 1 + MAX_KB / FIRST_KB);
	recorded_stop(&recorded);
	check_numbers(next_number);
	recorded_free(&recorded);
}

static void *find_it_large(void *unused)
{
	burst(1);
	assert_int_equal(own_kb(), MAX_KB);
	return unused;
}

static void the_next_thread_has_what_a_ring_has_grown_to(void **state)
{
	(void)state;
	start("drop");
	in_thread_that_ends(grow_step_by_step, NULL);
	recorded_collect_now();
	recorded_collect_now();
	in_thread_that_ends(find_it_large, NULL);
	recorded_stop(&recorded);
	assert_int_equal(recorded_written(&recorded), next_number);
	assert_int_equal(recorded_lost(&recorded), 0);
	recorded_free(&recorded);
}

/* No file of twice the size may be made: it is not tried again until the collector has moved. */
static void *find_no_space(void *unused)
{
	struct rlimit limit, small;
	uint64_t at;

	next_number = 0;
	burst(1);
	recorded_collect_now();
	stall(1);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = (struct rlimit){(FIRST_KB << 10) + 1, limit.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	burst(HOLDS(2 * FIRST_KB));
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(own_kb(), FIRST_KB);
	burst(100);
	assert_int_equal(own_kb(), FIRST_KB);
	stall(0);
	recorded_collect_now();
	stall(1);
	at = next_number;
	burst(HOLDS(2 * FIRST_KB));
	assert_int_equal(own_kb(), 2 * FIRST_KB);
	stall(0);
	return unused != NULL ? unused : (void *)(uintptr_t)at;
}

static void without_space_it_stays_as_it_is_and_counts(void **state)
{
	(void)state;
	start("drop");
	in_thread(find_no_space, NULL);
	recorded_stop(&recorded);
	assert_int_equal(recorded_lost(&recorded),
			 HOLDS(FIRST_KB) + 100 + CTRACE_END_RESERVE_BYTES / 16);
	assert_int_equal(recorded_written(&recorded) + recorded_lost(&recorded), next_number);
	recorded_free(&recorded);
}

static int use_directory(void **state)
{
	(void)state;
	ctrace_ring_dir_use(directory, NULL);
	return ctrace_ring_dir_is_used() ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *unused, int flag, struct FTW *at)
{
	(void)unused;
	(void)flag;
	(void)at;
	return remove(path);
}

/* The same program again, whose rings are files. */
static int run_in_directory(char *program)
{
	char path[64];
	char *const arguments[] = {program, path, NULL};
	int status = -1;
	pid_t child;

	snprintf(path, sizeof(path), "/dev/shm/ctrace-test-growth-%d", (int)getpid());
	if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0) {
		waitpid(child, &status, 0);
	}
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return status;
}

static int test_directory(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_grows_and_loses_nothing),
		cmocka_unit_test(growth_ends_at_its_bound),
		cmocka_unit_test(strings_survive_the_change_of_segments),
		cmocka_unit_test(handlers_records_merge_into_both_segments),
		cmocka_unit_test(files_of_segments_go_when_they_are_read),
		cmocka_unit_test(without_space_it_stays_as_it_is_and_counts),
		cmocka_unit_test(a_forked_child_does_not_have_the_grown_memory),
		cmocka_unit_test(the_next_thread_has_what_a_ring_has_grown_to),
	};

	return cmocka_run_group_tests(tests, use_directory, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_ring_grows_and_loses_nothing),
		cmocka_unit_test(growth_ends_at_its_bound),
		cmocka_unit_test(strings_survive_the_change_of_segments),
		cmocka_unit_test(handlers_records_merge_into_both_segments),
		cmocka_unit_test(the_memory_of_a_grown_ring_comes_back),
		cmocka_unit_test(beyond_the_bound_no_ring_is_made),
		cmocka_unit_test(a_forked_child_does_not_have_the_grown_memory),
		cmocka_unit_test(sizes_that_make_no_sense_are_refused),
	};

	if (argc > 1) {
		directory = argv[1];
		return test_directory();
	}
	return cmocka_run_group_tests(tests, NULL, NULL) != 0 || run_in_directory(argv[0]) != 0;
}
