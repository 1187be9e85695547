/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOCKET_ADDRESS_H
#define CTRACE_SOCKET_ADDRESS_H

/* A struct sockaddr as a text: "127.0.0.1:6379", "[::1]:80", "/run/x.sock", "@x" (abstract). */

#include <stdbool.h>
#include <stddef.h>

/* Room for any of them. */
#define CTRACE_SOCKET_ADDRESS_BYTES 128u

/* False: it is of another family, or too short for its own. `bytes` need not be aligned. */
bool ctrace_socket_address(const void *bytes, size_t size, char text[CTRACE_SOCKET_ADDRESS_BYTES]);

#endif
