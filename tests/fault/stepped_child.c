/* SPDX-License-Identifier: MIT */

/* What is stepped over, and what a handler does there; see stepped_child.h. */

#include "tests/fault/stepped_child.h"

#include "tests/fault/stepper.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/gate.h"

#include <ctrace/trace.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct stepped_plan stepped_plan;
volatile uint32_t *stepped_calls;

static sigjmp_buf out_of_stretch;
static bool is_forked; /* in a child of the child, which goes on like it */

/* ---- what is stepped over ---- */

static void emit_each_kind(void)
{
	TRACE_BEGIN("one");
	*stepped_calls = 1;
	TRACE_END();
	*stepped_calls = 2;
	TRACE_BEGIN("two", TRACE_I64("n", 7), TRACE_STR("s", "a text"));
	*stepped_calls = 3;
	TRACE_NEXT("three");
	*stepped_calls = 4;
	TRACE_COUNTER("counter", 3);
	*stepped_calls = 5;
	TRACE_END();
	*stepped_calls = 6;
}

/* Leave only what is kept for ends, with the collector standing still. */
static void fill_ring(void)
{
	const struct ctrace_level *level = &ctrace_self->levels[0];
	struct ctrace_room room;

	atomic_store_explicit(&ctrace_collect_stall, 1, memory_order_release);
	ctrace_collect_policy(CTRACE_POLICY_DROP); /* a request is answered between two passes */
	room = ctrace_ring_refresh(ctrace_self->ring, 0);
	while (atomic_load_explicit(&level->head, memory_order_relaxed) < room.limit) {
		TRACE_INSTANT("filler");
	}
}

static void empty_ring(void)
{
	atomic_store_explicit(&ctrace_collect_stall, 0, memory_order_release);
	ctrace_gate_ring_bell();
	for (int i = 0; i < 10000 && !ctrace_ring_is_clean(ctrace_self->ring); i++) {
		usleep(1000);
	}
}

static void run_stretch(void)
{
	step_from_here();
	if (stepped_plan.is_first_event) {
		TRACE_INSTANT("before");
	}
	emit_each_kind();
	step_to_here();
}

static void set_handler(void)
{
	static char alternate[64 << 10];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	const struct sigaction action = {.sa_handler = stepped_plan.handler,
					 .sa_flags = stepped_plan.flags};

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

/* Nobody records: rings stay full. */
static void use_rings(unsigned max_kb)
{
	ctrace_rings_set_bytes(CTRACE_RING_KB_MIN << 10);
	ctrace_growth_set_max((size_t)max_kb << 10);
	ctrace_ring_dir_use(stepped_plan.rings, NULL);
}

_Noreturn void stepped_child(void)
{
	const struct ctrace_settings settings = {.file = stepped_plan.path,
						 .ring_kb = CTRACE_RING_KB_MIN,
						 .ring_max_kb = stepped_plan.can_grow ? 128 : 64};

	signal(SIGSEGV, SIG_DFL); /* not cmocka's */
	set_handler();
	if (stepped_plan.is_killed) {
		use_rings(settings.ring_max_kb);
	} else if (ctrace_start(&settings) != 0) {
		_exit(2);
	}
	if (!stepped_plan.is_first_event) {
		TRACE_INSTANT("before");
	}
	if (stepped_plan.is_full) {
		fill_ring();
	}
	if (sigsetjmp(out_of_stretch, 1) == 0) {
		run_stretch();
	}
	if (stepped_plan.is_full && !stepped_plan.is_killed && !is_forked) {
		empty_ring();
	}
	TRACE_INSTANT("after");
	TRACE_INSTANT("and on");
	if (is_forked) {
		_exit(ctrace_stop() == 0 ? 5 : 0);
	}
	if (stepped_plan.kills_itself) {
		raise(SIGKILL);
	}
	_exit(ctrace_stop() == 0 ? 0 : 3);
}

/* ---- what happens there ---- */

static void trace_deeper(int number)
{
	TRACE_SPAN("in handler");
	TRACE_INSTANT("in handler", TRACE_I64("signal", number));
}

void stepped_trace_in_handler(int number)
{
	stepped_calls[1] = stepped_calls[0];
	TRACE_BEGIN("in handler", TRACE_I64("signal", number));
	signal(SIGUSR2, trace_deeper);
	raise(SIGUSR2);
	TRACE_NEXT("in handler");
	TRACE_END();
}

void stepped_jump_away(int number)
{
	(void)number;
	siglongjmp(out_of_stretch, 1);
}

void stepped_trace_and_jump_away(int number)
{
	TRACE_INSTANT("in handler", TRACE_I64("signal", number));
	siglongjmp(out_of_stretch, 1);
}

static pid_t fork_by_system_call(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void trace_in_child(void)
{
	for (int i = 0; i < 10; i++) {
		TRACE_SPAN("in the child", TRACE_I64("i", i));
		TRACE_BEGIN("in the child");
		TRACE_NEXT("in the child");
		TRACE_END();
	}
	TRACE_END();
}

/* What the forked child does in the handler before it exits or returns. */
enum then { TRACE_AND_EXIT, TRACE_AND_RETURN, RETURN };

static void fork_in_handler(pid_t (*way)(void), enum then then)
{
	pid_t child = way();
	int status = -1;

	if (child == 0) {
		is_forked = true;
		if (then < RETURN) {
			trace_in_child();
		}
		if (then == TRACE_AND_EXIT) {
			_exit(0);
		}
		return;
	}
	if (waitpid(child, &status, 0) != child || status != 0) {
		_exit(4);
	}
}

void stepped_fork_plainly(int number)
{
	(void)number;
	fork_in_handler(fork, TRACE_AND_EXIT);
}

void stepped_fork_without_handlers(int number)
{
	(void)number;
	fork_in_handler(_Fork, TRACE_AND_EXIT);
}

void stepped_clone_by_system_call(int number)
{
	(void)number;
	fork_in_handler(fork_by_system_call, TRACE_AND_EXIT);
}

void stepped_fork_and_go_on(int number)
{
	(void)number;
	fork_in_handler(fork, RETURN);
}

void stepped_fork_without_handlers_and_go_on(int number)
{
	(void)number;
	fork_in_handler(_Fork, TRACE_AND_RETURN);
}

void stepped_fork_without_handlers_and_return(int number)
{
	(void)number;
	fork_in_handler(_Fork, RETURN);
}

void stepped_clone_by_system_call_and_return(int number)
{
	(void)number;
	fork_in_handler(fork_by_system_call, RETURN);
}

static void fork_in_files(pid_t (*way)(void))
{
	fork_in_handler(way, RETURN);
	if (is_forked) {
		ctrace_gate_record_no_more();
	}
}

void stepped_fork_in_files_and_go_on(int number)
{
	(void)number;
	fork_in_files(fork);
}

void stepped_fork_in_files_without_handlers_and_return(int number)
{
	(void)number;
	fork_in_files(_Fork);
}
