/* SPDX-License-Identifier: MIT */

/*
 * How a ring changes hands, for Spin: threads adopt it, name themselves, emit, exit
 * or vanish; the collector empties it and sets it free. See thread.h for the states.
 *
 * An event is one step here: ring.pml says what it consists of. Every load and store
 * of the state, the number and the thread's id is a step of its own, in program
 * order: each is stored with release or by a compare-and-swap [S], so none is seen
 * before what stands above it.
 *
 * What must hold: a ring has one owner at a time; a record is told as its writer's;
 * the collector leaves nothing behind; every process comes to an end.
 */

#ifndef MUTANT
#define MUTANT 0
#endif

#define FREE	 0
#define TAKEN	 1 /* by who is about to own it */
#define ALIVE	 2
#define EXITED	 3
#define EMPTYING 4 /* the collector's, until it is FREE */

#define THREADS 2
#define EVENTS	2
#define MOST	(THREADS * EVENTS)

/* Thread 0 had the ring before anybody recorded, and is gone. */
byte state = EXITED, number = 1, id;
byte numbers = 1;
byte published, tail, lost, seen;
bool is_recording;

/* For the checks only. */
byte owners;
byte writer[MOST];
bool is_gone[1 + THREADS] = {true, false};
byte done;

#define IS_CLEAN (published == tail && lost == seen)

/* try_adopt. One that its thread left: only if nobody needs to empty it, and that is asked again once it is ours. */
inline adopt()
{
	was = state; /* [S] acquire */
	if
	:: was == FREE
	:: was == EXITED && !is_recording
	:: else -> goto leave
	fi;
	atomic {
		if
		:: state == was ->
			state = TAKEN;
			owners++;
			assert(owners == 1)
		:: else -> goto leave
		fi
	}
#if MUTANT != 4
	if
	:: was == EXITED ->
		may_keep = !is_recording;
		if
		:: may_keep && IS_CLEAN
		:: else ->
			atomic {
				owners--;
				state = EXITED /* [S] release */
			}
			goto leave
		fi
	:: else
	fi
#endif
}

/* introduce, then the release of what it wrote */
inline introduce()
{
#if MUTANT == 2
	state = ALIVE;
#endif
	id = _pid;
	d_step {
		numbers++;
		mine = numbers
	}
	number = mine; /* [S] release */
#if MUTANT != 2
	state = ALIVE /* [S] release */
#endif
}

active [1 + THREADS] proctype thread()
{
	byte was, mine, left = EVENTS;
	bool may_keep;

	if
	:: _pid == 0 -> goto leave
	:: else
	fi;
	adopt();
	introduce();
	do
	:: atomic { left > 0 && is_recording -> left--; writer[published] = mine; published++ }
	:: atomic { left > 0 && is_recording -> left--; lost++ }
	:: break
	od;
	if
	:: atomic { owners--; state = EXITED } /* thread_exit [S] */
	:: atomic { owners--; is_gone[_pid] = true } /* without destructors */
	fi;
leave:
	atomic {
		is_gone[_pid] = true;
		done++;
		was = 0;
		may_keep = false;
		mine = 0;
		left = 0
	}
}

/* drain */
inline drain()
{
	found = state; /* [S] acquire */
	if
	:: found == FREE || found == TAKEN -> skip
	:: else ->
#if MUTANT != 1
		if
		:: found == EXITED ->
			atomic {
				if
				:: state == EXITED -> state = EMPTYING
				:: else -> goto next
				fi
			}
		:: else
		fi;
#endif
		known = number;
		lost_now = lost; /* [L] */
		to = published;	 /* [P] */
		d_step {
			is_silent = (tail == to);
			do
			:: tail < to ->
				assert(writer[tail] == known);
				tail++
			:: else -> break
			od
		}
		seen = lost_now;
		if
		:: found == EXITED -> set_free() /* [S] release */
		:: found != EXITED && is_silent ->
			/* has_vanished: silent for long, and the kernel does not know it. */
			to = id;
			if
#if MUTANT == 3
			:: is_gone[to] -> set_free()
#else
			:: is_gone[to] ->
				/* look_for_thread: it may have emitted since we looked. */
				d_step { state = (state == ALIVE -> EXITED : state) }
#endif
			:: true
			fi
		:: else
		fi
	fi;
next:
	atomic {
		found = 0;
		known = 0;
		lost_now = 0;
		to = 0;
		is_silent = false
	}
}

/* ctrace_ring_free: nobody may still own what others can now adopt. */
inline set_free()
{
	d_step {
		assert(owners == 0);
		state = FREE
	}
}

active proctype collector()
{
	byte found, known, lost_now, to;
	bool is_silent, is_last;

	is_recording = true;
	do
	:: is_last = (done == 1 + THREADS);
		drain();
		if
		:: is_last -> break
		:: else
		fi
	od;
	assert(IS_CLEAN)
}
