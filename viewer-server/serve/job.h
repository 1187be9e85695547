/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_JOB_H
#define CTRACE_SERVE_JOB_H

/*
 * A question of the page on its way to an answer, and the thread that works
 * on questions, so that the thread that serves everybody never waits for a
 * disk or a long search.
 *
 * A job is held by the page that asked and by the worker, and freed by
 * whoever lets go last. The page may let go at any time (it left, or
 * cancelled): the worker then stops at the next chance.
 *
 *                       | submit | answer is read | release (page)    | worker's thread
 *   submit              |  ok    |       ok       |        ok         |       ok
 *   release (page)      |  ok    |    same thread |    same thread    |       ok
 */

#include "viewer-server/limits.h"
#include "viewer-server/model/query.h"
#include "viewer-server/serve/message.h"

#include <stdatomic.h>

struct ctrace_job {
	atomic_uint holders;
	atomic_bool is_cancelled;
	atomic_bool is_done; /* [D] release by the worker after `answer`; acquire by the page */
	_Atomic(char *)
		so_far; /* [S] owned: how far a long one is; the newest replaces older ones */
	struct ctrace_message question;
	char *answer; /* JSON text; NULL: nothing to say (cancelled, or no memory) */
	size_t answer_size;
	struct ctrace_job *next_in_worker, *next_in_page;
};

/* Takes the question. NULL without memory (the question is gone then, too). */
struct ctrace_job *ctrace_job_create_take(struct ctrace_message *question);
/* The page lets go. NULL is fine. */
void ctrace_job_release(struct ctrace_job *job);

/* What the worker said of a long question since it was last asked; the caller's to free. NULL:
 * nothing. */
char *ctrace_job_take_so_far(struct ctrace_job *job);

/* Has a question had all the processor time it may take? */
static inline bool ctrace_job_is_spent(uint64_t cpu_ns, unsigned limit_ms)
{
	return cpu_ns >= UINT64_C(1000000) * limit_ms;
}

/* How much that is. */
static inline unsigned ctrace_job_limit_ms(enum ctrace_message_type type)
{
	return type == CTRACE_MESSAGE_HEAP || type == CTRACE_MESSAGE_LOCKS ? CTRACE_HEAP_CPU_MS
									   : CTRACE_ANSWER_CPU_MS;
}

struct ctrace_worker;

struct ctrace_worker_settings {
	const struct ctrace_model *model; /* borrows until destroy */
	struct ctrace_trace *trace;	  /* borrows until destroy */
	void (*done)(void *context);	  /* on the worker's thread, after each job */
	void *context;
};

enum ctrace_status ctrace_worker_create(struct ctrace_worker **worker,
					const struct ctrace_worker_settings *settings);
/* The worker works on jobs in the order in which they come. Thread: any. */
void ctrace_worker_submit(struct ctrace_worker *worker, struct ctrace_job *job);
/* Stops the job at hand, drops the others, ends the thread. NULL is fine. */
void ctrace_worker_destroy(struct ctrace_worker *worker);

#endif
