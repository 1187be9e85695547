/* SPDX-License-Identifier: MIT */
/* Opens the two loopback sockets of listen.h. */

#include "viewer-server/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A free port of 127.0.0.1 can be taken on ::1; so often another is tried. */
#define TRIES	16
#define BACKLOG 64

static int listen_at(const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -1;
	}
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (bind(fd, address, size) != 0 || listen(fd, BACKLOG) != 0) {
		int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static int listen_v4(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return listen_at((const struct sockaddr *)&address, sizeof(address));
}

static int listen_v6(uint16_t port)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	return listen_at((const struct sockaddr *)&address, sizeof(address));
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address = {.sin_port = 0};
	socklen_t size = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &size);
	return ntohs(address.sin_port);
}

/* Without ::1 we still serve; with ::1 taken by somebody else, `localhost` would reach them. */
static bool try_both(struct ctrace_listeners *listeners, uint16_t port)
{
	listeners->fd[0] = listen_v4(port);
	if (listeners->fd[0] < 0) {
		return false;
	}
	listeners->port = port_of(listeners->fd[0]);
	listeners->fd[1] = listen_v6(listeners->port);
	if (listeners->fd[1] < 0 && (errno == EADDRINUSE || errno == EACCES)) {
		int why = errno;
		ctrace_listeners_finish(listeners);
		errno = why;
		return false;
	}
	return true;
}

enum ctrace_status ctrace_listeners_init(struct ctrace_listeners *listeners, uint16_t port,
					 struct ctrace_error *error)
{
	*listeners = (struct ctrace_listeners){.fd = {-1, -1}};
	for (int i = 0; i < (port == 0 ? TRIES : 1); i++) {
		if (try_both(listeners, port)) {
			return CTRACE_OK;
		}
	}
	return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
				"cannot listen on 127.0.0.1:%u: %s%s", port, strerror(errno),
				port != 0 ? "; --port 0 takes any free port" : "");
}

void ctrace_listeners_finish(struct ctrace_listeners *listeners)
{
	for (int i = 0; i < 2; i++) {
		if (listeners->fd[i] >= 0) {
			close(listeners->fd[i]);
		}
	}
	*listeners = (struct ctrace_listeners){.fd = {-1, -1}};
}
