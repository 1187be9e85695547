/* SPDX-License-Identifier: MIT */

/*
 * Processes: calls that return in another one, or do not return.
 *
 * vfork is not wrapped: its child runs on the parent's stack, and must return to the parent's
 * frame. What such a child calls is recorded in its parent's thread, which waits meanwhile; but
 * not an exec that succeeds, which would stay open there.
 */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"

extern char **environ;

CTRACE_WRAPPER pid_t fork(void)
{
	unsigned code = ctrace_call_begin(CTRACE_CALL_fork, NULL, 0);
	pid_t child = ctrace_real.fork();

	if (child != 0) {
		ctrace_call_end(code, CTRACE_RESULT_ERRNO(child));
	}
	return child;
}

CTRACE_WRAPPER int pause(void)
{
	unsigned code = ctrace_call_begin(CTRACE_CALL_pause, NULL, 0);
	int result = ctrace_real.pause();

	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}

CTRACE_WRAPPER int sched_yield(void)
{
	unsigned code = ctrace_call_begin(CTRACE_CALL_sched_yield, NULL, 0);
	int result = ctrace_real.sched_yield();

	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}

/* ---- exec ---- */

struct exec_call {
	enum ctrace_call_id id;
	const char *path;
	char *const *argv;
	char *const *environment;
};

static unsigned begin_exec(const struct exec_call *call)
{
	const uint64_t words[] = {(uint64_t)call->path, (uint64_t)call->argv,
				  (uint64_t)call->environment};

	return ctrace_call_begin(call->id, words, 3);
}

static bool is_vfork_child(void)
{
	const struct ctrace_face *recorder =
		atomic_load_explicit(&ctrace_recorder, memory_order_acquire);

	return recorder != NULL && !recorder->is_own_process();
}

/* What it points to is told before, since a call that succeeds does not return: so it is doubtful.
 */
static unsigned before_exec(const struct exec_call *call)
{
	unsigned code;

	if (ctrace_call_state(call->id) == 0 || is_vfork_child()) {
		return 0;
	}
	code = begin_exec(call);
	if (code != 0) {
		ctrace_call_text_of(0, call->path, -EFAULT);
	}
	return code;
}

/* It failed. In a child of vfork, that is the first that is recorded of it. */
static int after_exec(const struct exec_call *call, unsigned code, int result)
{
	int64_t word = CTRACE_RESULT_ERRNO(result);

	if (code == 0 && is_vfork_child()) {
		code = begin_exec(call);
	}
	ctrace_call_end(code, word);
	return result;
}

CTRACE_WRAPPER int execve(const char *path, char *const *argv, char *const *environment)
{
	const struct exec_call call = {CTRACE_CALL_execve, path, argv, environment};
	unsigned code = before_exec(&call);

	ctrace_real_need();
	return after_exec(&call, code, ctrace_real.execve(path, argv, environment));
}

CTRACE_WRAPPER int execv(const char *path, char *const *argv)
{
	const struct exec_call call = {CTRACE_CALL_execv, path, argv, environ};
	unsigned code = before_exec(&call);

	ctrace_real_need();
	return after_exec(&call, code, ctrace_real.execv(path, argv));
}

CTRACE_WRAPPER int execvp(const char *path, char *const *argv)
{
	const struct exec_call call = {CTRACE_CALL_execvp, path, argv, environ};
	unsigned code = before_exec(&call);

	ctrace_real_need();
	return after_exec(&call, code, ctrace_real.execvp(path, argv));
}

CTRACE_WRAPPER int execvpe(const char *path, char *const *argv, char *const *environment)
{
	const struct exec_call call = {CTRACE_CALL_execvpe, path, argv, environment};
	unsigned code = before_exec(&call);

	ctrace_real_need();
	return after_exec(&call, code, ctrace_real.execvpe(path, argv, environment));
}
