/* SPDX-License-Identifier: MIT */
/*
 * What the viewer's guard lets in and what it answers otherwise. Each row is a
 * whole request as it would come; `status` is the first check it fails, in the
 * order of viewer-server/API.md, 200 if it is let in.
 */

#include "viewer-server/serve/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PORT	   4321
#define TOKEN	   "0123456789abcdef0123456789abcdef"
#define BEARER	   "Authorization: Bearer " TOKEN "\r\n"
#define HOST	   "Host: 127.0.0.1:4321\r\n"
#define OURS	   "Origin: http://127.0.0.1:4321\r\n"
#define KEY	   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UP	   "Connection: Upgrade\r\nUpgrade: websocket\r\n" KEY
#define ITEMS	   "Sec-WebSocket-Protocol: ctrace.v1, token." TOKEN "\r\n"
#define PAGE(path) "GET " path " HTTP/1.1\r\n"
#define SOCKET	   PAGE("/api/socket")

struct row {
	const char *head; /* without the empty line */
	int status;
};

static int status_of(const char *head)
{
	struct ctrace_guard guard;
	struct ctrace_head parsed;
	char bytes[4096];
	int status;
	ctrace_guard_init(&guard, PORT, TOKEN);
	snprintf(bytes, sizeof(bytes), "%s\r\n", head);
	if (ctrace_head_parse(bytes, strlen(bytes), &parsed, &status) != CTRACE_HEAD_WHOLE) {
		return status;
	}
	assert_int_equal(parsed.size, strlen(bytes));
	return ctrace_guard_check(&guard, &parsed).status;
}

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = status_of(rows[i].head);
		if (status != rows[i].status) {
			fail_msg("row %zu: %d instead of %d for\n%s", i, status, rows[i].status,
				 rows[i].head);
		}
	}
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

/* clang-format off */
static void host_must_be_ours_and_single(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PAGE("/") HOST, 200 },
		{ PAGE("/") "Host: localhost:4321\r\n", 200 },
		{ PAGE("/") "Host: [::1]:4321\r\n", 200 },
		{ PAGE("/") "host:127.0.0.1:4321\r\n", 200 },
		{ PAGE("/") "HOST: \t127.0.0.1:4321 \r\n", 200 },
		{ PAGE("/"), 400 },
		{ PAGE("/") HOST HOST, 400 },
		{ PAGE("/") HOST "Host: evil.example\r\n", 400 },
		{ PAGE("/") "Host: evil.example\r\n" HOST, 400 },
		{ PAGE("/") HOST "hOST:\r\n", 400 },
		{ PAGE("/") "Host:\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:80\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:4322\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:04321\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:4321.\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:4321/\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:4321, evil\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:43210\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:432\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1.:4321\r\n", 403 },
		{ PAGE("/") "Host: 127.1:4321\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.2:4321\r\n", 403 },
		{ PAGE("/") "Host: 0.0.0.0:4321\r\n", 403 },
		{ PAGE("/") "Host: 2130706433:4321\r\n", 403 },
		{ PAGE("/") "Host: 0x7f000001:4321\r\n", 403 },
		{ PAGE("/") "Host: [::]:4321\r\n", 403 },
		{ PAGE("/") "Host: ::1:4321\r\n", 403 },
		{ PAGE("/") "Host: [0:0:0:0:0:0:0:1]:4321\r\n", 403 },
		{ PAGE("/") "Host: [::1%25lo]:4321\r\n", 403 },
		{ PAGE("/") "Host: [::ffff:127.0.0.1]:4321\r\n", 403 },
		{ PAGE("/") "Host: LOCALHOST:4321\r\n", 403 },
		{ PAGE("/") "Host: localhost\r\n", 403 },
		{ PAGE("/") "Host: localhost.:4321\r\n", 403 },
		{ PAGE("/") "Host: localhost.evil.example:4321\r\n", 403 },
		{ PAGE("/") "Host: evil.localhost:4321\r\n", 403 },
		{ PAGE("/") "Host: user@127.0.0.1:4321\r\n", 403 },
		{ PAGE("/") "Host: evil@localhost:4321\r\n", 403 },
		{ PAGE("/") "Host: http://127.0.0.1:4321\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1:4321#x\r\n", 403 },
		{ PAGE("/") "Host: 127.0.0.1 :4321\r\n", 403 },
		{ PAGE("/") "Host: \xc0\x80localhost:4321\r\n", 403 },
		{ PAGE("/") "Host: rebind.example:4321\r\n", 403 },
		{ PAGE("/") "Host : 127.0.0.1:4321\r\n", 400 },
		{ PAGE("/") " Host: 127.0.0.1:4321\r\n", 400 },
		{ PAGE("/") "X: y\r\n Host: 127.0.0.1:4321\r\n", 400 },
		{ PAGE("/") "X-Forwarded-Host: 127.0.0.1:4321\r\nHost: evil\r\n", 403 },
		{ PAGE("/trace.json") "Host: evil\r\n" BEARER, 403 },
		{ SOCKET "Host: evil\r\n" UP ITEMS "Origin: http://evil\r\n", 403 },
		{ PAGE("http://127.0.0.1:4321/") HOST, 400 },
	};
	CHECK(rows);
}

static void method_must_be_get_or_head_without_a_body(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "HEAD / HTTP/1.1\r\n" HOST, 200 },
		{ "GET / HTTP/1.0\r\n" HOST, 200 },
		{ "POST / HTTP/1.1\r\n" HOST, 405 },
		{ "PUT / HTTP/1.1\r\n" HOST, 405 },
		{ "DELETE / HTTP/1.1\r\n" HOST, 405 },
		{ "OPTIONS / HTTP/1.1\r\n" HOST OURS, 405 },
		{ "OPTIONS / HTTP/1.1\r\n" HOST "Origin: http://evil\r\n"
		  "Access-Control-Request-Method: GET\r\n", 405 },
		{ "TRACE / HTTP/1.1\r\n" HOST, 405 },
		{ "PATCH / HTTP/1.1\r\n" HOST, 405 },
		{ "get / HTTP/1.1\r\n" HOST, 405 },
		{ "GETX / HTTP/1.1\r\n" HOST, 405 },
		{ "CONNECT 127.0.0.1:4321 HTTP/1.1\r\n" HOST, 400 },
		{ PAGE("/") HOST "Content-Length: 0\r\n", 200 },
		{ PAGE("/") HOST "Content-Length: 1\r\n", 413 },
		{ PAGE("/") HOST "Content-Length: 00\r\n", 413 },
		{ PAGE("/") HOST "Content-Length: 0\r\nContent-Length: 0\r\n", 413 },
		{ PAGE("/") HOST "Content-Length: -1\r\n", 413 },
		{ PAGE("/") HOST "Content-Length: 99999999999999999999\r\n", 413 },
		{ PAGE("/") HOST "Transfer-Encoding: chunked\r\n", 413 },
		{ PAGE("/") HOST "Transfer-Encoding: identity\r\n", 413 },
		{ PAGE("/") HOST "Content-Encoding: gzip\r\n", 415 },
	};
	CHECK(rows);
}

static void origin_must_be_ours(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PAGE("/app.js") HOST OURS, 200 },
		{ PAGE("/app.js") "Host: localhost:4321\r\nOrigin: http://localhost:4321\r\n", 200 },
		{ PAGE("/app.js") HOST "Origin: http://localhost:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: null\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin:\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://evil.example\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://evil.example:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: https://127.0.0.1:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: ws://127.0.0.1:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://127.0.0.1:4322\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://127.0.0.1\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://127.0.0.1:4321/\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://127.0.0.1:4321.evil.example\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: HTTP://127.0.0.1:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: 127.0.0.1:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: file://\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: chrome-extension://abc\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://192.168.0.1:4321\r\n", 403 },
		{ PAGE("/app.js") HOST "Origin: http://sub.localhost:4321\r\n", 403 },
		{ PAGE("/app.js") HOST OURS "Origin: http://evil.example\r\n", 403 },
		{ PAGE("/app.js") HOST OURS OURS, 403 },
		{ PAGE("/trace.json") HOST BEARER "Origin: http://evil.example\r\n", 403 },
		{ PAGE("/trace.json") HOST BEARER OURS, 200 },
		{ SOCKET HOST UP ITEMS OURS, 200 },
		{ SOCKET HOST UP ITEMS, 403 },
		{ SOCKET HOST UP ITEMS "Origin: null\r\n", 403 },
		{ SOCKET HOST UP ITEMS "Origin: http://evil.example\r\n", 403 },
		{ SOCKET HOST UP ITEMS "Origin: http://127.0.0.1:1\r\n", 403 },
		{ SOCKET HOST UP ITEMS "Origin: file://\r\n", 403 },
		{ SOCKET HOST UP ITEMS "Origin: https://127.0.0.1:4321\r\n", 403 },
	};
	CHECK(rows);
}

static void other_sites_are_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PAGE("/") HOST "Sec-Fetch-Site: none\r\n", 200 },
		{ PAGE("/") HOST "Sec-Fetch-Site: same-origin\r\n", 200 },
		{ PAGE("/") HOST "Sec-Fetch-Site: same-site\r\n", 403 },
		{ PAGE("/") HOST "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ PAGE("/") HOST "Sec-Fetch-Site: NONE\r\n", 403 },
		{ PAGE("/") HOST "Sec-Fetch-Site:\r\n", 403 },
		{ PAGE("/") HOST "Sec-Fetch-Site: none\r\nSec-Fetch-Site: none\r\n", 403 },
		{ PAGE("/app.js") HOST "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ PAGE("/trace.json") HOST BEARER "Sec-Fetch-Site: same-origin\r\n", 200 },
		{ PAGE("/trace.json") HOST BEARER "Sec-Fetch-Site: none\r\n", 403 },
		{ PAGE("/trace.json") HOST BEARER "Sec-Fetch-Site: cross-site\r\n", 403 },
		{ SOCKET HOST UP ITEMS OURS "Sec-Fetch-Site: same-origin\r\n", 200 },
		{ SOCKET HOST UP ITEMS OURS "Sec-Fetch-Site: same-site\r\n", 403 },
	};
	CHECK(rows);
}

static void token_must_be_ours(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PAGE("/trace.json") HOST BEARER, 200 },
		{ PAGE("/trace.json") HOST, 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer \r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: " TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: bearer " TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Basic " TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer  " TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer " TOKEN "0\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer 0123456789abcdef\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer 0123456789ABCDEF0123456789ABCDEF\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer 0123456789abcdef0123456789abcdee\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer 1123456789abcdef0123456789abcdef\r\n", 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer 0123456789abcdef0123456789abcde\r\n", 401 },
		{ PAGE("/trace.json") HOST BEARER BEARER, 401 },
		{ PAGE("/trace.json") HOST "Authorization: Bearer x\r\n" BEARER, 401 },
		{ PAGE("/trace.json?token=" TOKEN) HOST, 401 },
		{ PAGE("/trace.json") HOST "Cookie: token=" TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Referer: http://127.0.0.1:4321/#token=" TOKEN "\r\n", 401 },
		{ PAGE("/trace.json") HOST "Sec-WebSocket-Protocol: ctrace.v1, token." TOKEN "\r\n", 401 },
		{ SOCKET HOST UP OURS BEARER, 401 },
		{ SOCKET HOST UP OURS, 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v1\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: token." TOKEN "\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: token." TOKEN ", ctrace.v1\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v1,token." TOKEN "\r\n", 200 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v1, token." TOKEN ", x\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v2, token." TOKEN "\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v1, token.\r\n", 401 },
		{ SOCKET HOST UP OURS "Sec-WebSocket-Protocol: ctrace.v1, Token." TOKEN "\r\n", 401 },
		{ SOCKET HOST UP OURS ITEMS ITEMS, 401 },
		{ PAGE("/api/other") HOST, 401 },
		{ PAGE("/api/") HOST, 401 },
		{ PAGE("/api/other") HOST BEARER, 404 },
	};
	CHECK(rows);
}

static void path_must_equal_a_route_byte_for_byte(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PAGE("/app.js") HOST, 200 }, { PAGE("/app.css") HOST, 200 }, { PAGE("/icon.svg") HOST, 200 },
		{ PAGE("//") HOST, 404 }, { PAGE("//app.js") HOST, 404 }, { PAGE("/app.js/") HOST, 404 },
		{ PAGE("/./app.js") HOST, 404 }, { PAGE("/../app.js") HOST, 404 }, { PAGE("/x/../app.js") HOST, 404 },
		{ PAGE("/../../etc/passwd") HOST, 404 }, { PAGE("/etc/passwd") HOST, 404 },
		{ PAGE("/%61pp.js") HOST, 404 }, { PAGE("/app%2ejs") HOST, 404 }, { PAGE("/%2e%2e/app.js") HOST, 404 },
		{ PAGE("/..%2fapp.js") HOST, 404 }, { PAGE("/..%5capp.js") HOST, 404 }, { PAGE("/..\\app.js") HOST, 404 },
		{ PAGE("\\app.js") HOST, 400 }, { PAGE("/app.js%00") HOST, 404 }, { PAGE("/app.js%00.png") HOST, 404 },
		{ PAGE("/app.js#x") HOST, 404 }, { PAGE("/#token=" TOKEN) HOST, 404 }, { PAGE("/app.js;x") HOST, 404 },
		{ PAGE("/app.js?") HOST, 404 }, { PAGE("/app.js??raw") HOST, 404 }, { PAGE("/?") HOST, 404 },
		{ PAGE("/?x=/etc/passwd") HOST, 404 }, { PAGE("/@fs/etc/passwd") HOST, 404 }, { PAGE("/APP.JS") HOST, 404 },
		{ PAGE("/app.js\xc0\xaf") HOST, 400 }, { PAGE("app.js") HOST, 400 }, { PAGE("*") HOST, 400 },
		{ PAGE("") HOST, 400 }, { PAGE("http://localhost:4321/app.js") HOST, 400 },
		{ PAGE("file:///etc/passwd") HOST, 400 }, { PAGE("/index.html") HOST, 404 }, { PAGE("/favicon.ico") HOST, 404 },
		{ PAGE("/trace.json/") HOST, 404 }, { PAGE("/trace%2ejson") HOST, 404 },
		{ PAGE("/trace.json?start=1&end=2") HOST BEARER, 200 },
		{ SOCKET HOST OURS ITEMS, 426 },
		{ SOCKET HOST OURS ITEMS "Upgrade: h2c\r\n", 426 },
		{ SOCKET HOST OURS ITEMS UP "Upgrade: websocket\r\n", 426 },
		{ SOCKET HOST OURS ITEMS KEY "Connection: keep-alive,  upgrade\r\nUpgrade: WebSocket\r\n", 200 },
		{ SOCKET HOST OURS ITEMS KEY "Connection: keep-alive\r\nUpgrade: websocket\r\n", 426 },
		{ SOCKET HOST OURS ITEMS KEY "Connection: upgraded\r\nUpgrade: websocket\r\n", 426 },
		{ SOCKET HOST OURS ITEMS KEY "Upgrade: websocket\r\n", 426 },
		{ SOCKET HOST OURS ITEMS UP KEY, 426 },
		{ SOCKET HOST OURS ITEMS "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426 },
		{ SOCKET HOST OURS ITEMS "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", 426 },
		{ SOCKET HOST OURS ITEMS "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbX\"zZSBub25jZQ==\r\n", 426 },
		{ "GET /api/socket HTTP/1.0\r\n" HOST OURS ITEMS UP, 426 },
		{ "GET /trace.json HTTP/1.0\r\n" HOST BEARER, 505 },
		{ "HEAD /api/socket HTTP/1.1\r\n" HOST OURS ITEMS UP, 426 },
		{ PAGE("/api/socket?x") HOST OURS ITEMS UP, 404 },
		{ PAGE("/") HOST UP, 400 },
		{ PAGE("/") HOST "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 400 },
		{ PAGE("/") HOST "Upgrade: \r\n", 400 },
		{ PAGE("/trace.json") HOST BEARER UP, 400 },
	};
	CHECK(rows);
}

static void malformed_heads_are_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "GET  / HTTP/1.1\r\n" HOST, 400 }, { "GET /  HTTP/1.1\r\n" HOST, 400 }, { " GET / HTTP/1.1\r\n" HOST, 400 },
		{ "\r\nGET / HTTP/1.1\r\n" HOST, 400 }, { "GET / HTTP/1.1\n" HOST, 400 }, { "GET / HTTP/1.1\r\r\n" HOST, 400 },
		{ "GET /\r\n" HOST, 400 }, { "GET\r\n" HOST, 400 }, { "GET /\tHTTP/1.1\r\n" HOST, 400 },
		{ "GET / HTTP/1.1 \r\n" HOST, 400 }, { "GET / HTTP/2.0\r\n" HOST, 505 }, { "GET / HTTP/0.9\r\n" HOST, 505 },
		{ "PRI * HTTP/2.0\r\n", 505 }, { "GET / HTTP/1.2\r\n" HOST, 505 }, { "GET / http/1.1\r\n" HOST, 400 },
		{ "G@T / HTTP/1.1\r\n" HOST, 400 }, { "GET / HTTP/1.1\r\nHost\r\n", 400 }, { PAGE("/") HOST ": x\r\n", 400 },
		{ PAGE("/") HOST "A B: x\r\n", 400 }, { PAGE("/") HOST "A: x\ry\r\n", 400 }, { PAGE("/") HOST "A: \x01\r\n", 400 },
		{ PAGE("/") HOST "A: x\n", 400 }, { PAGE("/") HOST "A: \x7f\r\n", 400 }, { PAGE("/") HOST "A\x80: x\r\n", 400 },
		{ PAGE("/") HOST "A: \xff\r\n", 200 }, { PAGE("/") HOST "A:\r\n", 200 },
		{ "\x16\x03\x01\x02\x01\x01\r\n", 400 },
	};
	CHECK(rows);
}
/* clang-format on */

static void refusals_name_what_is_wrong(void **state)
{
	(void)state;
	static const int all[] = {400, 414, 431, 503, 505};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct ctrace_verdict verdict = ctrace_guard_refuse(all[i]);
		assert_int_equal(verdict.status, all[i]);
		assert_true(strlen(verdict.text) > 10);
		assert_null(strchr(verdict.text, '\n'));
	}
}

static void tokens_are_new_each_time(void **state)
{
	(void)state;
	char seen[64][CTRACE_TOKEN_SIZE];
	for (int i = 0; i < 64; i++) {
		assert_true(ctrace_token_make(seen[i]));
		assert_int_equal(strspn(seen[i], "0123456789abcdef"), 32);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(seen[i], seen[j]);
		}
	}
}

static void any_single_wrong_digit_of_a_token_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < 32; i++) {
		char near[] = TOKEN;
		struct ctrace_slice slice = {near, 32};
		assert_true(ctrace_token_is_equal(TOKEN, slice));
		near[i] = near[i] == '0' ? '1' : '0';
		assert_false(ctrace_token_is_equal(TOKEN, slice));
	}
}

static void query_takes_times_and_threads(void **state)
{
	(void)state;
	struct ctrace_trace_query query;
	static const char text[] = "end=18446744073709551615&threads=12,13%2C14&start=7";
	struct ctrace_slice slice = {text, sizeof(text) - 1};
	assert_null(ctrace_guard_query(slice, &query));
	assert_true(query.has_start && query.has_end);
	assert_int_equal(query.start, 7);
	assert_true(query.end == UINT64_MAX);
	assert_int_equal(query.thread_count, 3);
	assert_int_equal(query.threads[2], 14);
	assert_null(ctrace_guard_query((struct ctrace_slice){"", 0}, &query));
	assert_false(query.has_start || query.has_end);
}

static void query_refuses_everything_else(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"x=1",
		"start",
		"start=",
		"start=-1",
		"start=1.5",
		"start=1e9",
		"start=18446744073709551616",
		"start=1&start=1",
		"end=1&end=2",
		"start=2&end=1",
		"start=1&",
		"&start=1",
		"start=1&&end=2",
		"start=1;end=2",
		"threads=",
		"threads=1,",
		"threads=,1",
		"threads=a",
		"threads=1&threads=2",
		"start=0x10",
		"start= 1",
		"START=1",
		"start=1#",
		"?start=1",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ctrace_trace_query query;
		if (ctrace_guard_query((struct ctrace_slice){bad[i], strlen(bad[i])}, &query) ==
		    NULL) {
			fail_msg("%s was taken", bad[i]);
		}
	}
}

static void query_takes_1024_threads_and_not_one_more(void **state)
{
	(void)state;
	struct ctrace_trace_query query;
	char text[3000] = "threads=1";
	for (unsigned i = 1; i < CTRACE_QUERY_THREADS_MAX; i++) {
		strcat(text, ",2");
	}
	assert_null(ctrace_guard_query((struct ctrace_slice){text, strlen(text)}, &query));
	assert_int_equal(query.thread_count, CTRACE_QUERY_THREADS_MAX);
	strcat(text, ",3");
	assert_non_null(ctrace_guard_query((struct ctrace_slice){text, strlen(text)}, &query));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_must_be_ours_and_single),
		cmocka_unit_test(method_must_be_get_or_head_without_a_body),
		cmocka_unit_test(origin_must_be_ours),
		cmocka_unit_test(other_sites_are_refused),
		cmocka_unit_test(token_must_be_ours),
		cmocka_unit_test(path_must_equal_a_route_byte_for_byte),
		cmocka_unit_test(malformed_heads_are_refused),
		cmocka_unit_test(refusals_name_what_is_wrong),
		cmocka_unit_test(tokens_are_new_each_time),
		cmocka_unit_test(any_single_wrong_digit_of_a_token_is_found),
		cmocka_unit_test(query_takes_times_and_threads),
		cmocka_unit_test(query_refuses_everything_else),
		cmocka_unit_test(query_takes_1024_threads_and_not_one_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
