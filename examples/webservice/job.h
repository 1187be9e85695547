/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_JOB_H
#define WEBSERVICE_JOB_H

/*
 * One request on its way: made by an io thread, answered by a worker, sent by
 * the io thread. Its id is also that of its task and its flow in the trace, so
 * that the timeline shows the way.
 *
 *     io thread: job_create ─► pool_give ─► worker: handle ─► io thread: send, job_destroy
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

#define JOB_BODY_MAX 65536u /* bytes of a request's body; more is refused with 413 */

struct job {
	uint64_t id;
	int64_t received_ns;
	struct MHD_Connection *connection;

	/* The request. Borrowed from the connection until the answer has been sent. */
	const char *method;
	const char *path;
	const char *limit; /* of GET /users?limit=; NULL if absent */
	const char *token; /* of the Authorization header; NULL if absent */
	char *body;
	size_t body_size;

	/* The answer; owned. */
	bool is_answered;
	unsigned status;
	const char *allow; /* methods, with status 405 */
	char *reply;
	size_t reply_size;

	struct job *next_waiting;
};

struct job *job_create(struct MHD_Connection *connection, const char *method, const char *path);
void job_destroy(struct job *job);

/* Append to the body. False: too long, or no memory. */
bool job_take_body(struct job *job, const char *bytes, size_t size);

/* Answer with {"error": message}. */
void job_fail(struct job *job, unsigned status, const char *message);

int64_t job_now_ns(void);

#endif
