/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_H
#define CTRACE_TRACE_H

/* clang-format off */

/*
 * ctrace: what your program does, thread by thread, on one clock.
 *
 *     #include <ctrace/trace.h>
 *
 *     void query(const char *sql)
 *     {
 *             TRACE_SPAN("query", TRACE_STR("sql", sql));     // to the end of the scope
 *             ...
 *     }
 *
 *     int main(void)
 *     {
 *             ctrace_serve("127.0.0.1:6060");     // or CTRACE_HTTP=127.0.0.1:6060 in the environment
 *             ...
 *     }
 *
 *     $ curl -s 'localhost:6060/debug/pprof/trace?seconds=5' > trace.out
 *     $ ctrace view trace.out
 *
 * C11 and C++17. While nobody records, a macro costs a load and a branch; its
 * arguments are not evaluated. While somebody does, it costs the clock read and
 * about a nanosecond. With -DCTRACE_DISABLE all of it compiles to nothing.
 *
 * Names, categories and argument keys are string literals. Category lists, as
 * in ctrace_settings.categories and CTRACE_CATEGORIES: items separated by
 * commas, `*` at an item's end matches any rest, `-` in front takes away, the
 * last item that matches decides: "*", "http,db", "-noise", "*,-db*".
 *
 * Every macro:
 *   Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no (a thread's
 *   first event maps its ring).  errno: kept.
 */

#include <stddef.h>
#include <stdint.h>

/* ---- Spans ------------------------------------------------------------------------------
 *
 * All take up to 8 arguments after the name: TRACE_SPAN("query", TRACE_I64("rows", n)).
 *
 * TRACE_SPAN(name, ...)              a span to the end of the enclosing scope, category "app"
 * TRACE_SPAN_C(category, name, ...)
 * TRACE_BEGIN(name, ...)             where a scope does not fit: closed by the thread's next TRACE_END()
 * TRACE_BEGIN_C(category, name, ...)
 * TRACE_END()                        closes what the last TRACE_BEGIN or TRACE_NEXT opened, nothing if
 *                                    that one was not recorded
 * TRACE_NEXT(name, ...)              TRACE_END() and TRACE_BEGIN(name, ...) on one clock read
 *
 * ---- Points, values, messages ------------------------------------------------------------
 *
 * TRACE_INSTANT(name, ...)           a point in time
 * TRACE_INSTANT_C(category, name, ...)
 * TRACE_COUNTER(name, value)         a value from here on; any arithmetic type
 * TRACE_COUNTER_C(category, name, value)
 * TRACE_LOG(category, format, ...)   a message, as printf would write it, cut at 1,023 bytes;
 *                                    formatted without locks: no %m, no wide characters
 *
 * ---- Work that crosses threads -----------------------------------------------------------
 *
 * Ids are uint64_t of the program's choice, unique in the process; ctrace_task_id() makes one.
 *
 * TRACE_TASK_BEGIN(id, parent, name, ...)   work begins; parent 0: none.  Category "task"
 * TRACE_TASK_STEP(id, name, ...)            it reaches a named stage
 * TRACE_TASK_END(id)                        it is done
 * TRACE_TASK_SCOPE(id)                      this thread's spans belong to it, to the end of the scope
 * TRACE_TASK_ENTER(id)  TRACE_TASK_LEAVE(id)   where a scope does not fit
 * TRACE_FLOW_OUT(id)                        an arrow leaves the innermost open span.  Category "flow"
 * TRACE_FLOW_STEP(id)  TRACE_FLOW_IN(id)    it passes; it arrives
 *
 * ---- Memory ------------------------------------------------------------------------------
 *
 * Of an allocator of the program's own. `pool` is a pointer or a number that it is known by, unique in
 * the process and not 0. Category "memory".
 *
 * TRACE_ALLOC(pool, address, size)          a block is got of it; this line is where from
 * TRACE_FREE(pool, address)                 it is given back; just before it may be got again
 * TRACE_POOL(pool, name, address, size)     the pool itself gets so many bytes there; a negative
 *                                           size: it gives them back
 *
 * ---- Collectors --------------------------------------------------------------------------
 *
 * Of a garbage collector that the program has or embeds, in the thread that collects. Category "gc".
 *
 * TRACE_GC_BEGIN(kind)               it begins something: one of enum ctrace_gc_kind below
 * TRACE_GC_END(live, freed)          closes what the thread's last TRACE_GC_BEGIN opened: bytes that are
 *                                    alive now, and that were freed meanwhile; 0: not known
 * TRACE_GC_HEAP(bytes)               the size of its heap from here on
 *
 * Begins and ends nest, also among TRACE_BEGIN and TRACE_END.
 *
 * ---- Names -------------------------------------------------------------------------------
 *
 * TRACE_THREAD_NAME(string)          of the calling thread, any string; also before recording starts
 * TRACE_PROCESS_NAME(string)
 *
 * ---- Guard for costly arguments ----------------------------------------------------------
 *
 * TRACE_ENABLED(category)            1 if anybody records this category, else 0
 *
 * ---- Arguments ---------------------------------------------------------------------------
 *
 * TRACE_STR(key, s)      NUL-terminated, NULL allowed, copied, cut at 1,024 bytes
 * TRACE_STRN(key, s, n)  n bytes, likewise
 * TRACE_I64(key, v)  TRACE_U64(key, v)  TRACE_F64(key, v)  TRACE_BOOL(key, v)
 * TRACE_PTR(key, p)  TRACE_HEX(key, v)
 */

/* ---- What a collector begins ------------------------------------------------------------- */

/* SPEC.md 8.7. */
enum ctrace_gc_kind {
	CTRACE_GC_FULL = 1,          /* a collection of the whole heap */
	CTRACE_GC_MINOR = 2,         /* of young objects only */
	CTRACE_GC_STEP = 3,          /* a piece of one that is done in pieces, between the program's own work */
	CTRACE_GC_WORLD_STOPPED = 4, /* no other thread runs the program's code, until its end */
	CTRACE_GC_STOPPING = 5,      /* the other threads are being stopped */
	CTRACE_GC_STARTING = 6,      /* they are being let go */
	CTRACE_GC_MARK = 7,          /* what is alive is being found */
	CTRACE_GC_RECLAIM = 8,       /* the rest is being freed */
};

/* ---- Functions --------------------------------------------------------------------------- */

/* How to record. All zero is a sensible default but for `file` or `write`, one of which must be set. */
struct ctrace_settings {
	const char *file;       /* write the trace here (mode 0600, replaced if it exists) */
	/*
	 * Or give it to this function, piece by piece in order, on ctrace's own thread. Anything
	 * but 0 ends the recording. It must not call ctrace_start or ctrace_stop.
	 */
	int (*write)(void *context, const void *bytes, size_t size);
	void *context;
	const char *categories; /* NULL: all */
	unsigned ring_kb;       /* per thread, for threads that come; 64 to 65536, a power of two. 0: 256 */
	unsigned ring_max_kb;   /* what a full ring may grow to, likewise; 0: as it is, at first 4096 */
	unsigned memory_mb;     /* all rings of the process together; 0: as it is, at first 512 */
	/*
	 * When a thread's ring is full: "drop" the event, "overwrite" the oldest ones, or "block" the
	 * thread until there is room, at most block_ms. Of the whole process, from now on. NULL: as it
	 * is; at first "drop". See docs/rings.md.
	 */
	const char *ring_policy;
	unsigned block_ms;      /* 1 to 10000; 0: as it is, at first 100 */
	const char *clock;      /* NULL: the best; "tsc", "monotonic_raw". Only before a thread's first event */
	/*
	 * What to record beside spans, of this process, within its rights: "spans,perf-switch" (when
	 * each thread ran and waited), "perf-samples" (where its time went), "tracefs" (as root: who woke
	 * it, and system calls), "alloc,locks" (if it is linked with libctrace-alloc: its memory, and
	 * its waits for locks). A source that cannot open is left out, and the trace says why. NULL: as
	 * CTRACE_SOURCES says; without it spans alone. See docs/sources.md.
	 */
	const char *sources;
};

/* How to keep the past. All zero, or no settings at all, is a sensible default: 10 s, 64 MiB. */
struct ctrace_flight_settings {
	double seconds;         /* how far back, at most 86,400. 0: 10, or with `bytes` as far as they reach */
	size_t bytes;           /* memory for the past, 65,536 and up. 0: 64 MiB. The tighter bound decides */
	const char *categories; /* NULL: all */
	/*
	 * The rest is for snapshots that nobody stands by to ask for. They become files by this
	 * pattern: %p process, %n number, %r reason, %% percent. NULL: "ctrace-%p-%n.trace".
	 * With %n no file is ever replaced. A signal and rules make 64 files at most.
	 */
	const char *file;
	const char *rules;      /* "handle>10ms,query*>1.5s": a span that took longer; one file in 10 s. NULL: none */
	int signal;             /* on this signal, which the program must not handle already. 0: none */
	int on_crash;           /* 1: when it dies of SIGSEGV, SIGBUS, SIGABRT, SIGFPE or SIGILL */
};

/* What to take of the past, and where to. All zero, or no settings: all of it, as the next file of the pattern. */
struct ctrace_snapshot_settings {
	double seconds;         /* the last so many; 0: all there is */
	const char *file;       /* write it here (mode 0600, replaced if it exists) */
	/* Or give it to this function, piece by piece in order, on the calling thread. Not 0: no more. */
	int (*write)(void *context, const void *bytes, size_t size);
	void *context;
};

/* What became of the events of this process so far. attempted = written + lost. */
struct ctrace_counts {
	uint64_t attempted;
	uint64_t written;   /* taken from the rings for at least one trace, or for none that was still open */
	uint64_t lost;      /* the sum of the reasons below */
	uint64_t lost_ring_full;
	uint64_t lost_signal_depth; /* signal handlers nested too deep, or left by a jump while recording */
	uint64_t lost_span_depth;   /* spans nested deeper than 1,024 */
	uint64_t lost_no_ring;      /* no memory for a ring, or the thread was already gone */
	uint64_t lost_too_big;
	uint64_t lost_overwritten;  /* given up for newer events: the policy "overwrite" */
	uint64_t waiting;   /* in the rings, not yet taken; counted neither as written nor as lost */
	uint64_t clamped;   /* clock readings that went backwards and were replaced by the one before */
	uint64_t bytes;     /* given to files, callbacks and clients */
	uint32_t threads;   /* that have a ring now */
	uint32_t threads_seen;
	uint32_t sites;     /* call sites known */
	uint32_t sessions;  /* traces being recorded now */
};

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#ifndef CTRACE_DISABLE

/*
 * Record until ctrace_stop. One recording of this kind at a time; traces asked
 * for over HTTP go on beside it.
 * Returns 0, -EINVAL (settings), -EBUSY (already recording), -ENOMEM, or what
 * opening the file said, negated.
 *
 * Thread: any.  Signal handler: no.  Blocks: until recording has begun.  Allocates: yes.
 */
int ctrace_start(const struct ctrace_settings *settings);

/*
 * Stop, with everything that was emitted before this call in the trace.
 * Returns 0, -EINVAL (not recording), or why the recording had ended before
 * (-ENOSPC and the like); what was written up to then is a good trace.
 *
 * Thread: any.  Signal handler: no.  Blocks: until the trace is closed.  Allocates: yes.
 */
int ctrace_stop(void);

/*
 * Keep the past in memory from now on, until ctrace_flight_stop: a flight recorder. It costs
 * what recording costs, and goes on beside other recordings.
 * Returns 0, -EINVAL (settings), -EBUSY (one is on already; or the signal is handled already,
 * with a line on stderr), -ENOMEM, -EAGAIN (no thread).
 *
 * Thread: any.  Signal handler: no.  Blocks: until it has begun.  Allocates: yes, with what is
 * remembered up to `bytes`.
 */
int ctrace_flight_start(const struct ctrace_flight_settings *settings);

/*
 * Forget the past and stop keeping it. Snapshots that a rule or a signal asked for before
 * are written first. Returns 0, or -ENODATA: no flight recorder is on.
 *
 * Thread: any.  Signal handler: no.  Blocks: until all is over.  Allocates: yes.
 */
int ctrace_flight_stop(void);

/*
 * Write what the flight recorder remembers, up to everything emitted before this call, as a
 * whole trace. The recording goes on meanwhile, however long writing takes.
 * Returns 0, -ENODATA (no flight recorder is on), -EINVAL (settings), -ENOMEM, -EIO (`write`
 * refused), or what the file said, negated.
 *
 * Thread: any.  Signal handler: no.  Blocks: until it is written.  Allocates: yes.
 */
int ctrace_snapshot(const struct ctrace_snapshot_settings *settings);

/*
 * Serve /debug/pprof/ at "127.0.0.1:6060", "[::1]:6060", ":6060" (loopback) or
 * port 0 (any free one). Returns the port, or a negative errno value; says why
 * on stderr in one line. Again while serving: -EBUSY.
 *
 * Thread: any.  Signal handler: no.  Blocks: no.  Allocates: yes.
 */
int ctrace_serve(const char *address);
/* Stop serving; ends traces that are being sent. Does nothing when not serving. Blocks: until done. */
void ctrace_serve_stop(void);

/* Counts so far. Thread: any.  Signal handler: no.  Blocks: no.  Allocates: no. */
void ctrace_stats(struct ctrace_counts *counts);

/*
 * Change the categories of the recording that ctrace_start (or CTRACE_FILE)
 * began, and of later ones that name none. Spans that are open stay balanced.
 * NULL: all.
 *
 * Thread: any.  Signal handler: no.  Blocks: shortly.  Allocates: yes.
 */
void ctrace_categories(const char *list);

/* A fresh id for a task or flow, never 0. Thread: any.  Signal handler: yes.  Blocks: no. */
uint64_t ctrace_task_id(void);

#else

#include <errno.h>

static inline int ctrace_start(const struct ctrace_settings *settings)
{
	(void)settings;
	return -ENOSYS;
}
static inline int ctrace_stop(void)
{
	return -ENOSYS;
}
static inline int ctrace_flight_start(const struct ctrace_flight_settings *settings)
{
	(void)settings;
	return -ENOSYS;
}
static inline int ctrace_flight_stop(void)
{
	return -ENOSYS;
}
static inline int ctrace_snapshot(const struct ctrace_snapshot_settings *settings)
{
	(void)settings;
	return -ENOSYS;
}
static inline int ctrace_serve(const char *address)
{
	(void)address;
	return -ENOSYS;
}
static inline void ctrace_serve_stop(void)
{
}
static inline void ctrace_stats(struct ctrace_counts *counts)
{
	const struct ctrace_counts none = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	*counts = none;
}
static inline void ctrace_categories(const char *list)
{
	(void)list;
}
static inline uint64_t ctrace_task_id(void)
{
	return 1;
}

#endif

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#include <ctrace/trace_macros.h>

/* clang-format on */

#endif
