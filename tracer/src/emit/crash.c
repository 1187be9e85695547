/* SPDX-License-Identifier: MIT */

/* Handlers of crashes; see crash.h. */

#include "tracer/src/emit/crash.h"

#include "tracer/src/sites/kernel_call.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
#define CRASHES (sizeof(crashes) / sizeof(crashes[0]))

/* A handler of the host may run on it as well, so not the least possible; untouched pages are free.
 */
#define STACK_BYTES ((size_t)64 << 10)
#define GUARD_BYTES ((size_t)4 << 10)

_Atomic(ctrace_crash_note_fn *) ctrace_crash_note;

/*
 * Pairs of orders:
 *     [A] asker: release by install, acquire in the handler: the actions before who is asked.
 *     [N] note: release by who sets it, acquire in the handler: the folder before its name.
 *     [D] done: release by answer, acquire by who waits: the snapshot before the end of the wait.
 */
static _Atomic(void (*)(int)) asker; /* NULL: nobody awaits crashes */
static struct sigaction before[CRASHES];
static bool is_installed[CRASHES];
static _Atomic bool has_crashed;
static _Atomic uint32_t done; /* futex: 1 once the first crash has its answer */

static __thread char *own_stack __attribute__((tls_model("initial-exec")));
static __thread bool is_answerer __attribute__((tls_model("initial-exec")));

static void on_crash(int signal, siginfo_t *info, void *context);

/* ---- stacks ---- */

static bool awaits_crashes(void)
{
	/* [A] */
	return atomic_load_explicit(&asker, memory_order_acquire) != NULL;
}

static void give_stack(void)
{
	stack_t stack = {.ss_size = STACK_BYTES};
	char *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (memory == MAP_FAILED) {
		return;
	}
	stack.ss_sp = memory + GUARD_BYTES;
	if (mprotect(memory, GUARD_BYTES, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0) {
		munmap(memory, GUARD_BYTES + STACK_BYTES);
		return;
	}
	own_stack = memory;
}

void ctrace_crash_thread_enter(void)
{
	int saved = errno;
	stack_t present;

	if (awaits_crashes() && own_stack == NULL && sigaltstack(NULL, &present) == 0 &&
	    (present.ss_flags & SS_DISABLE) != 0) {
		give_stack();
	}
	errno = saved;
}

void ctrace_crash_thread_leave(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};
	int saved = errno;
	stack_t present;

	if (own_stack == NULL) {
		return;
	}
	/* The host may have put its own in the place of ours. */
	if (sigaltstack(NULL, &present) == 0 && present.ss_sp == own_stack + GUARD_BYTES) {
		sigaltstack(&none, NULL);
	}
	munmap(own_stack, GUARD_BYTES + STACK_BYTES);
	own_stack = NULL;
	errno = saved;
}

void ctrace_crash_thread_answers(void)
{
	is_answerer = true;
}

/* ---- the handler ---- */

static int index_of(int signal)
{
	for (unsigned i = 0; i < CRASHES; i++) {
		if (crashes[i] == signal) {
			return (int)i;
		}
	}
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_for_answer(void)
{
	int64_t end = now_ms() + CTRACE_CRASH_WAIT_MS;

	/* [D] */
	while (atomic_load_explicit(&done, memory_order_acquire) == 0) {
		int64_t left = end - now_ms();
		struct timespec timeout = {left / 1000, left % 1000 * 1000000};

		if (left <= 0) {
			return;
		}
		ctrace_kernel_call(SYS_futex, (long)&done, FUTEX_WAIT_PRIVATE, 0, (long)&timeout);
	}
}

static void tell(int signal)
{
	/* [N] acquire. */
	ctrace_crash_note_fn *note = atomic_load_explicit(&ctrace_crash_note, memory_order_acquire);
	/* [A] */
	void (*ask)(int) = atomic_load_explicit(&asker, memory_order_acquire);

	if (note != NULL) {
		note(signal);
	}
	if (ask == NULL || is_answerer) {
		return;
	}
	if (!atomic_exchange_explicit(&has_crashed, true, memory_order_relaxed)) {
		ask(signal);
	}
	wait_for_answer();
}

static bool is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_crash;
}

static bool is_function(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) != 0 ||
	       (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

static void call(const struct sigaction *action, int signal, siginfo_t *info, void *context)
{
	if ((action->sa_flags & SA_SIGINFO) != 0) {
		action->sa_sigaction(signal, info, context);
	} else {
		action->sa_handler(signal);
	}
}

/*
 * The action that was there before takes over. A fault happens again by itself when the handler
 * returns to it; what was sent is sent again, and comes when the handler has returned.
 */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	const struct sigaction *old = &before[index_of(signal)];
	struct sigaction present, none;

	memset(&none, 0, sizeof(none));
	none.sa_handler = SIG_DFL;
	sigaction(signal, NULL, &present);
	if (is_ours(&present)) {
		sigaction(signal, old, NULL);
	} else if (is_function(old)) {
		/* A later handler of the host called us as the one before it. */
		call(old, signal, info, context);
		return;
	} else {
		sigaction(signal, &none, NULL);
	}
	if (info->si_code <= 0) {
		ctrace_kernel_call(SYS_rt_tgsigqueueinfo, getpid(), gettid(), signal, (long)info);
	}
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	tell(signal);
	pass_on(signal, info, context);
	errno = saved;
}

/* ---- beginning and end ---- */

void ctrace_crash_install(void (*ask)(int signal))
{
	struct sigaction ours;

	memset(&ours, 0, sizeof(ours));
	ours.sa_sigaction = on_crash;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigemptyset(&ours.sa_mask);
	atomic_store_explicit(&has_crashed, false, memory_order_relaxed);
	atomic_store_explicit(&done, 0, memory_order_relaxed);
	for (unsigned i = 0; i < CRASHES; i++) {
		struct sigaction present;

		/* A handler of the host that calls us has us still. */
		if (sigaction(crashes[i], NULL, &present) == 0 && !is_ours(&present)) {
			before[i] = present;
			is_installed[i] = sigaction(crashes[i], &ours, NULL) == 0;
		}
	}
	/* [A] */
	atomic_store_explicit(&asker, ask, memory_order_release);
	ctrace_crash_thread_enter();
}

void ctrace_crash_remove(void)
{
	atomic_store_explicit(&asker, NULL, memory_order_release);
	for (unsigned i = 0; i < CRASHES; i++) {
		struct sigaction present;

		if (is_installed[i] && sigaction(crashes[i], NULL, &present) == 0 &&
		    is_ours(&present)) {
			sigaction(crashes[i], &before[i], NULL);
		}
		is_installed[i] = false;
	}
}

void ctrace_crash_answer(void)
{
	/* [D] */
	atomic_store_explicit(&done, 1, memory_order_release);
	ctrace_kernel_call(SYS_futex, (long)&done, FUTEX_WAKE_PRIVATE, INT32_MAX, 0);
}

void ctrace_crash_fork_child(void)
{
	is_answerer = false;
	ctrace_crash_remove();
}
