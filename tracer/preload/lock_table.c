/* SPDX-License-Identifier: MIT */

/* Sites, states and real functions of locks.def; see lock_table.h. */

#include "tracer/preload/lock_table.h"

#include "format/lock_events.h"
#include "tracer/preload/lock_layout.h"
#include "tracer/preload/lock_stack.h"

#include <dlfcn.h>
#include <errno.h>

struct ctrace_locks ctrace_locks;

uint16_t ctrace_lock_states[CTRACE_LOCK_IDS] = {
	[0 ... CTRACE_LOCK_IDS - 1] = CTRACE_STATE_NOT_MET,
};

static char own_module = 0;
static const char schema[] = "u\0u\0";

#define SITE(called, kind_of_site)                                                                 \
	{                                                                                          \
		.state = &ctrace_lock_states[CTRACE_LOCK_ID_##called], .module = &own_module,      \
		.name = #called, .category = CTRACE_LOCKS_CATEGORY, .file = "", .function = "",    \
		.schema = schema, .name_size = sizeof(#called) - 1,                                \
		.schema_size = sizeof(schema) - 1, .kind = (kind_of_site)                          \
	}

static const struct ctrace_site_info sites[CTRACE_LOCK_IDS] = {
#define WAITS(function, kind)	SITE(function, CTRACE_KIND_LOCK_WAIT),
#define LETS_GO(function, kind) SITE(function, CTRACE_KIND_LOCK_RELEASED),
#include "tracer/preload/locks.def"
};

static const uint8_t kinds[CTRACE_LOCK_IDS] = {
#define WAITS(function, kind)	CTRACE_LOCK_##kind,
#define LETS_GO(function, kind) CTRACE_LOCK_##kind,
#include "tracer/preload/locks.def"
};

/* ---- the real functions ---- */

static bool are_known;

/* These have two versions: the one that programs of today are linked with. */
#if defined(__x86_64__)
#define VERSION_OF_CONDITIONS "GLIBC_2.3.2"
#else
#define VERSION_OF_CONDITIONS "GLIBC_2.17"
#endif

static void look_up(enum ctrace_lock_id id, const char *name)
{
	void **real = &((void **)(void *)&ctrace_locks)[id];

	if (*real == NULL) {
		*real = dlsym(RTLD_NEXT, name);
	}
}

static void look_up_version(enum ctrace_lock_id id, const char *name)
{
	((void **)(void *)&ctrace_locks)[id] = dlvsym(RTLD_NEXT, name, VERSION_OF_CONDITIONS);
}

/* What is not there is told in memory of the program's allocator, which may lock: mutexes first. */
static void look_all_up(void)
{
	look_up(CTRACE_LOCK_ID_pthread_mutex_lock, "pthread_mutex_lock");
	look_up(CTRACE_LOCK_ID_pthread_mutex_unlock, "pthread_mutex_unlock");
	look_up_version(CTRACE_LOCK_ID_pthread_cond_wait, "pthread_cond_wait");
	look_up_version(CTRACE_LOCK_ID_pthread_cond_timedwait, "pthread_cond_timedwait");
	look_up_version(CTRACE_LOCK_ID_pthread_cond_signal, "pthread_cond_signal");
	look_up_version(CTRACE_LOCK_ID_pthread_cond_broadcast, "pthread_cond_broadcast");
#define WAITS(function, kind)	look_up(CTRACE_LOCK_ID_##function, #function);
#define LETS_GO(function, kind) WAITS(function, kind)
#include "tracer/preload/locks.def"
}

/* Twice at a time does no harm: the same is stored. */
static void need_real(void)
{
	int saved = errno;

	if (!__atomic_load_n(&are_known, __ATOMIC_ACQUIRE)) {
		look_all_up();
		__atomic_store_n(&are_known, true, __ATOMIC_RELEASE);
		atomic_thread_fence(memory_order_release); /* [L] */
		errno = saved;
	}
}

__attribute__((constructor(101))) static void know_real_functions(void)
{
	need_real();
	ctrace_lock_layout_test();
}

/* ---- records ---- */

/* Called by the allocator, from where it is looked up itself: that has to do. */
static bool is_looked_up_within(enum ctrace_lock_id id)
{
	return !__atomic_load_n(&are_known, __ATOMIC_ACQUIRE) &&
	       ((void **)(void *)&ctrace_locks)[id] != NULL;
}

unsigned ctrace_lock_first_pass(enum ctrace_lock_id id)
{
	const struct ctrace_face *recorder;

	if (is_looked_up_within(id)) {
		return 0;
	}
	need_real();
	/* [R] acquire. */
	recorder = atomic_load_explicit(&ctrace_recorder, memory_order_acquire);
	if (recorder == NULL) {
		return 0;
	}
	if (!ctrace_recorder_has_locks) {
		__atomic_store_n(&ctrace_lock_states[id], 0, __ATOMIC_RELAXED);
		return 0;
	}
	return recorder->meet(&sites[id]);
}

static unsigned enter(enum ctrace_lock_id id, const void *lock, uint64_t holder)
{
	const uint64_t words[] = {(uint64_t)lock, ctrace_lock_what(kinds[id], holder)};
	unsigned state = ctrace_lock_state(id);

	if (state == 0) {
		return 0;
	}
	/* Relaxed: who has a state has had the recorder that gave it. */
	return atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)
		->enter(state, words, sizeof(words) / sizeof(words[0]));
}

/* Is the lock one that threads hold? A wait for it is then lost time. */
static bool is_held(enum ctrace_lock_id id)
{
	return kinds[id] == CTRACE_LOCK_MUTEX || kinds[id] == CTRACE_LOCK_MTX ||
	       kinds[id] == CTRACE_LOCK_RWLOCK_READ || kinds[id] == CTRACE_LOCK_RWLOCK_WRITE;
}

unsigned ctrace_lock_begin(enum ctrace_lock_id id, const void *lock, uint64_t holder,
			   const struct ctrace_caller_frame *frame)
{
	unsigned code = enter(id, lock, holder);

	if (code != 0) {
		ctrace_lock_stack_tell(is_held(id) ? CTRACE_LOCK_MOMENT_WAIT
						   : CTRACE_LOCK_MOMENT_IDLE,
				       lock, frame);
	}
	return code;
}

void ctrace_lock_end(enum ctrace_lock_id id, unsigned code, const void *lock, int error)
{
	if (code != 0) {
		uint64_t word = ctrace_lock_over((uint64_t)lock, kinds[id], (unsigned)error);

		atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)
			->leave(code, (int64_t)word);
	}
}

void ctrace_lock_lets_go(enum ctrace_lock_id id, const void *lock,
			 const struct ctrace_caller_frame *frame)
{
	if (enter(id, lock, 0) != 0) {
		ctrace_lock_stack_tell(is_held(id) ? CTRACE_LOCK_MOMENT_UNLOCK
						   : CTRACE_LOCK_MOMENT_SIGNAL,
				       lock, frame);
	}
}
