/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOURCE_H
#define CTRACE_SOURCE_H

/*
 * A source: one place where events come from, beside the rings of programs that
 * use ctrace. Each is one file with this face, and one line in a list.
 *
 *     probe(&answer)               can it open here? what is missing? changes nothing
 *     prepare(&before, &answer)    before the program is forked: its environment (may be NULL)
 *     opened = open(&target, …)    the program is forked and waits; from here on the kernel keeps
 *       drain(opened, &pass)       what was kept goes to the trace; again and again
 *       look(opened)               if it has that: once rings have been emptied, too
 *     close(opened, &counts)       after the pass that was the last; nothing is left behind
 *
 * All of it runs on one thread at a time: the recorder's; in a program that records itself
 * (inside/), open and close on threads that come for it. Open may be called while somebody else
 * writes the trace: it makes streams, but writes nothing. What is found is written through
 * source_trace.h, so that a source knows neither the file nor the other sources.
 *
 * Every source is honest: what it wrote and what was lost add up to what the kernel
 * says, each loss stands in the stream as a LOST event, and the row in the table
 * SOURCES says how it went.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ctrace_own_threads;
struct ctrace_source_trace;

/* What a source can tell. In a recording, who is asked first gives it, and the others are not
 * opened for it. */
enum ctrace_gives {
	CTRACE_GIVES_SPANS = 0x01,     /* what the program says of itself */
	CTRACE_GIVES_SWITCHES = 0x02,  /* when each thread ran */
	CTRACE_GIVES_WAKERS = 0x04,    /* and who made it run */
	CTRACE_GIVES_CALLS = 0x08,     /* system calls */
	CTRACE_GIVES_SAMPLES = 0x10,   /* where the time on the processor went */
	CTRACE_GIVES_LIBRARY = 0x20,   /* calls of library functions */
	CTRACE_GIVES_BLOCKS = 0x40,    /* memory that is got and given back */
	CTRACE_GIVES_LOCKS = 0x80,     /* waits for locks */
	CTRACE_GIVES_GC = 0x100,       /* what a collector of memory does */
	CTRACE_GIVES_FAULTS = 0x200,   /* pages that are touched first */
	CTRACE_GIVES_ASLEEP = 0x400,   /* where threads sleep */
	CTRACE_GIVES_RESIDENT = 0x800, /* what processes have in memory */
};

#define CTRACE_SOURCE_TEXT_BYTES 200u

/* Whether a source can open, in words; each a clause without a full stop. */
struct ctrace_source_answer {
	bool is_available;
	char why[CTRACE_SOURCE_TEXT_BYTES];    /* not: what is in the way */
	char remedy[CTRACE_SOURCE_TEXT_BYTES]; /* not: what would enable it; may be empty */
};

/* What is known before the program is forked. */
struct ctrace_source_before {
	const char *program; /* as its name is on the command line */
	unsigned given; /* what the sources before this one will give, as far as they can tell */
};

/* Who is recorded, and where to. */
struct ctrace_source_target {
	/* Forked, and about to exec once sources are open; it and all that it starts. */
	pid_t pid;
	/* Or, not NULL, our own process, which runs: its threads, and those that come. Then `pid`
	 * is ours. Borrows until close has returned; grows with those that open finds. */
	struct ctrace_own_threads *own;
	struct ctrace_source_trace *trace; /* borrows until close has returned */
	uint64_t buffer_kb;		   /* of the kernel's memory for each CPU; 0: as is good */
	uint64_t sample_hz; /* samples a second on each CPU; 0: as is good (perf_samples.h) */
};

/* One round of draining, over all sources: the caller zeroes it, each source adds. */
struct ctrace_source_pass {
	bool is_last;	 /* nothing comes after it: take everything */
	uint64_t now_ms; /* CLOCK_MONOTONIC_RAW */
	uint64_t events; /* out: taken */
	/* Out: how full the fullest of the kernel's buffers was, in percent; the next round comes
	 * the sooner the fuller. */
	unsigned fill_percent;
};

/* For the row in SOURCES (SPEC 7.12). `events` and `lost` are final once close has returned. */
struct ctrace_source_counts {
	uint64_t events, lost;
	/* The clock's self-test: stamps compared with readings before and after, those that were
	 * not between them, and the smallest distance to either in ticks. */
	uint64_t checks, misses, slack;
	char remark[CTRACE_SOURCE_TEXT_BYTES]; /* what a reader has to know; may be empty */
};

/* What open gives: each source's own struct begins with this. */
struct ctrace_opened_source {
	struct ctrace_source_counts counts; /* so far */
};

struct ctrace_source {
	const char *name;  /* in --sources and in the table SOURCES */
	const char *about; /* what it gives: one line of `ctrace sources` */
	const char *costs; /* measured: docs/sources.md */
	unsigned gives;	   /* enum ctrace_gives, or-ed */
	bool is_asked_for; /* takes part only where it is named */
	/* One that stands before it in the list: unasked, it takes part only where that one was
	 * wanted. NULL: wherever it is needed. */
	const struct ctrace_source *instead_of;
	/* Blocks: no. Changes nothing on this machine that lasts. */
	void (*probe)(struct ctrace_source_answer *answer);
	/* NULL: none. False, with the answer why, leaves the source out. */
	bool (*prepare)(const struct ctrace_source_before *before,
			struct ctrace_source_answer *answer);
	/* NULL, with the answer why; recording goes on without it. NULL as a member: the recorder
	 * itself takes what this one gives (rings). */
	struct ctrace_opened_source *(*open)(const struct ctrace_source_target *target,
					     struct ctrace_source_answer *answer);
	void (*drain)(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass);
	/* NULL: nothing. Behind each drain, when rings have been emptied too: what follows from
	 * what they said. */
	void (*look)(struct ctrace_opened_source *opened);
	/* Takes `opened`, which drained for the last time; gives the final counts. */
	void (*close)(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts);
};

/* All of them, in order of preference, ended by NULL: source_list.c, and inside/own_list.c in a
 * program that records itself. */
extern const struct ctrace_source *const ctrace_source_list[];

/* By name; NULL: there is none. */
const struct ctrace_source *ctrace_source_find(const char *name, size_t size);

/* Fill an answer: no, because; and what would help. printf's rules for `why`. */
__attribute__((format(printf, 3, 4))) void ctrace_source_refuse(struct ctrace_source_answer *answer,
								const char *remedy, const char *why,
								...);

#endif
