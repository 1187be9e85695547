/* SPDX-License-Identifier: MIT */

/* Threads and their rings; see thread.h. Names of threads and of the process. */

#include "tracer/src/emit/thread.h"

#include "tracer/src/emit/crash.h"
#include "tracer/src/emit/emit.h"
#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/quiet.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ctrace_control ctrace_control_none;
struct ctrace_control ctrace_control_making;
struct ctrace_control ctrace_control_gone;
__thread struct ctrace_control *ctrace_self __attribute__((tls_model("initial-exec"))) =
	&ctrace_control_none;

static struct ctrace_loss_count own_orphans;
static struct ctrace_loss_count *_Atomic orphans = &own_orphans;

static struct cds_lfs_stack registry;
static _Atomic size_t ring_bytes = CTRACE_RING_KB_DEFAULT << 10;
static _Atomic uint64_t thread_numbers;
static _Atomic uint32_t idle_rings; /* FREE or EXITED: is looking for one worth it? */
static _Atomic uint32_t rings_made;
static pthread_key_t exit_key;
static _Atomic bool has_exit_key;

struct cds_lfs_node *ctrace_rings_first(void)
{
	struct cds_lfs_head *head = __atomic_load_n(&registry.head, __ATOMIC_ACQUIRE);

	/* [R] acquire: all of a ring before its place in the registry. Met by the release [R] in
	 * take_ring. */
	(void)atomic_load_explicit(&rings_made, memory_order_acquire);
	return head != NULL ? &head->node : NULL;
}

bool ctrace_rings_exist(void)
{
	return ctrace_rings_first() != NULL;
}

void ctrace_rings_set_bytes(size_t bytes)
{
	atomic_store_explicit(&ring_bytes, bytes, memory_order_relaxed);
}

uint64_t ctrace_threads_seen(void)
{
	return atomic_load_explicit(&thread_numbers, memory_order_relaxed);
}

struct ctrace_loss_count *ctrace_orphans(void)
{
	return atomic_load_explicit(&orphans, memory_order_acquire);
}

void ctrace_orphans_move(struct ctrace_loss_count *to)
{
	atomic_store_explicit(&orphans, to != NULL ? to : &own_orphans, memory_order_release);
}

static void count_orphan(void)
{
	ctrace_loss_add(ctrace_orphans(), 1, ctrace_clock_ticks());
}

/*
 * Destructors of other keys may trace after ours has run, so ours comes again in
 * the next round; in the last but one the thread gives its ring away for good. (The
 * last one is where sanitizers take themselves down.)
 */
static void thread_exit(void *round)
{
	struct ctrace_control *control = ctrace_self;
	uintptr_t next = (uintptr_t)round + 1;

	if (next < PTHREAD_DESTRUCTOR_ITERATIONS &&
	    pthread_setspecific(exit_key, (void *)next) ==
		    0) { /* NOLINT: a number, not an address */
		return;
	}
	ctrace_crash_thread_leave();
	ctrace_self = &ctrace_control_gone;
	if (control->ring == NULL) {
		return;
	}
	ctrace_emit_settle(control->ring);
	/* [S] release: the thread's last records and names before the change of hands. */
	atomic_store_explicit(&control->ring->shared->state, CTRACE_RING_EXITED,
			      memory_order_release);
	atomic_fetch_add_explicit(&idle_rings, 1, memory_order_relaxed);
}

void ctrace_thread_init(void)
{
	cds_lfs_init(&registry);
	atomic_store_explicit(&has_exit_key, pthread_key_create(&exit_key, thread_exit) == 0,
			      memory_order_relaxed);
}

/* [S] acquire-release: what its last owner left, and what we do next, on their sides of it. */
static bool change_state(struct ctrace_ring *ring, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong_explicit(&ring->shared->state, &from, to,
						       memory_order_acq_rel, memory_order_relaxed);
}

void ctrace_ring_free(struct ctrace_ring *ring, bool is_orphan)
{
	if (is_orphan) {
		atomic_fetch_add_explicit(&idle_rings, 1, memory_order_relaxed);
	}
	/* [S] release: emptying before the change of hands. */
	atomic_store_explicit(&ring->shared->state, CTRACE_RING_FREE, memory_order_release);
}

/* Of a ring that an exited thread left: does nobody need to empty it? */
static bool is_unneeded(const struct ctrace_ring *ring)
{
	return !ctrace_gate_is_recording() && ctrace_ring_is_clean(ring);
}

/*
 * Take over a ring nobody owns. One left by an exited thread only if nobody needs to
 * empty it: asked before, to leave others in peace, and again once it is ours, since
 * another thread may have had it and left it meanwhile.
 */
static bool try_adopt(struct ctrace_ring *ring)
{
	/* [S] acquire: what its last owner or the collector left. */
	uint32_t state = atomic_load_explicit(&ring->shared->state, memory_order_acquire);
	bool is_left = state == CTRACE_RING_EXITED;

	if ((state != CTRACE_RING_FREE && !(is_left && is_unneeded(ring))) ||
	    ring->first.bytes != atomic_load_explicit(&ring_bytes, memory_order_relaxed) ||
	    !change_state(ring, state, CTRACE_RING_TAKEN)) {
		return false;
	}
	if (is_left && !is_unneeded(ring)) {
		/* [S] release. */
		atomic_store_explicit(&ring->shared->state, CTRACE_RING_EXITED,
				      memory_order_release);
		return false;
	}
	return true;
}

static struct ctrace_ring *adopt_idle_ring(void)
{
	if (atomic_load_explicit(&idle_rings, memory_order_relaxed) == 0) {
		return NULL;
	}
	for (struct cds_lfs_node *at = ctrace_rings_first(); at != NULL; at = at->next) {
		if (try_adopt(ctrace_ring_of(at))) {
			atomic_fetch_sub_explicit(&idle_rings, 1, memory_order_relaxed);
			return ctrace_ring_of(at);
		}
	}
	return NULL;
}

/* Who owns it from here on. The number tells the collector that the owner is another one. */
static void introduce(struct ctrace_ring *ring)
{
	struct ctrace_ring_shared *shared = ring->shared;
	char name[CTRACE_NAME_BYTES_MAX] = "";

	ring->waited_at = 0;
	prctl(PR_GET_NAME, name);
	ctrace_ring_set_name(ring, name);
	atomic_store_explicit(&shared->tid, (uint32_t)syscall(SYS_gettid), memory_order_relaxed);
	atomic_store_explicit(&shared->start, ctrace_clock_ticks(), memory_order_relaxed);
	/* [S] release: the row before its number. */
	atomic_store_explicit(
		&shared->number,
		1 + atomic_fetch_add_explicit(&thread_numbers, 1, memory_order_relaxed),
		memory_order_release);
}

static struct ctrace_ring *take_ring(void)
{
	struct ctrace_ring *ring = adopt_idle_ring();
	bool is_new = ring == NULL;

	if (is_new) {
		ring = ctrace_ring_create(atomic_load_explicit(&ring_bytes, memory_order_relaxed));
	}
	if (ring == NULL) {
		return NULL;
	}
	introduce(ring);
	ctrace_ring_rearm(ring);
	/* [S] release: whose it is before it lives. */
	atomic_store_explicit(&ring->shared->state, CTRACE_RING_ALIVE, memory_order_release);
	if (is_new) {
		/* [R] release: before the push, so that who finds the ring finds this done. */
		atomic_fetch_add_explicit(&rings_made, 1, memory_order_release);
		cds_lfs_push(&registry, &ring->node);
	}
	return ring;
}

/* An event in the middle of this, of an allocator that traces, finds "making" and is lost. */
static struct ctrace_ring *make_ring(void)
{
	struct ctrace_ring *ring;

	ctrace_self = &ctrace_control_making;
	ring = take_ring();
	if (ring != NULL && atomic_load_explicit(&has_exit_key, memory_order_relaxed)) {
		pthread_setspecific(exit_key, (void *)(uintptr_t)1); /* NOLINT: a number */
		ctrace_crash_thread_enter();
	}
	ctrace_step();
	ctrace_self = ring != NULL ? ring->control : &ctrace_control_none;
	return ring;
}

/* Signals wait while a ring is half made: a handler might jump away from it, or fork. */
static struct ctrace_ring *make_own_ring(void)
{
	int saved = errno;
	struct ctrace_ring *ring;
	uint64_t mask;
	int cancel;

	/* What is called here may be where threads are cancelled; an event is not. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	mask = ctrace_quiet_hold();
	ring = ctrace_self->ring; /* a handler's first event may have come before this one */
	if (ring == NULL) {
		ring = make_ring();
		if (ring != NULL) {
			ring->blocked_signals = mask;
		}
	}
	ctrace_quiet_release(mask);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return ring;
}

static bool can_have_ring(void)
{
	return ctrace_self != &ctrace_control_making && ctrace_self != &ctrace_control_gone;
}

static bool has_control_page(void)
{
	return can_have_ring() && ctrace_self != &ctrace_control_none;
}

bool ctrace_thread_is_own_process(void)
{
	const struct ctrace_ring *ring = ctrace_self->ring;

	return ring == NULL || ctrace_kernel_call(SYS_getpid, 0, 0, 0, 0) == ring->pid;
}

struct ctrace_ring *ctrace_thread_ring_for_event(void)
{
	struct ctrace_ring *ring = ctrace_self->ring;

	if (ring != NULL) {
		return ring;
	}
	ctrace_gate_notice_fork();
	if (!ctrace_gate_is_recording()) {
		return NULL;
	}
	if (can_have_ring()) {
		ring = make_own_ring();
	}
	if (ring == NULL) {
		count_orphan();
	}
	return ring;
}

__attribute__((no_sanitize_thread)) void ctrace_thread_fork_child(void)
{
	cds_lfs_init(&registry);
	atomic_store_explicit(&idle_rings, 0, memory_order_relaxed);
	ctrace_ring_budget_fork_child();
	ctrace_orphans_move(NULL);
	atomic_store_explicit(&own_orphans.seen,
			      atomic_load_explicit(&own_orphans.count, memory_order_relaxed),
			      memory_order_relaxed);
	if (has_control_page()) {
		ctrace_ring_fork_child(ctrace_self);
	}
	ctrace_self = &ctrace_control_none;
}

/* Records of a kind without a site of the user's: ours, wanted by every session. */
#define NAME_CODE(name, kind) CTRACE_CODE("ctrace", name, "", kind, 0)

static void emit_name(unsigned code, const char *name)
{
	struct ctrace_arg arg = {.word = strnlen(name, CTRACE_NAME_BYTES_MAX - 1), .bytes = name};

	if (code != 0) {
		ctrace_emit_args(code, &arg, 1);
	}
}

void ctrace_thread_name(const char *name)
{
	struct ctrace_ring *ring = ctrace_self->ring;

	ctrace_gate_notice_fork();
	if (ring == NULL && can_have_ring()) {
		ring = make_own_ring();
	}
	if (ring != NULL && name != NULL) {
		ctrace_ring_set_name(ring, name);
		emit_name(NAME_CODE("thread_name", CTRACE_KIND_THREAD_NAME), name);
	}
}

void ctrace_thread_process_name(const char *name)
{
	emit_name(NAME_CODE("process_name", CTRACE_KIND_PROCESS_NAME), name);
}
