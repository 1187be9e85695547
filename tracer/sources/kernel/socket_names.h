/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOCKET_NAMES_H
#define CTRACE_SOCKET_NAMES_H

/*
 * What "socket:[4711]" is: "tcp 127.0.0.1:6379 -> 127.0.0.1:55332", "unix /run/x.sock".
 *
 * The kernel's tables of sockets say so. It walks all of a hash table to print one, some
 * milliseconds on a machine with much memory, whatever is in it; so what was read is kept, and read
 * anew no more often than takes a tenth of the time. Until then a newer socket has to wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_socket_names;

/* NULL without memory. */
struct ctrace_socket_names *ctrace_socket_names_create(void);
void ctrace_socket_names_destroy(struct ctrace_socket_names *names);

/*
 * Replaces the name of a socket of this process, which was there at `since` (ticks), by what the
 * tables say of it; other names stay. False: ask again later, for the tables are older than it.
 */
bool ctrace_socket_name(struct ctrace_socket_names *names, uint32_t pid, uint64_t since, char *name,
			size_t size);

#endif
