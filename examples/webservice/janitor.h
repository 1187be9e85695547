/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_JANITOR_H
#define WEBSERVICE_JANITOR_H

/* A thread that now and then removes expired tokens. */

struct auth;
struct janitor;

/* NULL after a line on stderr. */
struct janitor *janitor_create(const char *database, struct auth *auth);
void janitor_destroy(struct janitor *janitor);

#endif
