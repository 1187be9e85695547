/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_PROGRAMS_H
#define CTRACE_BPF_PROGRAMS_H

/*
 * The programs of watch.bpf.c in the kernel, while this object lives: they and all that
 * they know are gone with it, also when the process is killed.
 *
 *     programs = ctrace_bpf_programs_load(cpus, &answer)
 *       ctrace_bpf_programs_use(programs, cpu, ring.map)   a ring for each CPU
 *     ctrace_bpf_programs_attach(programs, &answer)
 *       ctrace_bpf_programs_follow(programs, tid)          from its next event on
 *       ctrace_bpf_programs_begin(programs)                records come
 *       ctrace_bpf_programs_end(programs)                  none comes any more
 *     ctrace_bpf_programs_destroy(programs)
 */

#include "tracer/sources/bpf/bpf_record.h"
#include "tracer/sources/source.h"

struct ctrace_bpf_programs;

/* May this user load programs? Changes nothing. */
bool ctrace_bpf_programs_probe(struct ctrace_source_answer *answer);

/* NULL, with the answer why. Blocks: for a tenth of a second. */
struct ctrace_bpf_programs *ctrace_bpf_programs_load(unsigned cpus,
						     struct ctrace_source_answer *answer);
/* Takes NULL. */
void ctrace_bpf_programs_destroy(struct ctrace_bpf_programs *programs);

/* 0 or -errno. The map is borrowed by no one: the kernel keeps it. */
int ctrace_bpf_programs_use(struct ctrace_bpf_programs *programs, uint32_t cpu, int ring);
bool ctrace_bpf_programs_attach(struct ctrace_bpf_programs *programs,
				struct ctrace_source_answer *answer);

/* This thread, by the kernel's own number of it, and all that it starts. */
void ctrace_bpf_programs_follow(struct ctrace_bpf_programs *programs, uint32_t tid);
/* Nobody is followed any more. */
void ctrace_bpf_programs_forget(struct ctrace_bpf_programs *programs);

void ctrace_bpf_programs_begin(struct ctrace_bpf_programs *programs);
/* Blocks: until those that run have run, some 20 ms. */
void ctrace_bpf_programs_end(struct ctrace_bpf_programs *programs);

/* What they counted on this CPU; and from 0 again. */
struct ctrace_bpf_counts ctrace_bpf_programs_counts(const struct ctrace_bpf_programs *programs,
						    uint32_t cpu);
void ctrace_bpf_programs_restart(struct ctrace_bpf_programs *programs, uint32_t cpu);

/* Threads that there was no room to follow; and how often the kernel left out a program. */
uint64_t ctrace_bpf_programs_unfollowed(const struct ctrace_bpf_programs *programs);
uint64_t ctrace_bpf_programs_missed(const struct ctrace_bpf_programs *programs);

#endif
