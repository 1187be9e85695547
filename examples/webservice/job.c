/* SPDX-License-Identifier: MIT */
/* A request and its answer. */

#include "job.h"

#include <ctrace/trace.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t job_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct job *job_create(struct MHD_Connection *connection, const char *method, const char *path)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		return NULL;
	}
	job->id = ctrace_task_id();
	job->received_ns = job_now_ns();
	job->connection = connection;
	job->method = method;
	job->path = path;
	return job;
}

void job_destroy(struct job *job)
{
	if (job == NULL) {
		return;
	}
	free(job->body);
	free(job->reply);
	free(job);
}

bool job_take_body(struct job *job, const char *bytes, size_t size)
{
	char *body;

	if (size > JOB_BODY_MAX - job->body_size) {
		return false;
	}
	body = realloc(job->body, job->body_size + size);
	if (body == NULL) {
		return false;
	}
	memcpy(body + job->body_size, bytes, size);
	job->body = body;
	job->body_size += size;
	return true;
}

void job_fail(struct job *job, unsigned status, const char *message)
{
	json_t *error = json_pack("{s:s}", "error", message);

	free(job->reply);
	job->reply = error != NULL ? json_dumps(error, JSON_COMPACT) : NULL;
	job->reply_size = job->reply != NULL ? strlen(job->reply) : 0;
	job->status = status;
	json_decref(error);
}
