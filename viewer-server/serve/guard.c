/* SPDX-License-Identifier: MIT */
/* The checks of viewer-server/API.md in their order; see guard.h. */

#include "viewer-server/serve/guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const struct ctrace_route routes[] = {
	{"/", CTRACE_ROUTE_ASSET},	     {"/app.js", CTRACE_ROUTE_ASSET},
	{"/app.css", CTRACE_ROUTE_ASSET},    {"/icon.svg", CTRACE_ROUTE_ASSET},
	{"/trace.json", CTRACE_ROUTE_TRACE}, {"/api/socket", CTRACE_ROUTE_SOCKET},
};

bool ctrace_token_make(char token[CTRACE_TOKEN_SIZE])
{
	unsigned char bytes[16];
	size_t have = 0;
	while (have < sizeof(bytes)) {
		ssize_t got = getrandom(bytes + have, sizeof(bytes) - have, 0);
		if (got < 0 && errno != EINTR) {
			return false;
		}
		have += got > 0 ? (size_t)got : 0;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	}
	return true;
}

bool ctrace_token_is_equal(const char token[CTRACE_TOKEN_SIZE], struct ctrace_slice other)
{
	if (other.size != CTRACE_TOKEN_SIZE - 1) {
		return false;
	}
	/* volatile: or the compiler may leave the loop early, and the time would tell where. */
	volatile unsigned char differ = 0;
	for (size_t i = 0; i < CTRACE_TOKEN_SIZE - 1; i++) {
		differ |= (unsigned char)(token[i] ^ other.text[i]);
	}
	return differ == 0;
}

void ctrace_guard_init(struct ctrace_guard *guard, uint16_t port, const char *token)
{
	static const char *const names[3] = {"127.0.0.1", "localhost", "[::1]"};
	*guard = (struct ctrace_guard){.hosts = {""}};
	for (size_t i = 0; i < 3; i++) {
		snprintf(guard->hosts[i], sizeof(guard->hosts[i]), "%s:%u", names[i], port);
	}
	snprintf(guard->token, sizeof(guard->token), "%s", token);
}

static struct ctrace_verdict refuse(int status, const char *text)
{
	return (struct ctrace_verdict){.status = status, .text = text};
}

struct ctrace_verdict ctrace_guard_refuse(int status)
{
	switch (status) {
	case 414:
		return refuse(414, "The request line is longer than 8192 bytes.");
	case 431:
		return refuse(431, "The request's head has more than 16384 bytes or 64 fields.");
	case 503:
		return refuse(503, "64 connections are open, which is the limit; try again later.");
	case 505:
		return refuse(505, "This server speaks HTTP/1.1.");
	default:
		return refuse(400, "This is not a well-formed HTTP/1.1 request.");
	}
}

static bool has(const struct ctrace_head *head, enum ctrace_head_field field)
{
	return head->times[field] > 0;
}

static bool is_our_host(const struct ctrace_guard *guard, struct ctrace_slice host)
{
	for (size_t i = 0; i < 3; i++) {
		if (ctrace_slice_is(host, guard->hosts[i])) {
			return true;
		}
	}
	return false;
}

static struct ctrace_verdict check_host(const struct ctrace_guard *guard,
					const struct ctrace_head *head)
{
	if (head->times[CTRACE_HEAD_FIELD_HOST] != 1) {
		return refuse(400, "A request needs exactly one Host.");
	}
	if (!is_our_host(guard, head->field[CTRACE_HEAD_FIELD_HOST])) {
		return refuse(403, "This Host is not ours; use the URL that ctrace printed.");
	}
	return refuse(0, NULL);
}

static struct ctrace_verdict check_method(const struct ctrace_head *head)
{
	if (!ctrace_slice_is(head->method, "GET") && !ctrace_slice_is(head->method, "HEAD")) {
		return refuse(405, "Only GET and HEAD are answered.");
	}
	if (has(head, CTRACE_HEAD_FIELD_CONTENT_ENCODING)) {
		return refuse(415, "A request body is not taken, in no encoding.");
	}
	bool is_empty = !has(head, CTRACE_HEAD_FIELD_CONTENT_LENGTH) ||
			(head->times[CTRACE_HEAD_FIELD_CONTENT_LENGTH] == 1 &&
			 ctrace_slice_is(head->field[CTRACE_HEAD_FIELD_CONTENT_LENGTH], "0"));
	if (!is_empty || has(head, CTRACE_HEAD_FIELD_TRANSFER_ENCODING)) {
		return refuse(413, "A request body is not taken.");
	}
	return refuse(0, NULL);
}

/* Same scheme and the very Host that was asked: then it is the page we served there. */
static bool is_our_origin(const struct ctrace_head *head)
{
	struct ctrace_slice origin = head->field[CTRACE_HEAD_FIELD_ORIGIN];
	struct ctrace_slice host = head->field[CTRACE_HEAD_FIELD_HOST];
	return head->times[CTRACE_HEAD_FIELD_ORIGIN] == 1 && origin.size == 7 + host.size &&
	       memcmp(origin.text, "http://", 7) == 0 &&
	       memcmp(origin.text + 7, host.text, host.size) == 0;
}

static const struct ctrace_route *find_route(const struct ctrace_head *head)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (ctrace_slice_is(head->path, routes[i].path)) {
			return &routes[i];
		}
	}
	return NULL;
}

static struct ctrace_verdict check_origin(const struct ctrace_head *head,
					  const struct ctrace_route *route)
{
	bool is_socket = route != NULL && route->kind == CTRACE_ROUTE_SOCKET;
	if (has(head, CTRACE_HEAD_FIELD_ORIGIN) ? !is_our_origin(head) : is_socket) {
		return refuse(403, "This Origin is not ours.");
	}
	return refuse(0, NULL);
}

static struct ctrace_verdict check_site(const struct ctrace_head *head,
					const struct ctrace_route *route)
{
	if (!has(head, CTRACE_HEAD_FIELD_SITE)) {
		return refuse(0, NULL);
	}
	bool is_page = route != NULL && route->kind == CTRACE_ROUTE_ASSET;
	struct ctrace_slice site = head->field[CTRACE_HEAD_FIELD_SITE];
	if (head->times[CTRACE_HEAD_FIELD_SITE] == 1 &&
	    (ctrace_slice_is(site, "same-origin") || (is_page && ctrace_slice_is(site, "none")))) {
		return refuse(0, NULL);
	}
	return refuse(403, "Another site asked for this.");
}

static struct ctrace_slice after(struct ctrace_slice slice, const char *prefix)
{
	size_t size = strlen(prefix);
	if (slice.size < size || memcmp(slice.text, prefix, size) != 0) {
		return (struct ctrace_slice){"", 0};
	}
	return (struct ctrace_slice){slice.text + size, slice.size - size};
}

/* Browsers cannot set a header on a socket, so there the token is the second sub-protocol. */
static struct ctrace_slice token_of(const struct ctrace_head *head, bool is_socket)
{
	struct ctrace_slice none = {"", 0};
	if (!is_socket) {
		return head->times[CTRACE_HEAD_FIELD_AUTHORIZATION] == 1
			       ? after(head->field[CTRACE_HEAD_FIELD_AUTHORIZATION], "Bearer ")
			       : none;
	}
	if (head->times[CTRACE_HEAD_FIELD_PROTOCOL] != 1) {
		return none;
	}
	struct ctrace_slice list = after(head->field[CTRACE_HEAD_FIELD_PROTOCOL], "ctrace.v1,");
	while (list.size > 0 && list.text[0] == ' ') {
		list = after(list, " ");
	}
	return after(list, "token.");
}

static bool needs_token(const struct ctrace_head *head, const struct ctrace_route *route)
{
	bool is_api = head->path.size >= 5 && memcmp(head->path.text, "/api/", 5) == 0;
	return is_api || (route != NULL && route->kind != CTRACE_ROUTE_ASSET);
}

static struct ctrace_verdict check_token(const struct ctrace_guard *guard,
					 const struct ctrace_head *head,
					 const struct ctrace_route *route)
{
	bool is_socket = route != NULL && route->kind == CTRACE_ROUTE_SOCKET;
	if (needs_token(head, route) &&
	    !ctrace_token_is_equal(guard->token, token_of(head, is_socket))) {
		return refuse(401,
			      "The token is missing or wrong; use the URL that ctrace printed.");
	}
	return refuse(0, NULL);
}

static bool is_key(struct ctrace_slice key)
{
	for (size_t i = 0; i < key.size; i++) {
		char c = key.text[i];
		bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				(c >= 'A' && c <= 'Z') || c == '+' || c == '/';
		if (!is_digit && !(c == '=' && i >= 22)) {
			return false;
		}
	}
	return key.size == 24;
}

/* All of a handshake, so that what is handed on cannot fail. */
static bool is_handshake(const struct ctrace_head *head)
{
	const struct ctrace_slice *field = head->field;
	const unsigned *times = head->times;
	return ctrace_slice_is(head->method, "GET") && !head->is_http_1_0 &&
	       times[CTRACE_HEAD_FIELD_UPGRADE] == 1 &&
	       ctrace_slice_is_like(field[CTRACE_HEAD_FIELD_UPGRADE], "websocket") &&
	       times[CTRACE_HEAD_FIELD_CONNECTION] == 1 &&
	       ctrace_slice_lists(field[CTRACE_HEAD_FIELD_CONNECTION], "upgrade") &&
	       times[CTRACE_HEAD_FIELD_VERSION] == 1 &&
	       ctrace_slice_is(field[CTRACE_HEAD_FIELD_VERSION], "13") &&
	       times[CTRACE_HEAD_FIELD_KEY] == 1 && is_key(field[CTRACE_HEAD_FIELD_KEY]);
}

static struct ctrace_verdict check_route(const struct ctrace_head *head,
					 const struct ctrace_route *route)
{
	bool takes_query = route != NULL && route->kind == CTRACE_ROUTE_TRACE;
	if (route == NULL || (head->has_query && !takes_query)) {
		return refuse(404, "There is nothing here.");
	}
	if (route->kind == CTRACE_ROUTE_SOCKET) {
		return is_handshake(head) ? refuse(0, NULL)
					  : refuse(426, "This is a WebSocket, version 13.");
	}
	if (has(head, CTRACE_HEAD_FIELD_UPGRADE)) {
		return refuse(400, "There is nothing to upgrade to here.");
	}
	/* Its length is not known before its end, so it is sent in chunks. */
	if (route->kind == CTRACE_ROUTE_TRACE && head->is_http_1_0) {
		return refuse(505, "This answer needs HTTP/1.1.");
	}
	return refuse(0, NULL);
}

struct ctrace_verdict ctrace_guard_check(const struct ctrace_guard *guard,
					 const struct ctrace_head *head)
{
	const struct ctrace_route *route = find_route(head);
	struct ctrace_verdict verdict = check_host(guard, head);
	if (verdict.status == 0) {
		verdict = check_method(head);
	}
	if (verdict.status == 0) {
		verdict = check_origin(head, route);
	}
	if (verdict.status == 0) {
		verdict = check_site(head, route);
	}
	if (verdict.status == 0) {
		verdict = check_token(guard, head, route);
	}
	if (verdict.status == 0) {
		verdict = check_route(head, route);
	}
	if (verdict.status == 0) {
		verdict = (struct ctrace_verdict){.status = 200, .text = "", .route = route};
	}
	verdict.is_head_only = ctrace_slice_is(head->method, "HEAD");
	return verdict;
}
