/* SPDX-License-Identifier: MIT */
/* Addresses and the listening socket. */

#include "tracer/http/debug_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64
#define BACKLOG	       64

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0, digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 6; text++, digits++) {
		value = value * 10 + (unsigned)(*text - '0');
	}
	*port = htons((uint16_t)value);
	return *text == '\0' && digits > 0 && value <= UINT16_MAX;
}

static bool set_address6(struct ctrace_debug_address *address, const char *name, uint16_t port)
{
	struct sockaddr_in6 *socket = (struct sockaddr_in6 *)&address->socket;

	socket->sin6_family = AF_INET6;
	socket->sin6_port = port;
	address->size = sizeof(*socket);
	if (inet_pton(AF_INET6, name, &socket->sin6_addr) != 1) {
		return false;
	}
	address->is_loopback = IN6_IS_ADDR_LOOPBACK(&socket->sin6_addr);
	return true;
}

static bool set_address4(struct ctrace_debug_address *address, const char *name, uint16_t port)
{
	struct sockaddr_in *socket = (struct sockaddr_in *)&address->socket;
	const bool is_default = name[0] == '\0' || strcmp(name, "localhost") == 0;

	socket->sin_family = AF_INET;
	socket->sin_port = port;
	address->size = sizeof(*socket);
	if (inet_pton(AF_INET, is_default ? "127.0.0.1" : name, &socket->sin_addr) != 1) {
		return false;
	}
	address->is_loopback = (ntohl(socket->sin_addr.s_addr) >> 24) == 127;
	return true;
}

bool ctrace_debug_address_parse(struct ctrace_debug_address *address, const char *text)
{
	const char *colon = strrchr(text, ':');
	const size_t size = colon != NULL ? (size_t)(colon - text) : 0;
	char name[NAME_MAX_BYTES];
	uint16_t port;

	memset(address, 0, sizeof(*address));
	if (size >= sizeof(name) || !parse_port(colon != NULL ? colon + 1 : text, &port)) {
		return false;
	}
	memcpy(name, text, size);
	name[size] = '\0';
	if (name[0] != '[') {
		return set_address4(address, name, port);
	}
	if (name[size - 1] != ']') {
		return false;
	}
	name[size - 1] = '\0';
	return set_address6(address, name + 1, port);
}

static int listen_at(int fd, const struct ctrace_debug_address *address, uint16_t *port)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	const int one = 1;

	/* A program that is started again must not wait for its old connections to fade. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0 ||
	    listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
		return -errno;
	}
	*port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						  : ((struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

int ctrace_debug_listen(const struct ctrace_debug_address *address, uint16_t *port)
{
	const int fd =
		socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0) {
		return -errno;
	}
	error = listen_at(fd, address, port);
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}
