/* SPDX-License-Identifier: MIT */
/* The thread at the door; see door.h for what it does and why it peeks. */

#include "viewer-server/serve/door.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VISITORS_MAX (CTRACE_SERVE_CONNECTIONS_MAX + CTRACE_SERVE_REFUSALS_MAX)
/* Without file descriptors accept fails at once, again and again: wait for one to be closed. */
#define ACCEPT_PAUSE_MS 100

enum visitor_state { VISITOR_WAITS, VISITOR_REFUSED };

struct visitor {
	int fd;
	enum visitor_state state;
	uint64_t until_ms;
};

struct ctrace_door {
	struct ctrace_door_settings settings;
	int wake; /* eventfd: destroy was called */
	bool has_thread;
	pthread_t thread;
	atomic_uint admitted;
	/* Below: the door's thread only. */
	uint64_t accept_from_ms;
	unsigned count;
	struct visitor visitors[VISITORS_MAX];
	char head[CTRACE_HEAD_BYTES_MAX + 1];
};

void ctrace_admission_destroy(struct ctrace_admission *admission)
{
	if (admission != NULL) {
		free(admission->query);
		free(admission);
	}
}

static uint64_t now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static const char *reason_of(int status)
{
	switch (status) {
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed\r\nAllow: GET, HEAD";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 415:
		return "Unsupported Media Type";
	case 426:
		return "Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

/* An answer of some 700 bytes fits every fresh socket's buffer: no waiting, no partial writes. */
static void refuse(struct visitor *visitor, const struct ctrace_verdict *verdict)
{
	char answer[1536];
	int size = snprintf(answer, sizeof(answer),
			    "HTTP/1.1 %d %s\r\n%sCache-Control: no-store\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
			    "Connection: close\r\n\r\n%s%s",
			    verdict->status, reason_of(verdict->status), ctrace_door_headers,
			    strlen(verdict->text) + 1, verdict->is_head_only ? "" : verdict->text,
			    verdict->is_head_only ? "" : "\n");
	ssize_t sent = send(visitor->fd, answer, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)sent; /* who does not take it gets the close alone */
	shutdown(visitor->fd, SHUT_WR);
	int one = 1;
	setsockopt(visitor->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	visitor->state = VISITOR_REFUSED;
	visitor->until_ms = now_ms() + CTRACE_REFUSAL_MS;
}

static void drop(struct ctrace_door *door, struct visitor *visitor)
{
	close(visitor->fd);
	*visitor = door->visitors[--door->count];
}

static unsigned waiting(const struct ctrace_door *door)
{
	unsigned count = 0;
	for (unsigned i = 0; i < door->count; i++) {
		count += door->visitors[i].state == VISITOR_WAITS ? 1 : 0;
	}
	return count;
}

static void receive(struct ctrace_door *door, int fd)
{
	unsigned inside =
		waiting(door) + atomic_load_explicit(&door->admitted, memory_order_relaxed);
	if (door->count == VISITORS_MAX) {
		close(fd);
		return;
	}
	struct visitor *visitor = &door->visitors[door->count++];
	*visitor = (struct visitor){fd, VISITOR_WAITS, now_ms() + CTRACE_HEAD_MS};
	int buffer = CTRACE_SOCKET_BUFFER_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if (inside >= CTRACE_SERVE_CONNECTIONS_MAX) {
		struct ctrace_verdict full = ctrace_guard_refuse(503);
		refuse(visitor, &full);
	}
}

static void accept_all(struct ctrace_door *door, int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			receive(door, fd);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			bool is_empty = errno == EAGAIN || errno == EWOULDBLOCK;
			door->accept_from_ms = is_empty ? 0 : now_ms() + ACCEPT_PAUSE_MS;
			return;
		}
	}
}

/* The request in our own words: the path from the route table, no query, no field but these. */
static bool write_request(const struct ctrace_guard *guard, const struct ctrace_head *head,
			  struct ctrace_admission *admission)
{
	struct ctrace_slice key = head->field[CTRACE_HEAD_FIELD_KEY];
	int size = snprintf(admission->request, sizeof(admission->request),
			    "GET %s HTTP/1.1\r\nHost: %s\r\n", admission->route->path,
			    guard->hosts[0]);
	if (admission->route->kind == CTRACE_ROUTE_SOCKET) {
		size += snprintf(admission->request + size,
				 sizeof(admission->request) - (size_t)size,
				 "Connection: Upgrade\r\nUpgrade: websocket\r\n"
				 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.*s\r\n"
				 "Sec-WebSocket-Protocol: ctrace.v1\r\n",
				 (int)key.size, key.text);
	}
	size += snprintf(admission->request + size, sizeof(admission->request) - (size_t)size,
			 "\r\n");
	admission->request_size = (size_t)size;
	return admission->request_size < sizeof(admission->request);
}

static struct ctrace_admission *admission_of(const struct ctrace_verdict *verdict,
					     const struct ctrace_trace_query *query)
{
	struct ctrace_admission *admission = calloc(1, sizeof(*admission));
	if (admission == NULL) {
		return NULL;
	}
	admission->route = verdict->route;
	admission->is_head_only = verdict->is_head_only;
	if (verdict->route->kind != CTRACE_ROUTE_TRACE) {
		return admission;
	}
	admission->query = malloc(sizeof(*query));
	if (admission->query == NULL) {
		ctrace_admission_destroy(admission);
		return NULL;
	}
	*admission->query = *query;
	return admission;
}

/* The visitor's place is free afterwards. */
static void admit(struct ctrace_door *door, struct visitor *visitor,
		  struct ctrace_admission *admission)
{
	int one = 1, fd = visitor->fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	*visitor = door->visitors[--door->count];
	atomic_fetch_add_explicit(&door->admitted, 1, memory_order_relaxed);
	door->settings.admit(door->settings.context, fd, admission);
}

static void judge(struct ctrace_door *door, struct visitor *visitor, const struct ctrace_head *head)
{
	struct ctrace_verdict verdict = ctrace_guard_check(door->settings.guard, head);
	struct ctrace_trace_query query;
	if (verdict.status == 200 && verdict.route->kind == CTRACE_ROUTE_TRACE) {
		const char *wrong = ctrace_guard_query(head->query, &query);
		if (wrong != NULL) {
			verdict.status = 400;
			verdict.text = wrong;
		}
	}
	if (verdict.status != 200) {
		refuse(visitor, &verdict);
		return;
	}
	struct ctrace_admission *admission = admission_of(&verdict, &query);
	if (admission == NULL || !write_request(door->settings.guard, head, admission) ||
	    recv(visitor->fd, door->head, head->size, MSG_DONTWAIT) != (ssize_t)head->size) {
		ctrace_admission_destroy(admission);
		drop(door, visitor);
		return;
	}
	admit(door, visitor, admission);
}

/* Something has come, or the other side has closed. */
static void look(struct ctrace_door *door, struct visitor *visitor, bool is_last)
{
	ssize_t got = recv(visitor->fd, door->head, sizeof(door->head), MSG_PEEK | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		drop(door, visitor);
		return;
	}
	struct ctrace_head head;
	int status;
	switch (ctrace_head_parse(door->head, (size_t)got, &head, &status)) {
	case CTRACE_HEAD_WHOLE:
		judge(door, visitor, &head);
		return;
	case CTRACE_HEAD_MORE: {
		if (is_last) {
			drop(door, visitor);
			return;
		}
		/* What was peeked stays there: without this the socket would be ready all the time.
		 */
		int more = (int)got + 1;
		setsockopt(visitor->fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more));
		return;
	}
	case CTRACE_HEAD_BAD: {
		struct ctrace_verdict verdict = ctrace_guard_refuse(status);
		refuse(visitor, &verdict);
		return;
	}
	}
}

/* Closing with unread bytes would reset the connection, and the line would be lost on its way. */
static void drain(struct ctrace_door *door, struct visitor *visitor)
{
	ssize_t got = recv(visitor->fd, door->head, sizeof(door->head), MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		drop(door, visitor);
	}
}

static void attend(struct ctrace_door *door, struct visitor *visitor, short events)
{
	if (now_ms() >= visitor->until_ms) {
		drop(door, visitor);
	} else if (events != 0 && visitor->state == VISITOR_WAITS) {
		look(door, visitor, (events & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
	} else if (events != 0) {
		drain(door, visitor);
	}
}

static int fill(const struct ctrace_door *door, struct pollfd *polls, unsigned *count)
{
	uint64_t now = now_ms();
	uint64_t until = now + 60000;
	bool is_paused = door->accept_from_ms > now;
	*count = 0;
	polls[(*count)++] = (struct pollfd){.fd = door->wake, .events = POLLIN};
	for (int i = 0; i < 2; i++) {
		int fd = is_paused ? -1 : door->settings.listeners->fd[i];
		polls[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	until = is_paused ? door->accept_from_ms : until;
	for (unsigned i = 0; i < door->count; i++) {
		polls[(*count)++] = (struct pollfd){door->visitors[i].fd, POLLIN | POLLRDHUP, 0};
		until = door->visitors[i].until_ms < until ? door->visitors[i].until_ms : until;
	}
	return until > now ? (int)(until - now) : 0;
}

static void *run(void *argument)
{
	struct ctrace_door *door = argument;
	struct pollfd polls[3 + VISITORS_MAX];
	for (;;) {
		unsigned count;
		int timeout_ms = fill(door, polls, &count);
		if (poll(polls, count, timeout_ms) < 0 && errno != EINTR) {
			return NULL;
		}
		if (polls[0].revents != 0) {
			return NULL;
		}
		/* Backwards: a visitor who leaves is replaced by the last, who was looked at
		 * already. */
		for (unsigned i = count; i-- > 3;) {
			attend(door, &door->visitors[i - 3], polls[i].revents);
		}
		for (int i = 0; i < 2; i++) {
			if (polls[1 + i].revents != 0) {
				accept_all(door, polls[1 + i].fd);
			}
		}
	}
}

static bool start(struct ctrace_door *door)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	door->has_thread = pthread_create(&door->thread, NULL, run, door) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return door->has_thread;
}

enum ctrace_status ctrace_door_create(struct ctrace_door **door,
				      const struct ctrace_door_settings *settings,
				      struct ctrace_error *error)
{
	*door = calloc(1, sizeof(**door));
	if (*door == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory for the server");
	}
	(*door)->settings = *settings;
	(*door)->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if ((*door)->wake < 0 || !start(*door)) {
		ctrace_door_destroy(*door);
		*door = NULL;
		return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"cannot start a thread: %s", strerror(errno));
	}
	return CTRACE_OK;
}

void ctrace_door_leave(struct ctrace_door *door)
{
	atomic_fetch_sub_explicit(&door->admitted, 1, memory_order_relaxed);
}

void ctrace_door_stop(struct ctrace_door *door)
{
	if (door == NULL) {
		return;
	}
	if (door->has_thread) {
		eventfd_write(door->wake, 1);
		pthread_join(door->thread, NULL);
		door->has_thread = false;
	}
	while (door->count > 0) {
		drop(door, &door->visitors[0]);
	}
}

void ctrace_door_destroy(struct ctrace_door *door)
{
	if (door == NULL) {
		return;
	}
	ctrace_door_stop(door);
	if (door->wake >= 0) {
		close(door->wake);
	}
	free(door);
}
