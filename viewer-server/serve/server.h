/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_SERVER_H
#define CTRACE_SERVE_SERVER_H

/*
 * The viewer's server: shows one open trace to pages on this machine.
 *
 *     ctrace_server_create(&server, &settings, &error)   listens, loads in the background
 *       ctrace_server_url(server, url, size)             the one URL, with the token
 *       ctrace_server_run(server, &error)                serves until ctrace_server_stop
 *     ctrace_server_destroy(server)
 */

#include "format/reader.h"

#include <stddef.h>

struct ctrace_server;

struct ctrace_server_settings {
	struct ctrace_trace *trace; /* borrows until destroy */
	const char *name;	    /* shown in the page; borrows until destroy */
	uint16_t port;		    /* 0: any free one */
	uint64_t max_memory;	    /* of the model; 0: its default */
	/* Called from run, may be NULL: how far loading is; events when done == total == 0. */
	void (*progress)(void *context, const char *stage, uint64_t done, uint64_t total);
	void (*loaded)(void *context, uint64_t events);
	void *context;
};

enum ctrace_status ctrace_server_create(struct ctrace_server **server,
					const struct ctrace_server_settings *settings,
					struct ctrace_error *error);

#define CTRACE_SERVER_URL_BYTES 96
void ctrace_server_url(const struct ctrace_server *server, char url[CTRACE_SERVER_URL_BYTES]);

/*
 * Serve. CTRACE_OK after stop; an error if the trace cannot be loaded after all.
 *
 * Thread: one.  Blocks: yes.
 */
enum ctrace_status ctrace_server_run(struct ctrace_server *server, struct ctrace_error *error);

/* End run. Thread: any, also before run. Signal handler: no (it may take the library's lock). */
void ctrace_server_stop(struct ctrace_server *server);
void ctrace_server_destroy(struct ctrace_server *server); /* NULL is fine */

#endif
