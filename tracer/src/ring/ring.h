/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_H
#define CTRACE_RING_H

/*
 * One ring per thread: the thread writes records, the collector takes them.
 *
 * A record is one word, `ticks << 16 | code`, and the words of its arguments:
 *
 *     code  0x0001..0x7eff   an event of the site with this code (sites.h)
 *           | 0x8000         the END of a span of that site; the leave of a task
 *     word                   a number, or a string's length with its bytes after it,
 *                            padded to whole words
 *
 * Memory of a ring, one reservation (ring_memory.h):
 *
 *     | places, ring | levels |  shared  | nested 1..4 |  data  |
 *     |    control block      |------ or one file, shared ------|
 *       as it was    | zeroed in a forked child; a file: not there
 *
 * A record may begin at the end of the data and go on at their beginning: words are
 * written and read one by one. The control block holds all that an emit needs. A
 * forked child finds its levels zeroed, so that each of its emits takes the slow path
 * and notices; and its places as they were, so that an emit which a handler's fork
 * interrupted ends in the zero pages that the child has where its parent has the ring.
 *
 * Positions count bytes since the ring's beginning and never wrap; a position's
 * place is `position & mask`. head: written by the owner, for itself.
 * published: up to where the collector may read. tail: up to where it has read,
 * or, when newer events overwrite older ones, up to where they were given up.
 *
 *                  |  emit   | nested emit | discard | drain | retire | adopt
 *     emit         |   1     |     2       |    1    |  ok   |   1    |   1
 *     nested emit  |   2     |     2       |    2    |  ok   |   1    |   1
 *     discard      |   1     |     2       |    1    |   5   |   1    |   1
 *     drain        |   ok    |     ok      |    5    |   3   |   ok   |   4
 *     retire       |   1     |     1       |    1    |  ok   |   1    |   4
 *     adopt        |   1     |     1       |    1    |   4   |   4    |   4
 *     1: the owner only, one after the other.   2: a signal handler on the owner's thread;
 *     levels keep them apart.   3: one collector thread.   4: `state` changes hands by
 *     compare-and-swap.   5: `tail` does; see discard.h.
 *
 * Pairs of orders:
 *     [P] published: release in emit, acquire in drain: records before the mark.
 *     [H] head and claim of level 0: release in emit, acquire in drain: published before.
 *     [T] tail: release in drain, acquire in emit's slow path: reading before reuse.
 *     [D] tail: acquire-release by who discards and by who drains a ring that may be
 *         discarded from: the gap before the tail that names it.
 *     [S] state: release by who gives the ring away, acquire by who takes it.
 *     [L] lost counts: release in emit's slow path, acquire in drain: times before counts.
 */

#include "format/kinds.h"
#include "tracer/src/image.h"
#include "tracer/src/limits.h"
#include "tracer/src/ring/ring_memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <urcu/compiler.h>
#include <urcu/lfstack.h>

#define CTRACE_END_BIT 0x8000u
#define CTRACE_LEVELS  (1 + CTRACE_NESTED_LEVELS)
/* Index of reasons: enum ctrace_loss, those a recorder can make. */
#define CTRACE_REASONS (CTRACE_LOSS_OVERWRITTEN + 1)
/* A claim that never equals a position: nobody is writing. */
#define CTRACE_UNCLAIMED UINT64_MAX
/*
 * Bits of a level's frame, a multiple of 8: the claim is for two records; its record found no
 * room, and `lost_before` says whether that is counted already.
 */
#define CTRACE_FRAME_OF_TWO	((uintptr_t)1)
#define CTRACE_FRAME_OF_REFUSED ((uintptr_t)2)
#define CTRACE_FRAME_MARKS	((uintptr_t)7)
/* Above every frame: no claim. */
#define CTRACE_FRAME_OF_NONE (~CTRACE_FRAME_MARKS)

/*
 * Where one level of nesting writes. Level 0 is the thread itself, 1 to 4 are
 * signal handlers that interrupted an emit of the level below.
 *
 * Writing is claimed by `claim = head` and given up by moving head: one store
 * both commits to this side and unclaims, so at every instruction
 *     claim == head  <=>  an emit of this level is under way (or was cut off),
 *     and then  published == head  <=>  its record is not committed.
 * All fields are only touched on the owner's thread. Where it writes is its place, which
 * is not wiped in a forked child.
 */
struct ctrace_level {
	_Atomic uint64_t head;
	_Atomic uint64_t claim;
	_Atomic uintptr_t frame; /* stack pointer of who claimed, and whether for two records: tells
				    a cut-off claim from a live one */
	_Atomic uint64_t limit;	 /* a begin must end here or before */
	_Atomic uint64_t end_limit;   /* an end must */
	_Atomic uint64_t lost_before; /* of a record that found no room: what was lost before it */
};

struct ctrace_level_place {
	uint64_t mask;
	uint8_t *data;
	_Atomic uint64_t *published;
};

/* Who may touch it: see thread.h. */
enum ctrace_ring_state {
	CTRACE_RING_FREE,
	CTRACE_RING_TAKEN,
	CTRACE_RING_ALIVE,
	CTRACE_RING_EXITED,
	CTRACE_RING_EMPTYING
};

/*
 * Beside the position, which is a multiple of 8, the tail of level 0 says
 *     SLOT    which of the two gaps counts
 *     TAKEN   the collector has seen it: what is discarded next begins a new one
 * so one compare-and-swap moves the tail, counts the loss and tells whose turn it was.
 */
#define CTRACE_TAIL_SLOT  UINT64_C(1)
#define CTRACE_TAIL_TAKEN UINT64_C(2)
#define CTRACE_TAIL_BITS  UINT64_C(7)

/* What the owner discarded in one piece, from where the collector was to where the tail is. */
struct ctrace_gap {
	_Atomic uint64_t count;	      /* of all gaps of this ring so far, this one's among them */
	_Atomic uint64_t first, last; /* ticks of the oldest and the newest event in it */
	/*
	 * What it did to the thread's spans: ends of spans begun before it, then begins that
	 * are still open behind it. The first words of their records.
	 */
	_Atomic uint64_t spans_count;
	_Atomic uint64_t spans[CTRACE_GAP_SPANS_MAX];
};

/* The first page of the file. Each group has one writer and cache lines of its own. */
struct ctrace_ring_shared {
	struct ctrace_ring_head head;
	/* the owner, at each event */
	_Alignas(128) _Atomic uint64_t published;
	/* the owner's signal handlers */
	_Alignas(64) _Atomic uint64_t nested_published[CTRACE_NESTED_LEVELS];
	_Atomic uint64_t nested_hold[CTRACE_NESTED_LEVELS]; /* where the interrupted record of level
							       0 will stand */
	/* the owner's slow path */
	_Alignas(64) struct ctrace_loss_count lost[CTRACE_REASONS];
	struct ctrace_gap gaps[2]; /* lost[CTRACE_LOSS_OVERWRITTEN] has only its `seen` */
	/* How often it has grown, and from which position on it stands in segment 1, 2, …; each is
	 * written once (ring_growth.h) */
	_Atomic uint32_t grown;
	_Atomic uint64_t grown_from[CTRACE_GROWTHS_MAX];
	/* the collector */
	_Alignas(128) _Atomic uint64_t tail;
	_Atomic uint64_t nested_tail[CTRACE_NESTED_LEVELS];
	_Atomic uint64_t looked;  /* ticks of when it last looked */
	_Atomic uint32_t settled; /* the segment that the tail is in */
	/* whoever the state says */
	_Alignas(64) _Atomic uint32_t state;
	_Atomic uint32_t tid;
	_Atomic uint64_t number;       /* of the thread, from 1, never used again */
	_Atomic uint64_t start;	       /* ticks of its first event */
	_Atomic uint32_t name_version; /* odd while the name is being written */
	_Atomic char name[CTRACE_NAME_BYTES_MAX];
};

/* Memory of data of the positions from `from` on. */
struct ctrace_segment {
	uint8_t *data;
	size_t bytes;
	uint64_t from;
};

/*
 * Of a ring of another process: who finds the memory it goes on in. Called by the
 * collector (ring_growth.h).
 */
struct ctrace_ring_reader {
	/* Have ring->next be segment `step`. False: it cannot be had, now or ever. */
	bool (*need_next)(struct ctrace_ring_reader *reader, uint32_t step);
	/* The one before it is not looked at again. */
	void (*leave_old)(struct ctrace_ring_reader *reader);
};

struct ctrace_ring {
	struct cds_lfs_node node; /* registry: pushed once, never popped */
	struct ctrace_ring_shared *shared;
	struct ctrace_control *control; /* NULL: it is another process's */
	uint8_t *data;
	uint8_t *nested[CTRACE_NESTED_LEVELS];
	size_t data_bytes;
	uint64_t mask;
	pid_t pid;	 /* who made it */
	bool is_doubled; /* mapped by a reader outside: the data stand twice */
	bool is_still;	 /* a copy of a ring whose thread is dead */
	uint32_t number; /* of its file in a ring directory; 0: it is private memory */
	/* Growth (ring_growth.h). `data` above are the collector's to read and write. */
	struct ctrace_segment first;	   /* what it was made with; never changes */
	struct ctrace_segment next;	   /* while it grows: behind the one at `data` */
	uint32_t settled;		   /* the collector's: as in the shared page */
	struct ctrace_ring_reader *reader; /* NULL: it is this process's */
	uint32_t grown;			   /* the owner's, as all that follows: as there */
	struct ctrace_segment mine;	   /* it writes there */
	struct ctrace_segment old;	   /* of a file: left, not given back; NULL: none */
	uint64_t refused_at; /* 1 + the tail at which it could not grow; 0: it could */
	/* The owner's, for waiting (policy.c) */
	uint64_t blocked_signals; /* its mask when it took the ring */
	uint64_t waited_at;	  /* 1 + the tail it waited for in vain; 0: none */
};

/*
 * Two pages. The second is zero in a forked child: with all zero, level 0 looks claimed, so every
 * emit takes the slow path.
 */
struct ctrace_control {
	struct ctrace_level_place places[CTRACE_LEVELS];
	struct ctrace_ring own; /* what `ring` points to, once it does */
	_Alignas(CTRACE_PAGE_BYTES) struct ctrace_level levels[CTRACE_LEVELS];
	struct ctrace_ring *ring;		   /* NULL: this thread has none */
	_Atomic uint32_t begins;		   /* open TRACE_BEGINs; may exceed the array */
	_Atomic uint16_t codes[CTRACE_BEGINS_MAX]; /* theirs; 0: not recorded */
};

/*
 * Map a ring with `data_bytes` of data, a power of two, ready for the calling
 * thread. NULL without memory or descriptors. It is never unmapped: emptied and
 * adopted by another thread instead.
 *
 * Thread: any.  Signal handler: yes (system calls only).  Blocks: no.  Allocates: maps.
 */
struct ctrace_ring *ctrace_ring_create(size_t data_bytes);

/* Where level 0 was read or given up to. Acquire [T]. */
static inline uint64_t ctrace_ring_tail(const struct ctrace_ring_shared *shared)
{
	return atomic_load_explicit(&shared->tail, memory_order_acquire) & ~CTRACE_TAIL_BITS;
}

/* How many events of this ring were lost for this reason. Thread: any. */
uint64_t ctrace_ring_lost(const struct ctrace_ring_shared *shared, enum ctrace_loss reason);

/* How far a level may be written, now that the collector is at `tail`; `is_bell`: more than three
 * quarters are full. */
struct ctrace_room {
	uint64_t tail;
	uint64_t limit, end_limit;
	bool is_bell;
};

/*
 * Look where the collector is; the fast path's limits follow. They stay 0 without a
 * counter, so that every event comes to the slow path, which knows the other clock.
 * Thread: the owner.
 */
struct ctrace_room ctrace_ring_refresh(struct ctrace_ring *ring, unsigned level);

/* Make the control block fit where the ring stands now; after that its owner may emit. Thread: the
 * new owner. */
void ctrace_ring_rearm(struct ctrace_ring *ring);

/* Give the data's memory back to the system; the next records bring it back. Thread: the collector,
 * ring free. */
void ctrace_ring_release_memory(struct ctrace_ring *ring);

/*
 * A forked child has none of the memory of rings in files. A handler may have forked in the middle
 * of an emit, though, and the child may return there: for the thread that forked, whose levels are
 * wiped, put zero pages of the child's own where its ring was, for the rest of that emit. Other
 * rings are zero pages already.
 * Thread: the only one.  Signal handler: yes.
 */
void ctrace_ring_fork_child(const struct ctrace_control *control);

/* Is anything in the ring that the collector has not taken or counted? Thread: any, as a hint. */
bool ctrace_ring_is_clean(const struct ctrace_ring *ring);

/* The name as a copy, NUL-terminated. Thread: any. */
void ctrace_ring_name(const struct ctrace_ring *ring, char name[CTRACE_NAME_BYTES_MAX]);
void ctrace_ring_set_name(struct ctrace_ring *ring, const char *name); /* Thread: the owner */

/* Count `count` events as lost at `ticks`. Thread: any; signal handler: yes. */
void ctrace_loss_add(struct ctrace_loss_count *lost, uint64_t count, uint64_t ticks);

#endif
