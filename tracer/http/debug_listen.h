/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_LISTEN_H
#define CTRACE_DEBUG_LISTEN_H

/* Where /debug/pprof/ listens: from text to a socket. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct ctrace_debug_address {
	struct sockaddr_storage socket;
	socklen_t size;
	bool is_loopback;
};

/*
 * "127.0.0.1:6060", "[::1]:6060", "localhost:6060", ":6060" or "6060" (loopback);
 * port 0 is any free one. No names are looked up. False: not such an address.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */
bool ctrace_debug_address_parse(struct ctrace_debug_address *address, const char *text);

/*
 * A listening socket, close-on-exec and non-blocking, and its port.
 * Returns the descriptor, or a negative errno value.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */
int ctrace_debug_listen(const struct ctrace_debug_address *address, uint16_t *port);

#endif
