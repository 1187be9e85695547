/* SPDX-License-Identifier: MIT */

/* Timers of threads and what they find; see sigprof.h. */

#include "tracer/preload/sigprof.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* Threads beyond are not sampled. */
#define TIMERS_MAX 4096
/* For a signal's frame with all registers there are, and for a handler of the program's own. */
#define OWN_STACK_BYTES (64u << 10)
/* Of a stack that the program has for signals: what our handler takes beside the frame. */
#define HANDLER_BYTES 2048u
/* A recorder looks a hundred times a second; who has not for so long is gone. */
#define SILENCE_NS UINT64_C(10000000000)
/* Attempts for a slot, before the sample is lost. */
#define ATTEMPTS 16
/* The calling thread's time in user mode: CPUCLOCK_VIRT of CPUCLOCK_PERTHREAD. */
#define USER_TIME_CLOCK ((clockid_t)(~0u << 3 | 4 | 1))

struct thread {
	uint64_t stack_low, stack_high;
	int slot; /* its timer's, plus 1; 0: none */
	bool is_known;
	void *own_stack;
};

static struct ctrace_sample_area *area;
static _Atomic bool is_on;
static uint64_t image;
/* Whose threads and timers these are: not those of a child of vfork, which shares our memory. */
static pid_t owner;
static pthread_key_t key;
/* The kernel's number of each timer, plus 1; 0: free. Whoever exchanges it for 0 deletes it. */
static _Atomic int timers[TIMERS_MAX];
static _Thread_local struct thread self __attribute__((tls_model("initial-exec")));

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool ctrace_sigprof_is_on(void)
{
	return atomic_load_explicit(&is_on, memory_order_acquire) && getpid() == owner;
}

/* ---- timers ---- */

static void remove_timer(int slot)
{
	int number = atomic_exchange_explicit(&timers[slot], 0, memory_order_acq_rel);

	if (number != 0) {
		syscall(SYS_timer_delete, number - 1);
	}
}

/* Linux's numbers, not libc's timers: no memory is needed, so a handler may do it. */
static int make_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
	const struct itimerspec period = {.it_interval = {.tv_nsec = (long)area->period_ns},
					  .it_value = {.tv_nsec = (long)area->period_ns}};
	int number;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	event.sigev_value.sival_ptr = &area;
	if (syscall(SYS_timer_create, USER_TIME_CLOCK, &event, &number) != 0) {
		return -1;
	}
	if (syscall(SYS_timer_settime, number, 0, &period, NULL) != 0) {
		syscall(SYS_timer_delete, number);
		return -1;
	}
	return number;
}

/* Returns the place, plus 1; 0: all are taken. */
static int keep_timer(int number)
{
	for (int i = 0; i < TIMERS_MAX; i++) {
		int none = 0;

		if (atomic_compare_exchange_strong_explicit(&timers[i], &none, number + 1,
							    memory_order_acq_rel,
							    memory_order_relaxed)) {
			return i + 1;
		}
	}
	return 0;
}

static bool is_blocked(void)
{
	sigset_t mask;

	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) != 0 ||
	       sigismember(&mask, SIGPROF) == 1;
}

void ctrace_sigprof_resume(void)
{
	int saved = errno, number;

	if (!ctrace_sigprof_is_on() || !self.is_known || self.slot != 0 || is_blocked()) {
		return;
	}
	number = make_timer();
	self.slot = number >= 0 ? keep_timer(number) : 0;
	if (number >= 0 && self.slot == 0) {
		syscall(SYS_timer_delete, number);
	}
	if (self.slot == 0) {
		atomic_fetch_or_explicit(&area->ends, CTRACE_SAMPLE_END_TIMERS,
					 memory_order_relaxed);
	} else if (!ctrace_sigprof_is_on()) { /* meanwhile: whoever finds it removes it */
		ctrace_sigprof_rest();
	}
	errno = saved;
}

void ctrace_sigprof_rest(void)
{
	int saved = errno;

	if (self.slot != 0 && getpid() == owner) {
		remove_timer(self.slot - 1);
		self.slot = 0;
	}
	errno = saved;
}

/* What is pending of ours goes with the moment in which the signal is ignored. */
void ctrace_sigprof_give_way(uint32_t why)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} action = {.handler = (uint64_t)SIG_IGN};
	int saved = errno;

	if (getpid() != owner || !atomic_exchange_explicit(&is_on, false, memory_order_acq_rel)) {
		return;
	}
	for (int i = 0; i < TIMERS_MAX; i++) {
		remove_timer(i);
	}
	syscall(SYS_rt_sigaction, SIGPROF, &action, NULL, 8);
	action.handler = (uint64_t)SIG_DFL;
	syscall(SYS_rt_sigaction, SIGPROF, &action, NULL, 8);
	atomic_fetch_or_explicit(&area->ends, why, memory_order_relaxed);
	errno = saved;
}

/* ---- a sample ---- */

/* NULL: there is no room, or no luck. */
static struct ctrace_sample_slot *reserve(uint64_t *number)
{
	uint64_t head = atomic_load_explicit(&area->head, memory_order_relaxed);

	for (int i = 0; i < ATTEMPTS; i++) {
		/* [T] acquire. */
		uint64_t tail = atomic_load_explicit(&area->tail, memory_order_acquire);

		if (head - tail >= CTRACE_SAMPLE_SLOTS) {
			break;
		}
		if (atomic_compare_exchange_strong_explicit(&area->head, &head, head + 1,
							    memory_order_relaxed,
							    memory_order_relaxed)) {
			*number = head;
			return &area->slots[head % CTRACE_SAMPLE_SLOTS];
		}
	}
	atomic_fetch_add_explicit(&area->lost, 1, memory_order_relaxed);
	return NULL;
}

/* Of a stack that we know: what is there is mapped. Others are coroutines' and the like. */
static void copy_stack(struct ctrace_sample_slot *slot)
{
	uint64_t at = slot->stack_pointer, left;

	slot->stack_size = 0;
	if (at < self.stack_low || at >= self.stack_high) {
		return;
	}
	left = self.stack_high - at;
	slot->stack_size =
		(uint32_t)(left < CTRACE_SAMPLE_STACK_BYTES ? left : CTRACE_SAMPLE_STACK_BYTES);
	/* NOLINTNEXTLINE: an address out of a register */
	memcpy(slot->stack, (const void *)at, slot->stack_size);
}

static void fill(struct ctrace_sample_slot *slot, const siginfo_t *info, const ucontext_t *context)
{
	unsigned cpu = 0;

	getcpu(&cpu, NULL);
	slot->pid = (uint32_t)getpid();
	slot->tid = (uint32_t)syscall(SYS_gettid);
	slot->cpu = cpu;
	slot->image = image;
	slot->stamp_ns = raw_ns();
	slot->periods = 1 + (uint64_t)(info->si_overrun > 0 ? info->si_overrun : 0);
	slot->instruction = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	slot->frame_pointer = (uint64_t)context->uc_mcontext.gregs[REG_RBP];
	slot->stack_pointer = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
	copy_stack(slot);
}

static bool is_recorder_gone(void)
{
	return raw_ns() - atomic_load_explicit(&area->heard_ns, memory_order_relaxed) > SILENCE_NS;
}

/* It would have ended the program, and does so when this handler returns. */
static void do_as_without_us(void)
{
	ctrace_sigprof_give_way(CTRACE_SAMPLE_END_HANDLER);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPROF);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	int saved = errno;
	struct ctrace_sample_slot *slot;
	uint64_t number = 0;

	(void)signal;
	if (info->si_code != SI_TIMER || info->si_value.sival_ptr != (void *)&area) {
		do_as_without_us();
	} else if (is_recorder_gone()) {
		ctrace_sigprof_rest();
	} else if ((slot = reserve(&number)) != NULL) {
		fill(slot, info, context);
		/* [S] release. */
		atomic_store_explicit(&slot->sequence, number + 1, memory_order_release);
	}
	errno = saved;
}

/* ---- threads ---- */

static void know_stack(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
		return;
	}
	if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
		self.stack_low = (uint64_t)low;
		self.stack_high = (uint64_t)low + size;
	}
	pthread_attr_destroy(&attributes);
}

static bool is_stack_enough(const stack_t *stack)
{
	return (stack->ss_flags & SS_DISABLE) == 0 &&
	       stack->ss_size >= getauxval(AT_MINSIGSTKSZ) + HANDLER_BYTES;
}

/* False: the program has one that is too small for us, or there is no memory. */
static bool take_own_stack(void)
{
	stack_t now, own = {.ss_size = OWN_STACK_BYTES};

	if (ctrace_sigprof_real_sigaltstack(NULL, &now) != 0) {
		return false;
	}
	if ((now.ss_flags & SS_DISABLE) == 0) {
		return is_stack_enough(&now);
	}
	own.ss_sp = mmap(NULL, OWN_STACK_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (own.ss_sp == MAP_FAILED) {
		return false;
	}
	self.own_stack = own.ss_sp;
	return ctrace_sigprof_real_sigaltstack(&own, NULL) == 0;
}

void ctrace_sigprof_stack_is(const stack_t *stack)
{
	if (!is_stack_enough(stack)) {
		ctrace_sigprof_rest();
		self.is_known = false;
	}
}

void ctrace_sigprof_begin_thread(void)
{
	if (!ctrace_sigprof_is_on()) {
		return;
	}
	know_stack();
	pthread_setspecific(key, &self);
	self.is_known = take_own_stack();
	ctrace_sigprof_resume();
}

/* The program may have given the thread another stack since. */
static void give_own_stack_back(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};
	stack_t now;

	if (self.own_stack == NULL || ctrace_sigprof_real_sigaltstack(NULL, &now) != 0 ||
	    (now.ss_flags & SS_ONSTACK) != 0) {
		return;
	}
	if (now.ss_sp == self.own_stack) {
		ctrace_sigprof_real_sigaltstack(&none, NULL);
	}
	munmap(self.own_stack, OWN_STACK_BYTES);
	self.own_stack = NULL;
}

static void end_thread(void *unused)
{
	(void)unused;
	ctrace_sigprof_rest();
	self.is_known = false;
	give_own_stack_back();
}

/* Timers are not inherited; the child's one thread has the stack that its parent's has. */
static void begin_child(void)
{
	for (int i = 0; i < TIMERS_MAX; i++) {
		atomic_store_explicit(&timers[i], 0, memory_order_relaxed);
	}
	self.slot = 0;
	owner = getpid();
	ctrace_sigprof_resume();
}

/* ---- beginning ---- */

static struct ctrace_sample_area *map_area(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct ctrace_sample_area *mapped;

	if (fd < 0) {
		return NULL;
	}
	mapped = mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED) {
		return NULL;
	}
	if (mapped->version != CTRACE_SAMPLE_AREA_VERSION || mapped->is_begun != 1 ||
	    mapped->period_ns == 0 || mapped->period_ns >= 1000000000u) {
		munmap(mapped, sizeof(*mapped));
		return NULL;
	}
	return mapped;
}

static bool is_default(void)
{
	struct sigaction action;

	return ctrace_sigprof_real_sigaction(SIGPROF, NULL, &action) == 0 &&
	       action.sa_handler == SIG_DFL;
}

static bool install(void)
{
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};

	sigfillset(&action.sa_mask);
	return pthread_key_create(&key, end_thread) == 0 &&
	       pthread_atfork(NULL, NULL, begin_child) == 0 &&
	       ctrace_sigprof_real_sigaction(SIGPROF, &action, NULL) == 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv(CTRACE_SAMPLE_AREA_VARIABLE);

	if (path == NULL || getauxval(AT_SECURE) != 0 || (area = map_area(path)) == NULL) {
		return;
	}
	if (!is_default()) {
		atomic_fetch_or_explicit(&area->ends, CTRACE_SAMPLE_END_INHERITED,
					 memory_order_relaxed);
		return;
	}
	image = raw_ns();
	owner = getpid();
	if (install()) {
		atomic_store_explicit(&is_on, true, memory_order_release);
		ctrace_sigprof_begin_thread();
	}
}
