/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_GC_REAL_H
#define CTRACE_PRELOAD_GC_REAL_H

/*
 * The collector that a program uses: libgc (Boehm, Demers, Weiser), version 8. It is found where
 * the program would find it, behind our functions of the same names:
 *
 *     a library that the program was linked with
 *     what dlopen has just loaded, or anything of the name libgc.so that is loaded already
 *     the library that calls one of our functions, and what that one was linked with
 *
 * One that is linked into the program itself is left alone: its getters would show our handlers.
 * Nothing of libgc is needed to build this.
 *
 *     [G] ctrace_gc_real: filled before is_found is released; whoever finds that set by an acquire
 *         finds the functions.
 *
 * Thread: any.  Signal handler: no.  Blocks: for the loader's lock.  Allocates: the loader may.
 */

#include <stdbool.h>
#include <stddef.h>

/* gc.h's types by names of our own. Events are numbers of GC_EventType. */
typedef void ctrace_gc_event_fn(int event);
typedef void ctrace_gc_thread_fn(int event, void *thread);
typedef void ctrace_gc_resize_fn(unsigned long bytes);

/* Each may be NULL: this libgc has none. */
struct ctrace_gc_real {
	void (*init)(void);
	void (*gcollect)(void);
	int (*try_to_collect)(int (*stop)(void));
	void *(*call_with_alloc_lock)(void *(*function)(void *), void *argument);
	void (*set_on_collection_event)(ctrace_gc_event_fn *handler);
	ctrace_gc_event_fn *(*get_on_collection_event)(void);
	void (*set_on_thread_event)(ctrace_gc_thread_fn *handler);
	ctrace_gc_thread_fn *(*get_on_thread_event)(void);
	void (*set_on_heap_resize)(ctrace_gc_resize_fn *handler);
	ctrace_gc_resize_fn *(*get_on_heap_resize)(void);
	/* These three take no lock: they may be called by handlers. */
	size_t (*get_heap_size)(void);
	size_t (*get_free_bytes)(void);
	size_t (*get_unmapped_bytes)(void);
};

#pragma GCC visibility push(hidden)
extern struct ctrace_gc_real ctrace_gc_real;

/* Is one known? */
bool ctrace_gc_real_is_found(void);
/* Look where programs look; then in `handle` (of dlopen) if that is not NULL, then among all that
 * is loaded. The first one found stays. errno and dlerror's message are as before. */
bool ctrace_gc_real_find(void *handle);
/* As above, and then where the code that calls would find it without us. */
bool ctrace_gc_real_find_for(const void *caller);
/* Where that is not found: what the code that calls would get of this name but for `own`, our
 * function. NULL: nothing. errno is as before. */
void *ctrace_gc_real_other(const char *name, const void *own, const void *caller);
#pragma GCC visibility pop

#endif
