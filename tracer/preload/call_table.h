/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_CALL_TABLE_H
#define CTRACE_PRELOAD_CALL_TABLE_H

/*
 * What calls.def makes besides wrappers: a number, a site with its state, and a pointer to the
 * real function for each call.
 *
 *     ctrace_call_state(id) == 0          nobody wants it: call the real one
 *     code = ctrace_call_begin(id, …)     else, or always; 0: not recorded
 *     result = ctrace_real.read(…)
 *     ctrace_call_end(code, result)
 *
 * Real functions are looked up once: by the constructor, or by a call that comes before it. A
 * state is "not met" until then, so who finds it 0 finds the pointers set.
 *     [Q] ctrace_real: release fence after it is filled, before states change; met by the
 *         acquire of a state.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include "format/kinds.h"
#include "tracer/preload/recorder.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Seen by programs, instead of libc's. */
#define CTRACE_WRAPPER __attribute__((visibility("default")))

enum ctrace_call_id {
#define CALL(function, ...)    CTRACE_CALL_##function,
#define CALL_AS(function, ...) CTRACE_CALL_##function,
#define BY_HAND(function, ...) CTRACE_CALL_##function,
#define TWIN(twin, function)
#include "tracer/preload/calls.def"
	CTRACE_CALLS,
	CTRACE_CALL_TEXTS = CTRACE_CALLS, /* the site of texts */
	CTRACE_CALL_SITES
};

/* The functions behind ours. */
struct ctrace_real {
#define CALL(function, name, layer, type, result, text, parameters, ...) type(*function) parameters;
#define CALL_AS(function, name, layer, type, result, text, parameters, ...)                        \
	type(*function) parameters;
#define BY_HAND(function, name, layer, count, type, parameters) type(*function) parameters;
#define TWIN(twin, function)
#include "tracer/preload/calls.def"
};

#pragma GCC visibility push(hidden)
extern struct ctrace_real ctrace_real;
extern uint16_t ctrace_call_states[CTRACE_CALL_SITES];
extern const struct ctrace_site_info ctrace_call_sites[CTRACE_CALL_SITES];
#pragma GCC visibility pop

static inline unsigned ctrace_call_state(enum ctrace_call_id id)
{
	/* [Q] acquire. */
	return __atomic_load_n(&ctrace_call_states[id], __ATOMIC_ACQUIRE);
}

/* Make the site known; the state it has then, which is kept where the site says. */
unsigned ctrace_call_first_pass(const struct ctrace_site_info *site);

/* Look the real functions up, if nobody has yet. */
void ctrace_real_need(void);

/* The call begins, if anybody wants it. Returns its code for the end; 0: not recorded. */
static inline unsigned ctrace_call_begin(enum ctrace_call_id id, const uint64_t *words,
					 unsigned count)
{
	unsigned state = ctrace_call_state(id);

	if (__builtin_expect(state == CTRACE_STATE_NOT_MET, 0)) {
		state = ctrace_call_first_pass(&ctrace_call_sites[id]);
	}
	if (__builtin_expect(state == 0, 0)) {
		return 0;
	}
	/* Relaxed: who has a state has had the recorder that gave it. */
	return atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)
		->enter(state, words, count);
}

/* `code` may be 0. */
static inline void ctrace_call_end(unsigned code, int64_t result)
{
	if (__builtin_expect(code != 0, 1)) {
		atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)->leave(code, result);
	}
}

/* The text that argument `index` of the call points to, which has just returned `result`. */
void ctrace_call_text_of(unsigned index, const char *text, int64_t result);

#endif
