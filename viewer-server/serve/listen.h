/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_LISTEN_H
#define CTRACE_SERVE_LISTEN_H

/*
 * Loopback sockets: 127.0.0.1, and ::1 on the same port where the system has
 * it. No other address can be asked for.
 */

#include "format/status.h"

#include <stdint.h>

struct ctrace_listeners {
	int fd[2]; /* -1: not there */
	uint16_t port;
};

/*
 * Listen on `port`, 0 for any free one. Undo with finish, also after failure.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */
enum ctrace_status ctrace_listeners_init(struct ctrace_listeners *listeners, uint16_t port,
					 struct ctrace_error *error);
void ctrace_listeners_finish(struct ctrace_listeners *listeners);

#endif
