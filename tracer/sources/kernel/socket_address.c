/* SPDX-License-Identifier: MIT */
/* Addresses of sockets; see socket_address.h. */

#include "tracer/sources/kernel/socket_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool internet(const struct sockaddr_storage *address, size_t size, char *text)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	bool is_six = address->ss_family == AF_INET6;
	char host[INET6_ADDRSTRLEN];

	/* What the kernel takes for the shortest: the scope may lack. */
	if (size < (is_six ? offsetof(struct sockaddr_in6, sin6_scope_id) : sizeof(*four))) {
		return false;
	}
	inet_ntop(address->ss_family, is_six ? (const void *)&six->sin6_addr : &four->sin_addr,
		  host, sizeof(host));
	snprintf(text, CTRACE_SOCKET_ADDRESS_BYTES, is_six ? "[%s]:%u" : "%s:%u", host,
		 (unsigned)ntohs(is_six ? six->sin6_port : four->sin_port));
	return true;
}

/* A path ends at its NUL or with the bytes; an abstract name begins with one, and may hold more. */
static bool local(const struct sockaddr_storage *address, size_t size, char *text)
{
	const char *name = (const char *)address + offsetof(struct sockaddr_un, sun_path);
	size_t bytes = size - offsetof(struct sockaddr_un, sun_path);
	bool is_abstract = bytes > 0 && name[0] == '\0';

	if (bytes == 0) {
		return false;
	}
	bytes = is_abstract ? bytes : strnlen(name, bytes);
	memcpy(text, name, bytes);
	text[bytes] = '\0';
	for (size_t i = 0; i < bytes; i++) {
		text[i] = name[i] != '\0' ? name[i] : '@';
	}
	return true;
}

bool ctrace_socket_address(const void *bytes, size_t size, char text[CTRACE_SOCKET_ADDRESS_BYTES])
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};

	if (size < sizeof(address.ss_family)) {
		return false;
	}
	size = size < sizeof(address) ? size : sizeof(address);
	memcpy(&address, bytes, size);
	switch (address.ss_family) {
	case AF_INET:
	case AF_INET6:
		return internet(&address, size, text);
	case AF_UNIX:
		return local(&address, size, text);
	default:
		return false;
	}
}
