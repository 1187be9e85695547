/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SAMPLE_AREA_H
#define CTRACE_SAMPLE_AREA_H

/*
 * Memory through which programs hand their samples to `ctrace record`, where perf may not:
 * one file of the recorder's, mapped by each process that libctrace-sigprof.so is in.
 *
 *     tail ──► slots that were not taken ──► head
 *       the recorder's                         whoever samples, by compare-and-swap
 *
 * A slot is filled once its sequence is its number + 1. One that its owner reserved and never
 * filled, because it died there, is passed over after two seconds and counted as lost.
 *
 * Pairs of orders:
 *     [S] sequence: release by who filled the slot, acquire by the recorder: all else in it.
 *     [T] tail: release by the recorder, acquire by who reserves: reading before it is used again.
 *     Others are counts and hints: relaxed.
 *
 * The recorder trusts no byte of it.
 */

#include <stdatomic.h>
#include <stdint.h>

/* Where it is, for programs: "/proc/PID/fd/N". */
#define CTRACE_SAMPLE_AREA_VARIABLE "CTRACE_SAMPLE_AREA"
/* Of this struct. */
#define CTRACE_SAMPLE_AREA_VERSION 1u
/* A round is a hundredth of a second: 50,000 samples a second. */
#define CTRACE_SAMPLE_SLOTS	  512u
#define CTRACE_SAMPLE_STACK_BYTES 8192u

struct ctrace_sample_slot {
	_Atomic uint64_t sequence;
	uint32_t pid, tid, cpu;
	uint32_t stack_size; /* of what was copied */
	uint64_t image;	     /* another number after each exec */
	uint64_t stamp_ns;   /* CLOCK_MONOTONIC_RAW */
	uint64_t periods;    /* that it stands for */
	uint64_t instruction, frame_pointer, stack_pointer;
	uint8_t stack[CTRACE_SAMPLE_STACK_BYTES]; /* as it was at stack_pointer */
};

/* Why a process, or a thread, stopped. */
enum ctrace_sample_end {
	CTRACE_SAMPLE_END_HANDLER = 0x1, /* it handles SIGPROF itself, or asks for it by a timer */
	CTRACE_SAMPLE_END_INHERITED = 0x2, /* it was begun with SIGPROF ignored */
	CTRACE_SAMPLE_END_TIMERS = 0x4,	   /* no more timers could be made */
};

struct ctrace_sample_area {
	uint32_t version;
	uint32_t is_begun; /* the recorder has set period_ns */
	uint64_t period_ns;
	_Atomic uint64_t heard_ns; /* when the recorder last looked; CLOCK_MONOTONIC_RAW */
	_Atomic uint32_t ends;	   /* enum ctrace_sample_end, or-ed */
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t lost;
	_Alignas(64) _Atomic uint64_t tail;
	struct ctrace_sample_slot slots[CTRACE_SAMPLE_SLOTS];
};

#endif
