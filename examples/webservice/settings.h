/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_SETTINGS_H
#define WEBSERVICE_SETTINGS_H

/* What the command line can change, with its defaults. */

#include <stdbool.h>
#include <stdint.h>

struct settings {
	uint16_t port;		/* of the REST interface; 0: any free one */
	const char *debug;	/* where /debug/pprof/ is served; NULL: nowhere */
	const char *database;	/* NULL: a temporary file, removed at the end */
	unsigned workers;	/* threads that answer requests */
	unsigned io_threads;	/* threads that talk to clients */
	unsigned queue_max;	/* requests that may wait; more are answered with 503 */
	unsigned token_seconds; /* how long a login lasts */
	bool is_demo;		/* 1,000 users; /auth/user/{id} also without a token */
};

/* Returns 0 to go on, 1 if all is said (--help), 2 after a complaint about wrong usage. */
int settings_parse(struct settings *settings, int argc, char **argv);

#endif
