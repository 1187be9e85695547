/* SPDX-License-Identifier: MIT */
/* Jobs and their thread; see job.h for who may do what beside whom. */

#include "viewer-server/serve/job.h"

#include "viewer-server/limits.h"
#include "viewer-server/serve/answer.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ctrace_worker {
	struct ctrace_worker_settings settings;
	struct ctrace_chrome_sites sites; /* the worker's thread only */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t has_news;
	struct ctrace_job *first, **last; /* by next_in_worker */
	atomic_bool is_ending;
};

struct ctrace_job *ctrace_job_create_take(struct ctrace_message *question)
{
	struct ctrace_job *job = calloc(1, sizeof(*job));
	if (job == NULL) {
		ctrace_message_finish(question);
		return NULL;
	}
	atomic_init(&job->holders, 1);
	atomic_init(&job->so_far, NULL);
	job->question = *question;
	*question = (struct ctrace_message){.lane_count = 0};
	return job;
}

/* [S] acq_rel on both sides: who takes a text sees its bytes, and owns it. */
static char *exchange_so_far(struct ctrace_job *job, char *text)
{
	return atomic_exchange_explicit(&job->so_far, text, memory_order_acq_rel);
}

char *ctrace_job_take_so_far(struct ctrace_job *job)
{
	return exchange_so_far(job, NULL);
}

static void let_go(struct ctrace_job *job)
{
	/* [H] acq_rel: the last holder sees what the other one wrote before it frees. */
	if (atomic_fetch_sub_explicit(&job->holders, 1, memory_order_acq_rel) == 1) {
		ctrace_message_finish(&job->question);
		free(job->answer);
		free(exchange_so_far(job, NULL));
		free(job);
	}
}

void ctrace_job_release(struct ctrace_job *job)
{
	if (job != NULL) {
		atomic_store_explicit(&job->is_cancelled, true, memory_order_relaxed);
		let_go(job);
	}
}

struct effort {
	struct ctrace_worker *worker;
	struct ctrace_job *job;
	unsigned limit_ms;
	uint64_t begin_ns, told_ns; /* of this thread's CPU time */
	bool is_over;
};

static uint64_t cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static bool is_wanted(const struct effort *effort)
{
	return !atomic_load_explicit(&effort->job->is_cancelled, memory_order_relaxed) &&
	       !atomic_load_explicit(&effort->worker->is_ending, memory_order_relaxed);
}

static bool go_on(void *context)
{
	struct effort *effort = context;
	effort->is_over = ctrace_job_is_spent(cpu_ns() - effort->begin_ns, effort->limit_ms);
	return !effort->is_over && is_wanted(effort);
}

/* The same for what an answer can do without. */
static bool go_on_briefly(void *context)
{
	const struct effort *effort = context;
	return !ctrace_job_is_spent(cpu_ns() - effort->begin_ns, CTRACE_POSITION_CPU_MS) &&
	       is_wanted(effort);
}

static void tell_so_far(void *context, const struct ctrace_range_share *share)
{
	struct effort *effort = context;
	uint64_t now = cpu_ns();
	size_t size;
	if (!ctrace_job_is_spent(now - effort->told_ns, CTRACE_SO_FAR_CPU_MS)) {
		return;
	}
	effort->told_ns = now;
	free(exchange_so_far(effort->job,
			     ctrace_answer_so_far(&effort->job->question, share, &size)));
	effort->worker->settings.done(effort->worker->settings.context);
}

/* Of a question that was too much. */
static const char *way_out(enum ctrace_message_type type)
{
	switch (type) {
	case CTRACE_MESSAGE_HEAP:
		return "take an earlier end, or `ctrace heap`";
	case CTRACE_MESSAGE_LOCKS:
		return "take `ctrace top`";
	default:
		return "zoom in, or ask for fewer lanes";
	}
}

static void work(struct ctrace_worker *worker, struct ctrace_job *job)
{
	struct effort effort = {.worker = worker, .job = job, .begin_ns = cpu_ns()};
	effort.told_ns = effort.begin_ns;
	effort.limit_ms = ctrace_job_limit_ms(job->question.type);
	struct ctrace_patience patience = {go_on, &effort, tell_so_far};
	struct ctrace_patience brief = {go_on_briefly, &effort, NULL};
	struct ctrace_answer_source source = {worker->settings.model, worker->settings.trace,
					      &worker->sites};
	if (go_on(&effort)) {
		job->answer = ctrace_answer_make(&source, &job->question, &patience, &brief,
						 &job->answer_size);
	}
	if (effort.is_over) {
		char line[96];
		snprintf(line, sizeof(line), "too wide: this took the limit of %u ms; %s",
			 effort.limit_ms, way_out(job->question.type));
		free(job->answer);
		job->answer = ctrace_answer_error(&job->question.req, line, &job->answer_size);
	}
	atomic_store_explicit(&job->is_done, true, memory_order_release); /* [D] */
}

static struct ctrace_job *next_job(struct ctrace_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (worker->first == NULL &&
	       !atomic_load_explicit(&worker->is_ending, memory_order_relaxed)) {
		pthread_cond_wait(&worker->has_news, &worker->lock);
	}
	struct ctrace_job *job = worker->first;
	if (job != NULL) {
		worker->first = job->next_in_worker;
		worker->last = worker->first == NULL ? &worker->first : worker->last;
	}
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *run(void *argument)
{
	struct ctrace_worker *worker = argument;
	struct ctrace_job *job;
	while ((job = next_job(worker)) != NULL) {
		work(worker, job);
		let_go(job);
		worker->settings.done(worker->settings.context);
	}
	return NULL;
}

enum ctrace_status ctrace_worker_create(struct ctrace_worker **worker,
					const struct ctrace_worker_settings *settings)
{
	struct ctrace_worker *made = calloc(1, sizeof(*made));
	*worker = NULL;
	if (made == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	made->settings = *settings;
	if (ctrace_chrome_sites_init(&made->sites, settings->trace) != CTRACE_OK) {
		free(made);
		return CTRACE_ERR_NO_MEMORY;
	}
	made->last = &made->first;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->has_news, NULL);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&made->thread, NULL, run, made);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		ctrace_chrome_sites_finish(&made->sites);
		free(made);
		return CTRACE_ERR_IO;
	}
	*worker = made;
	return CTRACE_OK;
}

void ctrace_worker_submit(struct ctrace_worker *worker, struct ctrace_job *job)
{
	atomic_fetch_add_explicit(&job->holders, 1, memory_order_relaxed);
	job->next_in_worker = NULL;
	pthread_mutex_lock(&worker->lock);
	*worker->last = job;
	worker->last = &job->next_in_worker;
	pthread_cond_signal(&worker->has_news);
	pthread_mutex_unlock(&worker->lock);
}

void ctrace_worker_destroy(struct ctrace_worker *worker)
{
	if (worker == NULL) {
		return;
	}
	pthread_mutex_lock(&worker->lock);
	atomic_store_explicit(&worker->is_ending, true, memory_order_relaxed);
	pthread_cond_signal(&worker->has_news);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	ctrace_chrome_sites_finish(&worker->sites);
	pthread_cond_destroy(&worker->has_news);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}
