/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_HANDLERS_H
#define WEBSERVICE_HANDLERS_H

/*
 * What the service answers. Each worker has its own state: a database handle.
 *
 *     GET  /healthz          {"status": "ok"}
 *     POST /auth/login       {"name", "password"} → {"token", "expires_in"}
 *     GET  /auth/user/{id}   with a token → {"id", "name", "created", "logins"}
 *     POST /users            {"name", "password"} → 201 {"id", "name"}
 *     GET  /users?limit=     {"users": […]}
 */

#include <stdbool.h>

struct auth;
struct job;

struct handlers_settings {
	const char *database;
	struct auth *auth;
	unsigned token_seconds;
	bool is_token_free; /* /auth/user/{id} also answers who brings no token */
};

/* Gives a worker's state. `settings` is a struct handlers_settings and outlives it. NULL: no
 * database. */
void *handlers_enter(void *settings);
void handlers_leave(void *state);

/* Fills the job's answer. */
void handlers_work(void *state, struct job *job);

#endif
