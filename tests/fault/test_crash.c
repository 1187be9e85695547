/* SPDX-License-Identifier: MIT */

/*
 * Programs that die: each leaves a whole snapshot with all that was committed, its
 * own handlers have run, and its status is what it would have been.
 */

#include "tests/unit/snapshots.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 25 /* of each death in each way: 100 of each death */

/* Shared by parent and child. */
struct shared {
	_Atomic uint64_t done;	     /* numbered events that were emitted */
	_Atomic unsigned host_calls; /* of the child's own handler */
};

static struct shared *shared;
static struct snapshots files;

/* ---- how to die ---- */

static int *volatile nowhere;

static void die_segv(void)
{
	*nowhere = 1;
}

static void die_bus(void)
{
	int fd = memfd_create("nothing", 0);
	volatile char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)*at;
}

static void die_fpe(void)
{
	volatile int zero = 0, result;

	result = 1 / zero;
	(void)result;
	raise(SIGFPE); /* a processor that does not mind */
}

static void die_ill(void)
{
	raise(SIGILL);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static int go_deeper(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return go_deeper(depth + 1) + frame[0];
}
#pragma GCC diagnostic pop

static void die_overflow(void)
{
	go_deeper(0);
}

static const struct death {
	const char *name;
	void (*die)(void);
	int signal;
	const char *reason;
} deaths[] = {
	{"segv", die_segv, SIGSEGV, "crash SIGSEGV"},
	{"bus", die_bus, SIGBUS, "crash SIGBUS"},
	{"abrt", abort, SIGABRT, "crash SIGABRT"},
	{"fpe", die_fpe, SIGFPE, "crash SIGFPE"},
	{"ill", die_ill, SIGILL, "crash SIGILL"},
	{"overflow", die_overflow, SIGSEGV, "crash SIGSEGV"},
};

#define DEATHS (sizeof(deaths) / sizeof(deaths[0]))

/* ---- the child ---- */

static void emit_number(void)
{
	uint64_t n = atomic_load_explicit(&shared->done, memory_order_relaxed);

	TRACE_INSTANT("number", TRACE_U64("n", n));
	atomic_store_explicit(&shared->done, n + 1, memory_order_relaxed);
}

static void *emit_for_ever(void *unused)
{
	const struct timespec pause = {0, 1000000};

	(void)unused;
	for (;;) {
		for (unsigned i = 0; i < 100; i++) {
			TRACE_SPAN("beside");
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* The child's own handler, as it may be: it notes, and lets the default happen. */
static void host_handler(int signal)
{
	struct sigaction none = {.sa_handler = SIG_DFL};

	atomic_fetch_add_explicit(&shared->host_calls, 1, memory_order_relaxed);
	sigaction(signal, &none, NULL);
	raise(signal);
}

static void install_host(int signal)
{
	struct sigaction action = {.sa_handler = host_handler, .sa_flags = SA_ONSTACK};

	sigaction(signal, &action, NULL);
}

static void begin_child(void)
{
	const struct rlimit none = {0, 0};

	/* What the test's own library does with these signals is not the matter here. */
	for (unsigned i = 0; i < DEATHS; i++) {
		signal(deaths[i].signal, SIG_DFL);
	}
	setrlimit(RLIMIT_CORE, &none);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	alarm(600);
}

static void begin_flight(void)
{
	const struct ctrace_flight_settings settings = {.on_crash = 1, .file = files.pattern};
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* timers are for the thread that dies */
	if (ctrace_flight_start(&settings) != 0 ||
	    pthread_create(&thread, NULL, emit_for_ever, NULL) != 0) {
		_exit(99);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void (*die_in_handler)(void);

static void on_alarm(int signal)
{
	(void)signal;
	die_in_handler();
}

/* A handler interrupts a thread that does nothing but emit, and dies there. */
static void die_within_emit(const struct death *death)
{
	const struct itimerval soon = {.it_value = {0, 500}};

	die_in_handler = death->die;
	signal(SIGVTALRM, on_alarm);
	setitimer(ITIMER_VIRTUAL, &soon, NULL);
	for (;;) {
		emit_number();
	}
}

enum way { BETWEEN_EMITS, WITHIN_EMIT };

static void live_and_die(const struct death *death, enum way way, bool has_host)
{
	begin_child();
	if (has_host) {
		install_host(death->signal);
	}
	begin_flight();
	TRACE_BEGIN("deadly");
	for (unsigned i = 0; i < 1000; i++) {
		emit_number();
	}
	if (way == WITHIN_EMIT) {
		die_within_emit(death);
	}
	death->die();
	_exit(98);
}

/* ---- the parent ---- */

static int wait_for(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_signaled(int status, int signal)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != signal) {
		fail_msg("status %#x is not death by signal %d", status, signal);
	}
}

/* Each number is there, in order, or counted as lost; of the last one it is not known. */
static void assert_numbers(const struct recorded *recorded)
{
	const struct recorded_event *first = recorded_named(recorded, "number");
	uint64_t seen = 0, lost = 0, next = 0, done = atomic_load(&shared->done);

	for (uint32_t i = 0; first != NULL && i < recorded->count; i++) {
		const struct recorded_event *event = &recorded->events[i];

		if (event->stream != first->stream) {
			continue;
		}
		if (event->kind == CTRACE_KIND_INSTANT) {
			assert_true(event->numbers[0] >= next);
			next = event->numbers[0] + 1;
			seen++;
		}
		lost += event->kind == CTRACE_KIND_LOST ? event->numbers[1] : 0;
	}
	if (seen + lost != done && seen + lost != done + 1) {
		fail_msg("%llu seen, %llu lost, %llu emitted", (unsigned long long)seen,
			 (unsigned long long)lost, (unsigned long long)done);
	}
}

static void assert_snapshot(const struct death *death)
{
	struct recorded recorded;
	struct ctrace_bytes reason;

	assert_true(snapshots_read(&files, "crash-1.trace", &recorded));
	reason = snapshots_reason(&recorded);
	assert_int_equal(reason.size, strlen(death->reason));
	assert_memory_equal(reason.bytes, death->reason, reason.size);
	assert_non_null(recorded_named(&recorded, "deadly"));
	assert_numbers(&recorded);
	recorded_free(&recorded);
	assert_int_equal(snapshots_count(&files), 0);
}

static pid_t make_child(void)
{
	atomic_store(&shared->done, 0);
	atomic_store(&shared->host_calls, 0);
	fflush(NULL);
	return fork();
}

static void die_once(const struct death *death, enum way way, bool has_host)
{
	pid_t child = make_child();

	assert_true(child >= 0);
	if (child == 0) {
		live_and_die(death, way, has_host);
	}
	assert_signaled(wait_for(child), death->signal);
	assert_int_equal(atomic_load(&shared->host_calls), has_host ? 1 : 0);
	assert_snapshot(death);
}

static void die_often(enum way way, bool has_host)
{
	for (unsigned i = 0; i < DEATHS; i++) {
		for (unsigned j = 0; j < CHILDREN; j++) {
			die_once(&deaths[i], way, has_host);
		}
	}
}

static void between_emits(void **state)
{
	(void)state;
	die_often(BETWEEN_EMITS, false);
}

static void between_emits_with_a_handler_of_the_host(void **state)
{
	(void)state;
	die_often(BETWEEN_EMITS, true);
}

static void within_an_emit(void **state)
{
	(void)state;
	die_often(WITHIN_EMIT, false);
}

static void within_an_emit_with_a_handler_of_the_host(void **state)
{
	(void)state;
	die_often(WITHIN_EMIT, true);
}

/* ---- two at once ---- */

static pthread_barrier_t together;

static void *die_together(void *death)
{
	TRACE_BEGIN("deadly");
	pthread_barrier_wait(&together);
	((const struct death *)death)->die();
	return NULL;
}

static void live_and_die_twice(const struct death *first, const struct death *second)
{
	pthread_t threads[2];

	begin_child();
	begin_flight();
	pthread_barrier_init(&together, NULL, 2);
	pthread_create(&threads[0], NULL, die_together, (void *)(uintptr_t)first);
	pthread_create(&threads[1], NULL, die_together, (void *)(uintptr_t)second);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	_exit(98);
}

static void two_threads_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		const struct death *first = &deaths[i % DEATHS];
		const struct death *second = &deaths[i / DEATHS % DEATHS];
		pid_t child = make_child();
		struct recorded recorded;
		int status;

		if (child == 0) {
			live_and_die_twice(first, second);
		}
		status = wait_for(child);
		assert_true(WIFSIGNALED(status));
		assert_true(WTERMSIG(status) == first->signal ||
			    WTERMSIG(status) == second->signal);
		assert_true(snapshots_read(&files, "crash-1.trace", &recorded));
		assert_int_equal(recorded_count(&recorded, CTRACE_KIND_SPAN_BEGIN, "deadly"), 2);
		recorded_free(&recorded);
		assert_int_equal(snapshots_count(&files), 0);
	}
}

/* ---- other constellations ---- */

static struct sigaction chained;

static void chaining_handler(int signal, siginfo_t *info, void *context)
{
	atomic_fetch_add_explicit(&shared->host_calls, 1, memory_order_relaxed);
	chained.sa_sigaction(signal, info, context);
}

static void a_later_handler_may_call_ours(void **state)
{
	for (unsigned i = 0; i < DEATHS; i++) {
		pid_t child = make_child();

		(void)state;
		if (child == 0) {
			struct sigaction action = {.sa_sigaction = chaining_handler,
						   .sa_flags = SA_SIGINFO | SA_ONSTACK};

			begin_child();
			begin_flight();
			TRACE_BEGIN("deadly");
			sigaction(deaths[i].signal, &action, &chained);
			deaths[i].die();
			_exit(98);
		}
		assert_signaled(wait_for(child), deaths[i].signal);
		assert_true(atomic_load(&shared->host_calls) >= 1);
		assert_snapshot(&deaths[i]);
	}
}

static void a_later_handler_may_take_our_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEATHS; i++) {
		pid_t child = make_child();

		if (child == 0) {
			begin_child();
			begin_flight();
			install_host(deaths[i].signal);
			deaths[i].die();
			_exit(98);
		}
		assert_signaled(wait_for(child), deaths[i].signal);
		assert_int_equal(atomic_load(&shared->host_calls), 1);
		assert_int_equal(snapshots_count(&files), 0);
	}
}

static sigjmp_buf back;

static void jump_back(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

/* A host that survives goes on; its second crash is its own again. */
static void a_host_that_survives_goes_on(void **state)
{
	pid_t child = make_child();
	struct recorded recorded;
	int status;

	(void)state;
	if (child == 0) {
		begin_child();
		signal(SIGSEGV, jump_back);
		begin_flight();
		for (volatile unsigned i = 0; i < 3; i++) {
			if (sigsetjmp(back, 1) == 0) {
				die_segv();
			}
			emit_number();
		}
		_exit(ctrace_flight_stop());
	}
	status = wait_for(child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(atomic_load(&shared->done), 3);
	assert_true(snapshots_read(&files, "crash-1.trace", &recorded));
	recorded_free(&recorded);
	assert_int_equal(snapshots_count(&files), 0);
}

/* A child of a flying program dies its own death, and writes nothing. */
static void a_forked_child_dies_alone(void **state)
{
	pid_t child = make_child();

	(void)state;
	if (child == 0) {
		int status;
		pid_t grandchild;

		begin_child();
		begin_flight();
		emit_number();
		grandchild = fork();
		if (grandchild == 0) {
			die_segv();
			_exit(98);
		}
		waitpid(grandchild, &status, 0);
		_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? ctrace_flight_stop()
									 : 97);
	}
	assert_int_equal(wait_for(child), 0);
	assert_int_equal(snapshots_count(&files), 0);
}

/* Where no file can be made the program dies as it would have. */
static void without_a_file_it_dies_all_the_same(void **state)
{
	pid_t child = make_child();

	(void)state;
	if (child == 0) {
		const struct ctrace_flight_settings settings = {.on_crash = 1,
								.file = "/no/such/%n"};

		begin_child();
		if (ctrace_flight_start(&settings) == 0) {
			abort();
		}
		_exit(98);
	}
	assert_signaled(wait_for(child), SIGABRT);
}

static int set_up(void **state)
{
	(void)state;
	snapshots_init(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snapshots_finish(&files);
	return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(between_emits),
		CASE(between_emits_with_a_handler_of_the_host),
		CASE(within_an_emit),
		CASE(within_an_emit_with_a_handler_of_the_host),
		CASE(two_threads_at_once),
		CASE(a_later_handler_may_call_ours),
		CASE(a_later_handler_may_take_our_place),
		CASE(a_host_that_survives_goes_on),
		CASE(a_forked_child_dies_alone),
		CASE(without_a_file_it_dies_all_the_same),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
