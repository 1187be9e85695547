/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_ALLOC_CHANCE_H
#define CTRACE_PRELOAD_ALLOC_CHANCE_H

/*
 * Which blocks are chosen: each byte that a thread gets is chosen with the chance 1 / mean, by
 * itself, and a block is if any of its bytes is. So a block of s bytes is chosen with the chance
 *
 *     c(s) = 1 - (1 - 1/mean)^s
 *
 * and stands for s / c(s) bytes (Horvitz and Thompson 1952): sums of what chosen blocks stand for
 * are unbiased. How many bytes are passed over until the next one is drawn is geometric, so that
 * nothing has to be drawn for those.
 *
 * Thread: any, own state.  Signal handler: yes.  Allocates: no.
 */

#include <stdint.h>

#define CTRACE_ALLOC_MEAN_DEFAULT (512u << 10)
#define CTRACE_ALLOC_MEAN_MAX	  (UINT64_C(1) << 40)

/* A number that is never twice the same in a row; splitmix64. */
uint64_t ctrace_chance_random(uint64_t *state);

/* Bytes up to and with the next one that is chosen; 1 and up. */
uint64_t ctrace_chance_draw(uint64_t *state, uint64_t mean);

/* What a chosen block of so many bytes stands for, to the nearest byte; not less than `size`. */
uint64_t ctrace_chance_weight(uint64_t size, uint64_t mean);

#endif
