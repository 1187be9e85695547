/* SPDX-License-Identifier: MIT */

/*
 * Overwriting, for Spin: the owner of a full ring gives its oldest record up while the
 * collector copies, and neither waits for the other. The tail says how far either has
 * come, which of two gaps counts, and whether the collector has taken it; who moves it
 * does so by one compare-and-swap [D].
 *
 *     owner       full: walk the oldest, write the gap the tail does not name, swap the
 *                 tail; then overwrite
 *     collector   copy tail to published, read the gap, swap the tail; what of the copy
 *                 lies before the tail it swapped is thrown away
 *
 * Every load and store is a step. A swap is one too, and nothing of its thread is seen
 * out of order around it: that is what [D] and the fences beside it are for, and out of
 * reach here. An emit is two steps, word and published; ring.pml has the rest of it.
 *
 * What must hold: what the collector keeps is what was written, in order; written + lost =
 * attempted whenever both are idle; a gap that is told is whole; both come to an end.
 */

#ifndef MUTANT
#define MUTANT 0
#endif

#define PLACES 4 /* of one record each; a quarter is one */
#define EVENTS 7

/* The tail: position, and two bits beside it. */
byte tail;
#define SLOT		  1
#define TAKEN		  2
#define MARK(at, slot, taken) ((at) * 4 + (taken) * TAKEN + (slot))
#define POSITION(mark)	  ((mark) / 4)
#define SLOT_OF(mark)	  ((mark) % 2)
#define IS_TAKEN(mark)	  (((mark) % 4) / 2 == 1)

byte word[PLACES]; /* holds its position + 1 */
byte published;
byte gap[2]; /* counts of all gaps so far, as far as that gap knows */
bool has_ended;

byte written, told, next; /* for the checks only; next: the collector has everything before it */

/* ctrace_discard_oldest */
inline discard()
{
	mark = tail; /* [D] acquire */
	before = gap[SLOT_OF(mark)];
	to = POSITION(mark) + 1;
	to = (to < published -> to : published);
	/* Walk [tail, to): these words only the owner writes. */
	gap[1 - SLOT_OF(mark)] = before + to - POSITION(mark);
	/* [D] acquire-release */
	atomic {
#if MUTANT == 1
		tail = MARK(to, 1 - SLOT_OF(mark), 0) /* a store, not a swap */
#else
		if
		:: tail == mark -> tail = MARK(to, 1 - SLOT_OF(mark), 0)
		:: else
		fi
#endif
	}
}

active proctype owner()
{
	byte at, mark, before, to;

	do
	:: at == EVENTS -> break
	:: else ->
		do
		:: mark = tail; /* [T] */
			if
			:: at < POSITION(mark) + PLACES -> break
			:: else ->
#if MUTANT == 2
				/* Overwrites before it has given up. */
				word[at % PLACES] = at + 1;
#endif
				discard()
			fi
		od;
		word[at % PLACES] = at + 1;
		at++;
		published = at; /* [P] */
		mark = 0;
		before = 0;
		to = 0
	od;
	has_ended = true
}

/* ctrace_gap_take: copy, then swap. */
inline take()
{
	from = POSITION(tail);
	i = from;
	do
	:: i < to && to - from <= PLACES ->
		copy[i % PLACES] = word[i % PLACES];
		i++
	:: else -> break
	od;
	/* swap_tail */
	mark = tail;
	do
	:: seen = gap[SLOT_OF(mark)];
		if
		:: POSITION(mark) >= to && !is_last ->
			is_mine = false;
			break
		:: else
		fi;
		is_new = !IS_TAKEN(mark) && seen > 0;
		i = (POSITION(mark) < to -> to : POSITION(mark));
		atomic {
			if
#if MUTANT == 3
			:: tail = MARK(i, SLOT_OF(mark), 1); is_mine = true; break /* a store, not a swap */
#else
			:: tail == mark -> tail = MARK(i, SLOT_OF(mark), 1); is_mine = true; break
			:: else -> mark = tail
#endif
			fi
		}
	od
}

/* What was swapped is the collector's: the gap before it, and the copy behind that. */
inline keep()
{
	d_step {
		i = POSITION(mark);
		if
		:: is_new ->
			assert(seen >= told);
			told = seen
		:: else
		fi;
#if MUTANT == 4
		i = from; /* what was given up meanwhile is kept too */
#endif
		do
		:: i < to ->
			assert(copy[i % PLACES] == i + 1);
			assert(i >= next);
			next = i + 1;
			written++;
			i++
		:: else -> break
		od;
		i = 0
	}
}

active proctype collector()
{
	byte from, to, i, mark, seen;
	byte copy[PLACES];
	bool is_last, is_mine, is_new;

	do
	:: is_last = has_ended;
		to = published; /* [P] */
		take();
		if
		:: is_mine -> keep()
		:: else
		fi;
		atomic {
			from = 0;
			to = 0;
			mark = 0;
			seen = 0;
			is_mine = false;
			is_new = false;
			copy[0] = 0;
			copy[1] = 0;
			copy[2] = 0;
			copy[3] = 0
		}
		if
		:: is_last -> break
		:: else
		fi
	od;
	assert(written + told == EVENTS)
}
