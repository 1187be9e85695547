/* SPDX-License-Identifier: MIT */

/*
 * The ring of tracer/src, one load or store a step, for Spin to walk through every
 * order of steps. Read ring.h first; names here are names there, and a letter in
 * brackets is the pair of orders it stands for.
 *
 *     context 0      a thread: EVENTS events, then it exits          emit.h, emit.c, thread.c
 *     context 1, 2   its signal handlers: stop what they interrupt,
 *                    emit, return, or (JUMPS) jump back to the thread
 *     kernel         starts a handler between any two steps
 *     way            stores of the thread on their way to memory
 *     collector      passes, until the thread has exited             feed.c
 *
 * What must hold, at every step or at the end:
 *
 *     one writer     who stores a word holds the only claim, and the word before
 *                    it in that place has been read
 *     committed      what the collector reads is the word meant, whole
 *     order          time never falls in what was taken
 *     a claim        claim == head <=> an emit is under way or was cut off; else
 *                    all that is published is this side of head
 *     the sum        written + lost = attempted
 *     an end         every process comes to one
 *
 * Memory. The thread sees its own stores at once; the collector sees them when they
 * leave a queue of BUFFER. WEAK lets any store overtake older ones to other places,
 * unless it is a release: more than x86-64 does, and as much as C11 lets these lines.
 * Loads stand in program order, so a lost acquire is out of reach here, and so are
 * reads of time that come out of order; the thread sanitizer's tests watch the first.
 *
 * Not here: records of more than one word (their words go before [P] as the one does),
 * the reserve for ends (a second, larger limit), alternate stacks, forks, and first and
 * last times of losses.
 *
 * How it is run, with what sizes, and which mistakes it must find: run_model.py.
 */

#ifndef EVENTS
#define EVENTS 3
#endif
#ifndef HANDLERS
#define HANDLERS 0 /* depth of signals: 0, 1 or 2 */
#endif
#ifndef SIGNALS
#define SIGNALS 0 /* how many come in all */
#endif
#ifndef NESTED
#define NESTED 0 /* levels of handlers that have a ring, CTRACE_NESTED_LEVELS */
#endif
#ifndef BUFFER
#define BUFFER 0 /* 0: the collector sees every store at once */
#endif
#ifndef MUTANT
#define MUTANT 0 /* a seeded mistake */
#endif

#define LEVELS	 (1 + NESTED)
#define CONTEXTS (1 + HANDLERS)
#define PLACES	 2			/* words of a ring; positions go on, places wrap */
#define MOST	 (EVENTS + SIGNALS)	/* positions that can be reached */
#define NEVER	 255			/* CTRACE_UNCLAIMED */
#define TOP	 254			/* UINTPTR_MAX: no frame is above */

/* Frames: larger is nearer the thread's first. A handler stands one below what it interrupts. */
#define HIGH 9
#define LOW  5

/* What the collector sees of the owner's stores. */
#define HEAD	    0
#define CLAIM	    1
#define PUBLISHED(l) (2 + (l))
#define HOLD(l)	    (1 + LEVELS + (l)) /* of level l > 0 */
#define WORD(l, at) (2 + 2 * LEVELS + (l)*PLACES + ((at) % PLACES))
#define CELLS	    (2 + 2 * LEVELS + LEVELS * PLACES)
byte memory[CELLS] = {0, NEVER, 0};

/* The control page: the owner's own, no one else looks but at head and claim of level 0. */
byte head[LEVELS], frame[LEVELS], limit[LEVELS];
byte claim[LEVELS] = NEVER;
bool is_refused[LEVELS]; /* CTRACE_FRAME_OF_REFUSED, a bit of the frame */
byte lost_before[LEVELS];
byte published[LEVELS]; /* as the owner sees it */

/* The collector's words, and the loss count: read and added to as one step. */
byte tail[LEVELS];
byte lost, seen;
byte refused; /* those of `lost` that found no room */
bool has_exited; /* the ring's state: ALIVE, then EXITED */

/* For the checks only. */
byte now;		    /* the clock */
byte time_at[LEVELS * MOST]; /* time of the record at a position; a part of its word */
byte attempted, written, told_lost;
byte given[CONTEXTS];	    /* how far the event of a context is: */
#define IDLE	0	    /* there is none */
#define OPEN	1	    /* nobody would know of it */
#define CLAIMED 2	    /* its claim stands, so who finds it cut off counts it */
#define DECIDED 3	    /* published, or counted as lost */
bool owes[CONTEXTS];	    /* it cleared a claim that it has not counted yet */
bool is_uncounted[LEVELS];  /* refused, and not counted yet */

/* ---- stores on their way ---- */

#if BUFFER
byte way_cell[BUFFER], way_value[BUFFER];
bool way_release[BUFFER];
byte way;
#define ROOM	(way < BUFFER)
#define DRAINED (way == 0)

inline put(cell, value, is_release)
{
	way_cell[way] = cell;
	way_value[way] = value;
	way_release[way] = is_release;
	way++
}

inline deliver(at)
{
	memory[way_cell[at]] = way_value[at];
	way--;
	if
	:: at < way && at + 1 < BUFFER ->
		way_cell[at] = way_cell[at + 1];
		way_value[at] = way_value[at + 1];
		way_release[at] = way_release[at + 1]
	:: else
	fi;
	if
	:: at + 1 < way && at + 2 < BUFFER ->
		way_cell[at + 1] = way_cell[at + 2];
		way_value[at + 1] = way_value[at + 2];
		way_release[at + 1] = way_release[at + 2]
	:: else
	fi;
	way_cell[way] = 0;
	way_value[way] = 0;
	way_release[way] = 0
}
#else
#define ROOM	true
#define DRAINED true
inline put(cell, value, is_release)
{
	memory[cell] = value
}
#endif

#if MUTANT == 4
#define P_RELEASE 0 /* published is stored without [P] */
#else
#define P_RELEASE 1
#endif
#if MUTANT == 5
#define H_RELEASE 0 /* the claim is stored without [H] */
#else
#define H_RELEASE 1
#endif

/* ---- who runs: one thread, so its handlers stop it ---- */

byte running;		 /* the context that the processor is in */
byte under[CONTEXTS];	 /* whom a handler interrupted */
byte frame_of[CONTEXTS] = HIGH; /* stack pointer of each */
bool is_cut[CONTEXTS];	 /* a handler jumped out of it */
bool has_ended;		 /* the thread emits no more */

/* ---- emitting ---- */

/* One store: the frame and its mark. */
inline note(l, sp, mark)
{
	d_step {
		frame[l] = sp;
		is_refused[l] = mark
	}
}

/* ctrace_level_claim. `at` is head as it was, `is_mine` the answer. */
inline claim_once(l)
{
	at = head[l];
	if
	:: d_step { claim[l] == at; is_mine = false }
	:: else ->
		note(l, frame_of[_pid], false);
		d_step {
			ROOM;
			claim[l] = at;
			if
			:: l == 0 -> put(CLAIM, at, H_RELEASE) /* [H] */
			:: else
			fi;
			given[_pid] = (head[l] == at -> CLAIMED : OPEN)
		}
#if MUTANT == 1
		is_mine = true /* head is not read again */
#else
		is_mine = (head[l] == at)
#endif
	fi
}

/* ctrace_level_unclaim */
inline unclaim(l)
{
	d_step {
		ROOM;
		claim[l] = NEVER;
		if
		:: l == 0 -> put(CLAIM, NEVER, 0)
		:: else
		fi;
		is_uncounted[l] = false;
		given[_pid] = (given[_pid] == CLAIMED -> OPEN : given[_pid])
	}
	note(l, TOP, false)
}

inline store_word(l)
{
	d_step {
		ROOM;
		assert(claim[l] == at && head[l] == at && published[l] == at);
		assert(at < tail[l] + PLACES);
		time_at[l * MOST + at] = time;
		put(WORD(l, at), at + 1, 0)
	}
}

inline store_published(l)
{
	d_step {
		ROOM;
		published[l] = at + 1;
		given[_pid] = DECIDED;
		put(PUBLISHED(l), at + 1, P_RELEASE) /* [P] */
	}
}

/* ctrace_level_word and ctrace_level_commit, the claim being ours */
inline write(l)
{
	d_step {
		now++;
		time = now
	}
#if MUTANT == 2
	store_published(l);
	store_word(l);
#else
	store_word(l);
	store_published(l);
#endif
	d_step {
		ROOM;
		head[l] = at + 1;
		if
		:: l == 0 -> put(HEAD, at + 1, 1) /* [H] */
		:: else
		fi;
		time = 0
	}
}

/* ctrace_loss_add: an add with release [L]. */
inline count_own()
{
	d_step {
		DRAINED;
		lost++;
		given[_pid] = DECIDED
	}
}

inline count_anothers()
{
	d_step {
		DRAINED;
		lost++;
		owes[_pid] = false
	}
}

/* count_no_room: noted, then counted, then the claim is given up. */
inline refuse(l)
{
#if MUTANT != 7
	loaded = refused;
	lost_before[l] = loaded;
	d_step {
		frame[l] = frame_of[_pid];
		is_refused[l] = true;
		is_uncounted[l] = true
	}
#endif
	d_step {
		DRAINED;
		lost++;
		refused++;
		is_uncounted[l] = false;
		given[_pid] = DECIDED
	}
	unclaim(l)
}

/* clear_cut_off_claim. `is_mine`: look again. */
inline clear_cut_off(l)
{
	if
	:: frame_of[_pid] < frame[l] -> is_mine = false
	:: else ->
		is_mine = true;
#if MUTANT != 8
		/* take_cut_off_claim: from here on a handler finds a frame above its own. */
		note(l, frame_of[_pid], is_refused[l]);
#endif
		at = claim[l];
		if
		:: at != head[l] -> skip
		:: else ->
			if
			:: published[l] == at ->
				/* cut_off_events */
				is_owed = !(is_refused[l] && refused != lost_before[l]);
				d_step {
					ROOM;
					claim[l] = NEVER;
					if
					:: l == 0 -> put(CLAIM, NEVER, 0)
					:: else
					fi;
					owes[_pid] = is_owed;
					/* Another was refused between its note and its count: that one is taken for it. */
					attempted = attempted - (is_uncounted[l] && !is_owed -> 1 : 0);
					is_uncounted[l] = false
				}
				note(l, TOP, false);
				if
				:: is_owed -> count_anothers()
				:: else
				fi
			:: else ->
				/* Cut off between the two stores of a commit: do the second. */
				d_step {
					ROOM;
					head[l] = published[l];
					if
					:: l == 0 -> put(HEAD, published[l], 1)
					:: else
					fi
				}
			fi
		fi
	fi
}

/* write_claimed: refresh, then write, or give the claim up and count. */
inline write_claimed(l)
{
	/* [T] ctrace_ring_refresh: the limit is the bell's, until that has been rung. */
	loaded = tail[l];
	limit[l] = loaded + (l > 0 || head[l] >= loaded + PLACES / 2 -> PLACES : PLACES / 2);
	if
	:: at + 1 <= loaded + PLACES ->
		if
		:: l > 0 ->
			loaded = head[0];
			d_step {
				ROOM;
				put(HOLD(l), loaded, 0);
				loaded = 0
			}
		:: l == 0
		fi;
		write(l)
	:: else ->
		refuse(l)
	fi
}

/* emit_slow: the first level that can be claimed. */
inline emit_slow()
{
	level = 0;
	do
	:: level == LEVELS ->
		count_own();
		break
	:: else ->
		claim_once(level);
		if
		:: is_mine ->
			write_claimed(level);
			break
		:: else ->
			at = claim[level];
			if
			:: at == head[level] ->
				clear_cut_off(level);
				if
				:: is_mine
				:: else -> level++
				fi
			:: else
			fi
		fi
	od
}

/* ctrace_emit: ctrace_emit_word, or the slow path. */
inline emit()
{
	claim_once(0);
	if
	:: is_mine && at < limit[0] -> write(0)
	:: is_mine && at >= limit[0] ->
		unclaim(0);
		emit_slow()
	:: else -> emit_slow()
	fi
}

/* siglongjmp to the thread: whom it leaves on the way, and what of their events nobody will ever count. */
inline leave(who)
{
	is_cut[who] = (is_cut[who] || given[who] != IDLE);
	attempted = attempted - (given[who] == OPEN -> 1 : 0) - (owes[who] -> 1 : 0);
	given[who] = IDLE;
	owes[who] = false
}

inline jump_home()
{
	leave(0);
	if
	:: under[_pid] > 0 -> leave(1)
	:: else
	fi;
	running = 0
}

inline attempt(sp)
{
	attempted++;
	given[_pid] = OPEN;
	frame_of[_pid] = sp
}

inline forget()
{
	at = 0;
	level = 0;
	time = 0;
	loaded = 0;
	is_owed = false;
	is_mine = false
}

active [CONTEXTS] proctype context() provided(running == _pid || has_exited)
{
	byte at, level, time, loaded, left = EVENTS;
	bool is_mine, is_owed;

again:
	do
	:: has_exited -> goto done
	:: d_step { _pid == 0 && left == 0 && !has_ended; has_ended = true; } -> break
	:: atomic {
			if
			:: _pid > 0 && !has_exited -> attempt(frame_of[_pid])
			:: _pid == 0 && left > 0 -> left--; attempt(HIGH)
#ifdef JUMPS
			:: _pid == 0 && left > 0 -> left--; attempt(LOW)
#endif
			fi
		}
		{
			emit();
			atomic {
				forget();
				given[_pid] = IDLE;
				if
				:: _pid > 0 -> running = under[_pid]
#ifdef JUMPS
				:: _pid > 0 -> jump_home()
#endif
				:: _pid == 0
				fi
			}
		} unless {
			d_step {
				is_cut[_pid];
				is_cut[_pid] = false;
				forget()
			}
			goto again
		}
	od;
	/* ctrace_emit_settle: what was cut off, and met by no later emit. */
	frame_of[0] = TOP;
	do
	:: level == LEVELS -> break
	:: else ->
		at = claim[level];
		if
		:: at == head[level] -> clear_cut_off(level)
		:: else
		fi;
		level++
	od;
	/* [S] release */
	atomic {
		DRAINED;
		has_exited = true
	}
done:
	skip
}

/* A signal, between any two steps of what runs. */
active proctype kernel()
{
	byte left = SIGNALS, who;

end:
	do
	:: d_step {
			left > 0 && HANDLERS >= 1 && running == 0 && !has_ended;
			left--;
			who = 1;
			under[who] = running;
			frame_of[who] = frame_of[running] - 1;
			running = who;
			who = 0
		}
	:: d_step {
			left > 0 && HANDLERS >= 2 && running < 2 && !has_ended;
			left--;
			who = 2;
			under[who] = running;
			frame_of[who] = frame_of[running] - 1;
			running = who;
			who = 0
		}
	od
}

#if BUFFER
/* Another store may go first, if it is no release and none before it goes to the same place. */
#ifdef WEAK
#define MAY_OVERTAKE(at, other) (!way_release[at] && way_cell[at] != way_cell[other])
#else
#define MAY_OVERTAKE(at, other) false
#endif

active proctype memory_bus()
{
end:
	do
	:: d_step { way > 0; deliver(0) }
#if BUFFER > 1
	:: d_step { way > 1 && MAY_OVERTAKE(1, 0); deliver(1) }
#endif
#if BUFFER > 2
	:: d_step { way > 2 && MAY_OVERTAKE(2, 0) && MAY_OVERTAKE(2, 1); deliver(2) }
#endif
	od
}
#endif

/* ---- the collector ---- */

#if NESTED == 0
#define ANY(is) (is(0))
#elif NESTED == 1
#define ANY(is) (is(0) || is(1))
#else
#define ANY(is) (is(0) || is(1) || is(2))
#endif
#define IS_LEFT(l) (at[l] < to[l])
#define IS_PRESSING(l) (to[l] - tail[l] > PLACES / 2)

/* wait_for_interrupted: as many tries as it likes. */
inline wait_for_interrupted()
{
	do
	:: loaded = memory[HEAD]; /* [H] */
		if
		:: loaded != memory[CLAIM] -> break
		:: else ->
			if
			:: memory[PUBLISHED(0)] > hold -> break
#ifndef CALM
			:: memory[PUBLISHED(0)] <= hold -> loaded = 0
#endif
			:: d_step { memory[PUBLISHED(0)] <= hold; is_ready = false } -> break
			fi
		fi
	od
}

inline look_at_nested(l)
{
	to[l] = memory[PUBLISHED(l)]; /* [P] */
	if
	:: to[l] != tail[l] ->
#if MUTANT != 6
		hold = memory[HOLD(l)];
		wait_for_interrupted();
		atomic {
			loaded = 0;
			hold = 0
		}
#endif
	:: else
	fi
}

inline try_look()
{
	is_ready = true;
#if MUTANT == 9
	to[0] = memory[PUBLISHED(0)];
#endif
#if NESTED > 0
	look_at_nested(1);
#endif
#if NESTED > 1
	look_at_nested(2);
#endif
#if MUTANT != 9
	to[0] = memory[PUBLISHED(0)]; /* [P] */
#endif
	/* has_more_nested */
#if NESTED > 0 && MUTANT != 10
	is_ready = is_ready && memory[PUBLISHED(1)] == to[1];
#endif
#if NESTED > 1 && MUTANT != 10
	is_ready = is_ready && memory[PUBLISHED(2)] == to[2];
#endif
}

/* The oldest record not taken: a load of its word, which holds its time. */
inline take_one()
{
	d_step {
		best = NEVER;
		level = 0;
		do
		:: level == LEVELS -> break
		:: else ->
			if
			:: at[level] < to[level] && (best == NEVER || time_at[level * MOST + at[level]] < time_at[best * MOST + at[best]]) ->
				best = level
			:: else
			fi;
			level++
		od;
		assert(memory[WORD(best, at[best])] == at[best] + 1);
		assert(!is_ready || time_at[best * MOST + at[best]] > last_time);
		last_time = time_at[best * MOST + at[best]];
		at[best] = at[best] + 1;
		written++;
		best = 0;
		level = 0
	}
}

inline take_all()
{
	do
	:: ANY(IS_LEFT) -> take_one()
	:: else -> break
	od
}

inline let_go()
{
	d_step {
		told_lost = told_lost + lost_now - seen;
		seen = lost_now
	}
	/* [T] release */
#if NESTED > 0
	tail[1] = to[1];
#endif
#if NESTED > 1
	tail[2] = to[2];
#endif
	tail[0] = to[0]
}

/* drain, from the state to the tails */
inline pass()
{
	is_last = has_exited; /* [S] */
	lost_now = lost; /* [L] */
	/* look */
	do
	:: try_look();
		if
		:: is_ready -> break
#ifndef CALM
		:: !is_ready
#endif
		:: !is_ready -> break
		fi
	od;
	if
	:: may_take = is_ready || is_last || ANY(IS_PRESSING)
	:: !is_ready -> may_take = true /* after NESTED_PASSES */
	fi;
	skip;
	d_step {
		level = 0;
		do
		:: level == LEVELS -> break
		:: else ->
			to[level] = (may_take -> to[level] : tail[level]);
			at[level] = tail[level];
			level++
		od;
		level = 0
	}
#if MUTANT == 3
	let_go();
	take_all();
	skip;
#else
	take_all();
	let_go();
#endif
	d_step {
		last_time = (is_ready -> last_time : 0);
		level = 0;
		do
		:: level == LEVELS -> break
		:: else ->
			to[level] = 0;
			at[level] = 0;
			level++
		od;
		level = 0;
		lost_now = 0;
		is_ready = false;
		may_take = false
	}
}

active proctype collector()
{
	byte to[LEVELS], at[LEVELS];
	byte hold, loaded, level, best, lost_now, last_time;
	bool is_ready, is_last, may_take;

	do
#ifdef CALM
	:: atomic { pass() }
#else
	:: pass()
#endif
		if
		:: is_last -> break
		:: else
		fi
	od;
	assert(written + told_lost == attempted)
}

/* ---- at every step ---- */

#define IS_BROKEN(l) \
	(claim[l] == head[l] -> published[l] - head[l] > 1 : published[l] != head[l])

active proctype invariant()
{
end:
	atomic {
		ANY(IS_BROKEN);
		assert(false)
	}
}
