/* SPDX-License-Identifier: MIT */

/*
 * Killed with SIGKILL at any moment: eight busy threads number their events, and
 * count each in a page of their own after it was emitted. Whatever was counted is in
 * the trace, and of each thread at most one event more; none is damaged, order is
 * kept, and written + lost = attempted. Once with a ring directory and `ctrace
 * recover`, once under `ctrace record`, and once with a ring directory beside a recording
 * inside the process: the file and the rings hold all between them.
 *
 *     test_kill CTRACE         the test; CTRACE_KILL_COUNT kills in all (1,000)
 *     test_kill emit PAGE      what is killed
 */

#include "tests/unit/recorded.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS	       8u
#define KILLS	       1000u
#define CHECK(n)       ((n)*UINT64_C(0x9e3779b97f4a7c15) ^ 0x5a5a)
#define TEXT	       "abcdefghijklmnopqrstuvwxyz"
#define DELAY_US_MAX   6000u
#define READY_LOOKS    400000
#define PER_EVENT_TEXT 23u

struct counter {
	_Alignas(64) _Atomic uint64_t emitted;
	_Atomic int tid;
};

struct page {
	_Atomic int pid;
	_Atomic unsigned ready; /* threads that have begun */
	struct counter counters[THREADS];
};

static struct page *page;
static char page_path[64], ring_path[64];
static const char *ctrace_path;
static char self_path[4096];
static uint64_t seed;

static void pause_us(unsigned microseconds)
{
	const struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000L};

	nanosleep(&time, NULL);
}

static unsigned random_below(unsigned limit)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % limit;
}

/* ---- what is killed ---- */

static void *emit_for_ever(void *number)
{
	uint64_t thread = (uintptr_t)number;
	struct counter *counter = &page->counters[thread];

	atomic_store_explicit(&counter->tid, (int)gettid(), memory_order_relaxed);
	atomic_fetch_add_explicit(&page->ready, 1, memory_order_relaxed);
	for (uint64_t n = 0;; n++) {
		TRACE_INSTANT("number", TRACE_U64("thread", thread), TRACE_U64("n", n),
			      TRACE_U64("check", CHECK(n)),
			      TRACE_STRN("text", TEXT, n % PER_EVENT_TEXT));
		atomic_store_explicit(&counter->emitted, n + 1, memory_order_release);
		if (thread % 2 == 1 && n % 64 == 63) {
			pause_us(50);
		}
	}
	return NULL;
}

static struct page *map_page(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct page *mapped = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*mapped)) == 0) {
		mapped = mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (mapped == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return mapped;
}

static int emit(const char *path)
{
	pthread_t thread;

	page = map_page(path);
	atomic_store_explicit(&page->pid, getpid(), memory_order_release);
	for (uintptr_t i = 0; i < THREADS; i++) {
		pthread_create(&thread, NULL, emit_for_ever, (void *)i);
	}
	pause();
	return 0;
}

/* ---- the killer ---- */

static void set_variable(const char *name, const char *value)
{
	if (value != NULL) {
		setenv(name, value, 1);
	}
}

static pid_t spawn(char *const argv[], const char *ring_directory, const char *file)
{
	pid_t pid = fork();

	if (pid == 0) {
		set_variable("CTRACE_RING_DIR", ring_directory);
		set_variable("CTRACE_FILE", file);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

/* Now and then at once, mostly while threads are at work. */
static void kill_program(void)
{
	unsigned needed = random_below(8) == 0 ? random_below(THREADS) : THREADS;

	for (int i = 0; i < READY_LOOKS; i++) {
		if (atomic_load_explicit(&page->pid, memory_order_acquire) != 0 &&
		    atomic_load_explicit(&page->ready, memory_order_relaxed) >= needed) {
			break;
		}
		pause_us(250);
	}
	assert_int_not_equal(atomic_load(&page->pid), 0);
	pause_us(random_below(DELAY_US_MAX));
	kill(atomic_load(&page->pid), SIGKILL);
}

static void check_event(const struct recorded_event *event)
{
	char expected[PER_EVENT_TEXT + 1];

	snprintf(expected, sizeof(expected), "%.*s", (int)(event->numbers[1] % PER_EVENT_TEXT),
		 TEXT);
	assert_int_equal(event->numbers[2], CHECK(event->numbers[1]));
	assert_string_equal(event->text, expected);
}

struct thread_tally {
	uint64_t written, lost, next;
	int thread; /* -1: not known */
};

static struct thread_tally tally_stream(const struct recorded *recorded, uint32_t *at)
{
	struct thread_tally tally = {.thread = -1};
	uint32_t stream = recorded->events[*at].stream;

	for (; *at < recorded->count && recorded->events[*at].stream == stream; (*at)++) {
		const struct recorded_event *event = &recorded->events[*at];

		if (event->kind == CTRACE_KIND_LOST) {
			tally.lost += event->numbers[1];
			continue;
		}
		assert_int_equal(event->kind, CTRACE_KIND_INSTANT);
		check_event(event);
		assert_true(event->numbers[1] >= tally.next);
		/* Nothing is missing that is not counted as lost: sums are compared below. */
		tally.next = event->numbers[1] + 1;
		tally.thread = (int)event->numbers[0];
		tally.written++;
	}
	return tally;
}

static void check_trace(const struct recorded *recorded)
{
	bool is_seen[THREADS] = {false};
	uint32_t at = 0;

	while (at < recorded->count) {
		struct thread_tally tally = tally_stream(recorded, &at);
		uint64_t counted, attempted = tally.written + tally.lost;

		assert_in_range(tally.thread, 0, THREADS - 1);
		assert_false(is_seen[tally.thread]);
		is_seen[tally.thread] = true;
		counted = atomic_load(&page->counters[tally.thread].emitted);
		if (attempted != counted && attempted != counted + 1) {
			print_error("thread %d: %llu written + %llu lost, %llu counted\n",
				    tally.thread, (unsigned long long)tally.written,
				    (unsigned long long)tally.lost, (unsigned long long)counted);
			fail();
		}
	}
	for (unsigned i = 0; i < THREADS; i++) {
		uint64_t counted = atomic_load(&page->counters[i].emitted);

		if (!is_seen[i] && counted != 0) {
			print_error("thread %u: %llu counted, nothing of it is there\n", i,
				    (unsigned long long)counted);
			fail();
		}
	}
}

static void clear_page(void)
{
	memset((void *)page, 0, sizeof(*page));
}

static void kill_and_recover(struct recorded *recorded, const char *file)
{
	char *const program[] = {self_path, (char *)"emit", page_path, NULL};
	char *const recover[] = {
		(char *)ctrace_path, (char *)"recover", (char *)"-q", (char *)"--delete",
		(char *)"-o",	     recorded->path,	ring_path,    NULL};
	pid_t pid;

	clear_page();
	pid = spawn(program, ring_path, file);
	kill_program();
	assert_true(WIFSIGNALED(status_of(pid)));
	assert_int_equal(status_of(spawn(recover, NULL, NULL)), 0);
}

static void killed_with_a_ring_directory(struct recorded *recorded)
{
	kill_and_recover(recorded, NULL);
}

static void killed_under_a_recorder(struct recorded *recorded)
{
	char *const record[] = {(char *)ctrace_path, (char *)"record", (char *)"-q",
				(char *)"--sources", (char *)"spans",  (char *)"-o",
				recorded->path,	     (char *)"--",     self_path,
				(char *)"emit",	     page_path,	       NULL};
	pid_t pid;
	int status;

	clear_page();
	pid = spawn(record, NULL, NULL);
	kill_program();
	status = status_of(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
}

/* With another policy a quarter will do. */
static unsigned kills(void)
{
	const char *given = getenv("CTRACE_KILL_COUNT");
	unsigned count = given != NULL ? (unsigned)strtoul(given, NULL, 10) : KILLS;

	return getenv("CTRACE_RING_POLICY") != NULL ? (count + 3) / 4 : count;
}

static void kill_often(void (*kill_one)(struct recorded *recorded))
{
	struct recorded recorded;
	uint64_t events = 0, lost = 0;

	recorded_path(&recorded);
	for (unsigned i = 0; i < (kills() + 1) / 2; i++) {
		char path[sizeof(recorded.path)];

		kill_one(&recorded);
		recorded_read(&recorded);
		check_trace(&recorded);
		events += recorded_written(&recorded);
		lost += recorded_lost(&recorded);
		strcpy(path, recorded.path);
		recorded_free(&recorded);
		strcpy(recorded.path, path);
	}
	print_message("%u kills, %llu events, %llu lost\n", (kills() + 1) / 2,
		      (unsigned long long)events, (unsigned long long)lost);
	unlink(recorded.path);
}

static void every_committed_event_is_recovered(void **state)
{
	(void)state;
	kill_often(killed_with_a_ring_directory);
}

static void every_committed_event_is_recorded(void **state)
{
	(void)state;
	kill_often(killed_under_a_recorder);
}

/* A stream of nothing but losses tells its thread by its row. */
static int thread_of(const struct recorded *recorded, uint32_t stream)
{
	for (uint32_t i = 0; i < recorded->threads_count; i++) {
		for (int j = 0; j < (int)THREADS && recorded->threads[i].stream == stream; j++) {
			if ((int)recorded->threads[i].tid == atomic_load(&page->counters[j].tid)) {
				return j;
			}
		}
	}
	return -1;
}

/* What the threads attempted, as this trace has it. */
static void add_attempted(const struct recorded *recorded, uint64_t attempted[THREADS])
{
	uint32_t at = 0;

	while (at < recorded->count) {
		int thread = thread_of(recorded, recorded->events[at].stream);
		struct thread_tally tally = tally_stream(recorded, &at);

		assert_in_range(thread, 0, THREADS - 1);
		assert_true(tally.thread == thread || tally.written == 0);
		attempted[thread] += tally.written + tally.lost;
	}
}

/* docs/recording.md: where events are overwritten, one thread's may be neither here nor there. */
static unsigned missing_max(void)
{
	return getenv("CTRACE_RING_POLICY") != NULL ? 1 : 0;
}

/* What was written just before the kill may not have left its ring: then both have it. */
static void check_both(const struct recorded *file, const struct recorded *rest)
{
	uint64_t in_file[THREADS] = {0}, in_rest[THREADS] = {0};
	unsigned missing = 0;

	add_attempted(file, in_file);
	add_attempted(rest, in_rest);
	for (unsigned i = 0; i < THREADS; i++) {
		uint64_t counted = atomic_load(&page->counters[i].emitted);

		assert_in_range(in_file[i], 0, counted + 1);
		assert_in_range(in_rest[i], 0, counted + 1);
		missing += counted > in_file[i] + in_rest[i];
	}
	assert_in_range(missing, 0, missing_max());
}

static void file_and_rings_hold_every_committed_event(void **state)
{
	uint64_t in_file = 0, in_rings = 0;

	(void)state;
	for (unsigned i = 0; i < (kills() + 4) / 5; i++) {
		struct recorded file, rest;

		recorded_path(&file);
		recorded_path(&rest);
		kill_and_recover(&rest, file.path);
		recorded_read_cut(&file);
		recorded_read(&rest);
		check_both(&file, &rest);
		in_file += file.count;
		in_rings += rest.count;
		recorded_free(&file);
		recorded_free(&rest);
	}
	print_message("%u kills, %llu events in files, %llu in rings\n", (kills() + 4) / 5,
		      (unsigned long long)in_file, (unsigned long long)in_rings);
	assert_true(in_file > 0 && in_rings > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_committed_event_is_recovered),
		cmocka_unit_test(every_committed_event_is_recorded),
		cmocka_unit_test(file_and_rings_hold_every_committed_event),
	};
	const char *given = getenv("CTRACE_TEST_SEED");
	int failed;

	if (argc == 3 && strcmp(argv[1], "emit") == 0) {
		return emit(argv[2]);
	}
	if (argc != 2 || readlink("/proc/self/exe", self_path, sizeof(self_path) - 1) < 0) {
		return 2;
	}
	ctrace_path = argv[1];
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed: %llu\n", (unsigned long long)seed);
	fflush(stdout);
	snprintf(page_path, sizeof(page_path), "/dev/shm/ctrace-test-page-%d", (int)getpid());
	snprintf(ring_path, sizeof(ring_path), "/dev/shm/ctrace-test-rings-%d", (int)getpid());
	page = map_page(page_path);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(page_path);
	rmdir(ring_path);
	return failed;
}
