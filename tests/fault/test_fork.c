/* SPDX-License-Identifier: MIT */

/*
 * Every way to fork, from a process whose threads trace: the child records
 * nothing into its parent's trace, may start its own, and exits; the parent's
 * count is exact.
 */

#include "tests/unit/recorded.h"
#include "tests/unit/streamed.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define EMITTERS 8u
/* Of each way; CTRACE_TEST_FORKS for more. */
#if IS_SANITIZED
#define FORKS 40u
#else
#define FORKS 500u
#endif

/* The thread sanitizer makes vfork a fork: its child then has a memory of its own, and is off. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VFORK_SHARES 0u
#endif
#endif
#ifndef VFORK_SHARES
#define VFORK_SHARES 1u
#endif

static struct recorded recorded;
static _Atomic bool is_over;
static _Atomic uint64_t attempted;
static unsigned forks = FORKS;

static void *emit(void *unused)
{
	const struct timespec pause = {0, 200000};
	uint64_t own = 0;

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		for (unsigned i = 0; i < 20; i++) {
			TRACE_INSTANT("busy");
		}
		own += 20;
		nanosleep(&pause, NULL);
	}
	atomic_fetch_add_explicit(&attempted, own, memory_order_relaxed);
	return unused;
}

/* In the child: as the program would go on, with a span of before the fork still open. */
static void child_traces(void)
{
	for (unsigned i = 0; i < 100; i++) {
		TRACE_SPAN("in the child");
		TRACE_BEGIN("begun in the child");
		TRACE_END();
	}
	TRACE_END();
}

/* Every second one by exit, which runs the library's end; and a sanitizer's, which finds that a
 * child forgot what was its parent's. */
static _Noreturn void end_child(unsigned round)
{
	if (round % 2 == 0 || IS_SANITIZED) {
		_exit(0);
	}
	fclose(stdout); /* what is in it is its parent's to print */
	exit(0);
}

static pid_t fork_plainly(void)
{
	return fork();
}

static pid_t fork_without_handlers(void)
{
	return _Fork();
}

static pid_t fork_by_system_call(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void wait_for(pid_t child)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void start_emitters(pthread_t threads[EMITTERS])
{
	atomic_store_explicit(&is_over, false, memory_order_relaxed);
	atomic_store_explicit(&attempted, 0, memory_order_relaxed);
	for (unsigned i = 0; i < EMITTERS; i++) {
		pthread_create(&threads[i], NULL, emit, NULL);
	}
}

static void stop_emitters(pthread_t threads[EMITTERS])
{
	atomic_store_explicit(&is_over, true, memory_order_relaxed);
	for (unsigned i = 0; i < EMITTERS; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void no_child_here(const struct ctrace_trace *trace, const struct ctrace_event *event)
{
	struct ctrace_bytes name = {0};

	if (event->site != CTRACE_NO_SITE) {
		name = ctrace_trace_string(trace, ctrace_trace_site(trace, event->site)->name);
	}
	assert_false(name.size == 12 && memcmp(name.bytes, "in the child", 12) == 0);
}

/* The emitters' events, and so many of the thread that forked. */
static void stop_and_check(uint64_t own)
{
	struct streamed sums;

	assert_int_equal(ctrace_stop(), 0);
	sums = streamed_read(recorded.path, no_child_here);
	assert_int_equal(sums.begins + sums.ends + sums.others + sums.lost,
			 atomic_load(&attempted) + own);
	assert_int_equal(sums.clamped, 0);
	unlink(recorded.path);
}

static void fork_many(pid_t (*way)(void))
{
	pthread_t threads[EMITTERS];

	recorded_start(&recorded, NULL);
	start_emitters(threads);
	for (unsigned i = 0; i < forks; i++) {
		pid_t child;

		TRACE_BEGIN("open over the fork");
		child = way();
		if (child == 0) {
			child_traces();
			end_child(i);
		}
		TRACE_END();
		wait_for(child);
	}
	stop_emitters(threads);
	stop_and_check(2 * forks);
}

static void children_of_fork_stay_out_of_the_trace(void **state)
{
	(void)state;
	fork_many(fork_plainly);
}

static void children_of_bare_fork_stay_out_of_the_trace(void **state)
{
	(void)state;
	fork_many(fork_without_handlers);
}

static void children_of_clone_stay_out_of_the_trace(void **state)
{
	(void)state;
	fork_many(fork_by_system_call);
}

/* ---- daemons ---- */

/* The child leaves by a second fork, as daemons do; its own child says over the pipe that it is
 * well. */
static _Noreturn void become_daemon(int ready)
{
	if (daemon(1, 1) != 0) {
		_exit(2);
	}
	child_traces();
	_exit(write(ready, "y", 1) == 1 ? 0 : 3);
}

static void daemons_stay_out_of_the_trace(void **state)
{
	pthread_t threads[EMITTERS];

	(void)state;
	recorded_start(&recorded, NULL);
	start_emitters(threads);
	for (unsigned i = 0; i < forks; i++) {
		char answer = 'n';
		int ends[2];
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0) {
			become_daemon(ends[1]);
		}
		wait_for(child);
		close(ends[1]);
		assert_int_equal(read(ends[0], &answer, 1), 1);
		assert_int_equal(answer, 'y');
		close(ends[0]);
	}
	stop_emitters(threads);
	stop_and_check(0);
}

/* ---- a fork while the collector is in the middle of writing ---- */

static _Atomic bool is_held, is_in_write;

static int write_slowly(void *file, const void *bytes, size_t size)
{
	atomic_store(&is_in_write, true);
	while (atomic_load(&is_held)) {
		usleep(100);
	}
	atomic_store(&is_in_write, false);
	return write(*(int *)file, bytes, size) == (ssize_t)size ? 0 : -1;
}

static void fork_while_writing(pid_t (*way)(void), unsigned round)
{
	pid_t child;

	atomic_store(&is_held, true);
	TRACE_INSTANT("something to write");
	for (unsigned i = 0; i < 10000 && !atomic_load(&is_in_write); i++) {
		usleep(100);
	}
	child = way();
	if (child == 0) {
		child_traces();
		if (ctrace_stop() == 0) {
			_exit(2); /* not ours to stop */
		}
		end_child(round);
	}
	wait_for(child);
	atomic_store(&is_held, false);
}

static void a_fork_while_the_collector_writes_harms_neither(void **state)
{
	pid_t (*const ways[])(void) = {fork_plainly, fork_without_handlers, fork_by_system_call};
	const unsigned rounds = forks / 14;
	struct ctrace_settings settings = {.write = write_slowly};
	int file;

	(void)state;
	recorded_path(&recorded);
	file = open(recorded.path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	settings.context = &file;
	assert_int_equal(ctrace_start(&settings), 0);
	for (unsigned i = 0; i < 3 * rounds; i++) {
		fork_while_writing(ways[i % 3], i);
	}
	atomic_store(&attempted, 0);
	assert_int_equal(ctrace_stop(), 0);
	close(file);
	{
		struct streamed sums = streamed_read(recorded.path, no_child_here);

		assert_int_equal(sums.others + sums.lost, 3 * rounds);
	}
	unlink(recorded.path);
}

/* ---- a child with a trace of its own ---- */

static _Noreturn void record_in_child(const char *path)
{
	const struct ctrace_settings settings = {.file = path};
	int result;

	TRACE_INSTANT("not recording yet");
	if (ctrace_stop() == 0) {
		_exit(2); /* the parent's recording is not ours to stop */
	}
	result = ctrace_start(&settings);
	if (result != 0) {
		_exit(3);
	}
	for (unsigned i = 0; i < 1000; i++) {
		TRACE_SPAN("in the child");
	}
	_exit(ctrace_stop() == 0 ? 0 : 4);
}

static void a_child_may_record_its_own_trace(void **state)
{
	pthread_t threads[EMITTERS];
	struct recorded own;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* its allocator may be locked for ever in a child, by a thread that only the parent
		   has */
#endif
	recorded_start(&recorded, NULL);
	start_emitters(threads);
	for (unsigned i = 0; i < forks / 10; i++) {
		pid_t child;

		recorded_path(&own);
		child = fork();
		if (child == 0) {
			record_in_child(own.path);
		}
		wait_for(child);
		recorded_read(&own);
		assert_int_equal(own.count, 2000);
		assert_int_equal(own.threads_count, 1);
		recorded_free(&own);
	}
	stop_emitters(threads);
	stop_and_check(0);
}

/* ---- fork and exec ---- */

static pid_t spawn_true(void)
{
	static char name[] = "true";
	static char *const arguments[] = {name, NULL};
	pid_t child = -1;

	posix_spawnp(&child, "true", NULL, NULL, arguments, NULL);
	return child;
}

static pid_t vfork_true(void)
{
	pid_t child = vfork();

	if (child == 0) {
		TRACE_INSTANT("in the vfork child, which is the parent's thread");
		execlp("true", "true", (char *)NULL);
		_exit(127);
	}
	return child;
}

static void programs_started_meanwhile_do_no_harm(void **state)
{
	pthread_t threads[EMITTERS];

	(void)state;
	recorded_start(&recorded, NULL);
	start_emitters(threads);
	for (unsigned i = 0; i < forks / 2; i++) {
		wait_for(spawn_true());
		wait_for(vfork_true());
	}
	stop_emitters(threads);
	stop_and_check(VFORK_SHARES * (forks / 2));
}

#define SERVERS 300u

static _Atomic unsigned forked_in_handler;

static void fork_in_handler(int unused)
{
	pid_t child = fork();

	(void)unused;
	if (child == 0) {
		_exit(0);
	}
	forked_in_handler += child > 0 && waitpid(child, NULL, 0) == child;
}

static void let_alarms_come(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(how, &set, NULL);
}

/* One alarm for each: where a fork takes longer than the time between two, nothing else would run.
 */
static void serve_beside_an_alarm(unsigned round)
{
	const struct itimerval once = {{0, 0}, {0, 20 + 7 * (round % 64)}}, none = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &once, NULL);
	let_alarms_come(SIG_UNBLOCK);
	assert_true(ctrace_serve("127.0.0.1:0") > 0);
	let_alarms_come(SIG_BLOCK);
	setitimer(ITIMER_REAL, &none, NULL);
	ctrace_serve_stop();
}

/* Alarms come while ctrace_serve runs, and nowhere else: elsewhere malloc would have its lock. */
static void a_handler_may_fork_while_a_server_begins(void **state)
{
	struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART}, before;

	(void)state;
	let_alarms_come(SIG_BLOCK);
	sigaction(SIGALRM, &action, &before);
	for (unsigned i = 0; i < SERVERS; i++) {
		serve_beside_an_alarm(i);
	}
	let_alarms_come(SIG_UNBLOCK);
	sigaction(SIGALRM, &before, NULL);
	print_message("%u of %u servers began beside a fork\n", forked_in_handler, SERVERS);
	assert_true(forked_in_handler > 0);
}

/* "handlers": only ways to fork that run handlers; the thread sanitizer does not survive the
 * others. */
int main(int argc, char **argv)
{
	const struct CMUnitTest with_handlers[] = {
		cmocka_unit_test(children_of_fork_stay_out_of_the_trace),
		cmocka_unit_test(a_child_may_record_its_own_trace),
		cmocka_unit_test(daemons_stay_out_of_the_trace),
		cmocka_unit_test(programs_started_meanwhile_do_no_harm),
	};
	const struct CMUnitTest without[] = {
		cmocka_unit_test(children_of_bare_fork_stay_out_of_the_trace),
		cmocka_unit_test(children_of_clone_stay_out_of_the_trace),
		cmocka_unit_test(a_fork_while_the_collector_writes_harms_neither),
		cmocka_unit_test(a_handler_may_fork_while_a_server_begins),
	};
	const char *more = getenv("CTRACE_TEST_FORKS");
	int failed;

	forks = more != NULL ? (unsigned)strtoul(more, NULL, 10) : FORKS;
	failed = cmocka_run_group_tests(with_handlers, NULL, NULL);

	if (argc < 2 || strcmp(argv[1], "handlers") != 0) {
		failed += cmocka_run_group_tests(without, NULL, NULL);
	}
	return failed;
}
