/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOCKET_NAMES_H
#define CTRACE_SOCKET_NAMES_H

/* What "socket:[4711]" is: "tcp 127.0.0.1:6379 -> 127.0.0.1:55332", "unix /run/x.sock". */

#include <stddef.h>
#include <stdint.h>

/* Replaces the name of a socket of this process by what its tables say of it; others stay. */
void ctrace_socket_name(uint32_t pid, char *name, size_t size);

#endif
