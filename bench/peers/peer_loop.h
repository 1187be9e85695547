/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BENCH_PEER_LOOP_H
#define CTRACE_BENCH_PEER_LOOP_H

/*
 * The loop that every recorder is measured in; bench/peers.py runs the programs.
 *
 *     peer-NAME on|off ROUNDS SPANS THREADS     fastest and p10, ns per span, of the slower thread
 *     peer-NAME count SPANS                     one call of peer_spans, for callgrind
 *
 * A peer is one file with the three functions below. Between rounds a thread sleeps a
 * little, so that whoever empties the buffers gets its turn on the same processor.
 */

#include <stdint.h>

/* Record `spans` empty spans, one after the other. Not inlined: callgrind collects in it by name.
 */
void peer_spans(uint64_t spans);

/* What the program itself has to do so that somebody records, and that it is all stored. */
void peer_begin(void);
void peer_finish(void);

#endif
