/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_FRONT_H
#define WEBSERVICE_FRONT_H

/*
 * The REST interface on libmicrohttpd: io threads read requests, hand them to
 * the pool, and send what comes back. A waiting connection is suspended, so an
 * io thread never waits for a worker.
 */

#include <stdint.h>

struct front;
struct job;
struct pool;

/* Listens on 127.0.0.1. NULL after a line on stderr. */
struct front *front_create(uint16_t port, unsigned threads, struct pool *pool);
/* Takes no new connections; those there are still answered. */
void front_quiesce(struct front *front);
/* Every job given to the pool must have come back. */
void front_destroy(struct front *front);

uint16_t front_port(const struct front *front);

/* For the pool: the answer is ready, send it. */
void front_answer(struct job *job);

#endif
