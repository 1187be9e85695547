/* SPDX-License-Identifier: MIT */

/* Our handlers in libgc and the wrappers of its setters; see gc_hooks.h. */

#include "tracer/preload/gc_hooks.h"

#include "tracer/preload/gc_cycle.h"
#include "tracer/preload/gc_real.h"
#include "tracer/preload/recorder.h"

#include <stdatomic.h>
#include <stddef.h>

enum state { GC_OFF, GC_AWAITED, GC_HOOKED };

/* Only who makes it GC_HOOKED puts handlers in: once. */
static _Atomic int state = GC_OFF;

/* The program's own; NULL: none. Set before libgc is told, which has a lock of its own. */
static _Atomic(ctrace_gc_event_fn *) on_event;
static _Atomic(ctrace_gc_thread_fn *) on_thread;
static _Atomic(ctrace_gc_resize_fn *) on_resize;

/* ---- what libgc calls, with its lock held and perhaps with the world stopped ---- */

static void handle_event(int event)
{
	/* Relaxed, here and below: libgc's lock orders it with the setter. */
	ctrace_gc_event_fn *next = atomic_load_explicit(&on_event, memory_order_relaxed);

	ctrace_gc_cycle_event(event);
	if (next != NULL) {
		next(event);
	}
}

static void handle_thread(int event, void *thread)
{
	ctrace_gc_thread_fn *next = atomic_load_explicit(&on_thread, memory_order_relaxed);

	ctrace_gc_cycle_thread(event, thread);
	if (next != NULL) {
		next(event, thread);
	}
}

static void handle_resize(unsigned long bytes)
{
	ctrace_gc_resize_fn *next = atomic_load_explicit(&on_resize, memory_order_relaxed);

	ctrace_gc_cycle_resize(bytes);
	if (next != NULL) {
		next(bytes);
	}
}

/* ---- putting them in ---- */

/* What the program has set until now goes on. */
#define HOOK(what, next, handler)                                                                  \
	do {                                                                                       \
		if (ctrace_gc_real.set_##what != NULL && ctrace_gc_real.get_##what != NULL) {      \
			atomic_store_explicit(&(next), ctrace_gc_real.get_##what(),                \
					      memory_order_relaxed);                               \
			ctrace_gc_real.set_##what(handler);                                        \
		}                                                                                  \
	} while (0)

static void hook(void *handle)
{
	int expected = GC_AWAITED;

	if (atomic_load_explicit(&state, memory_order_relaxed) != GC_AWAITED ||
	    !ctrace_gc_real_find(handle) ||
	    !atomic_compare_exchange_strong_explicit(&state, &expected, GC_HOOKED,
						     memory_order_relaxed, memory_order_relaxed)) {
		return;
	}
	HOOK(on_collection_event, on_event, handle_event);
	HOOK(on_thread_event, on_thread, handle_thread);
	HOOK(on_heap_resize, on_resize, handle_resize);
}

void ctrace_gc_start(const struct ctrace_face *recorder)
{
	if (recorder == NULL || !ctrace_recorder_has_gc) {
		return;
	}
	ctrace_gc_cycle_start(recorder);
	atomic_store_explicit(&state, GC_AWAITED, memory_order_relaxed);
	hook(NULL);
}

bool ctrace_gc_is_awaited(void)
{
	return atomic_load_explicit(&state, memory_order_relaxed) == GC_AWAITED;
}

void ctrace_gc_look_at(void *handle)
{
	hook(handle);
}

/* ---- what programs call ---- */

/* Finds libgc, and puts our handlers in if that is still to be done. */
static bool is_there_for(const void *caller)
{
	bool is_found = ctrace_gc_real_find_for(caller);

	hook(NULL);
	return is_found;
}

/* Only in a function that programs call. */
#define IS_THERE() is_there_for(__builtin_return_address(0))

/* Without libgc these names are somebody else's, or of a libgc that has no handlers. */
#define OTHER(function)                                                                            \
	ctrace_gc_real_other("GC_" #function, (const void *)(function), __builtin_return_address(0))

static bool is_hooked(void)
{
	return atomic_load_explicit(&state, memory_order_relaxed) == GC_HOOKED;
}

#define EXPORT(function) __attribute__((visibility("default"), alias(#function)))

/* libgc is told again even where it knows ours: once its setter returns, no handler of before runs.
 */
#define WRAP(type, what, next, handler)                                                            \
	static void set_##what(type *given)                                                        \
	{                                                                                          \
		void (*other)(type *) = NULL;                                                      \
                                                                                                   \
		if (IS_THERE() && ctrace_gc_real.set_##what != NULL) {                             \
			atomic_store_explicit(&(next), given, memory_order_relaxed);               \
			ctrace_gc_real.set_##what(is_hooked() ? (handler) : given);                \
			return;                                                                    \
		}                                                                                  \
		*(void **)(void *)&other = OTHER(set_##what);                                      \
		if (other != NULL) {                                                               \
			other(given);                                                              \
		}                                                                                  \
	}                                                                                          \
                                                                                                   \
	static type *get_##what(void)                                                              \
	{                                                                                          \
		type *known, *(*other)(void) = NULL;                                               \
                                                                                                   \
		if (!IS_THERE() || ctrace_gc_real.get_##what == NULL) {                            \
			*(void **)(void *)&other = OTHER(get_##what);                              \
		} else {                                                                           \
			other = ctrace_gc_real.get_##what;                                         \
		}                                                                                  \
		known = other != NULL ? other() : NULL;                                            \
		return known == (handler) ? atomic_load_explicit(&(next), memory_order_relaxed)    \
					  : known;                                                 \
	}                                                                                          \
                                                                                                   \
	EXPORT(set_##what) extern void GC_set_##what(type *given);                                 \
	EXPORT(get_##what) extern type *GC_get_##what(void);

WRAP(ctrace_gc_event_fn, on_collection_event, on_event, handle_event)
WRAP(ctrace_gc_thread_fn, on_thread_event, on_thread, handle_thread)
WRAP(ctrace_gc_resize_fn, on_heap_resize, on_resize, handle_resize)

static void init(void)
{
	void (*function)(void) = IS_THERE() ? ctrace_gc_real.init : NULL;

	if (function == NULL) {
		*(void **)(void *)&function = OTHER(init);
	}
	if (function != NULL) {
		function();
	}
}

/* A collection that is given up before the world is stopped is never said to be over: here it is.
 */
static void *settle(void *unused)
{
	ctrace_gc_cycle_settle();
	return unused;
}

static void settle_locked(void)
{
	if (is_hooked() && ctrace_gc_real.call_with_alloc_lock != NULL) {
		ctrace_gc_real.call_with_alloc_lock(settle, NULL);
	}
}

static void gcollect(void)
{
	void (*function)(void) = IS_THERE() ? ctrace_gc_real.gcollect : NULL;

	if (function == NULL) {
		*(void **)(void *)&function = OTHER(gcollect);
	}
	if (function != NULL) {
		function();
		settle_locked();
	}
}

static int try_to_collect(int (*stop_function)(void))
{
	int (*function)(int (*)(void)) = IS_THERE() ? ctrace_gc_real.try_to_collect : NULL;
	int is_done = 0;

	if (function == NULL) {
		*(void **)(void *)&function = OTHER(try_to_collect);
	}
	if (function != NULL) {
		is_done = function(stop_function);
		settle_locked();
	}
	return is_done;
}

EXPORT(init) extern void GC_init(void);
EXPORT(gcollect) extern void GC_gcollect(void);
EXPORT(try_to_collect) extern int GC_try_to_collect(int (*stop_function)(void));

bool ctrace_gc_is_own(const void *function)
{
	return function == (const void *)set_on_collection_event;
}
