/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_GUARD_H
#define CTRACE_SERVE_GUARD_H

/*
 * Who may ask what. A local server can be reached by every page in the user's
 * browser and every user of the machine, so each request passes the checks of
 * viewer-server/API.md, in that order, before anything else looks at it.
 * Pure functions on strings: no I/O, no clock, no state.
 *
 *     ctrace_token_make(token)                     once per start
 *     ctrace_guard_init(&guard, port, token)
 *       ctrace_guard_check(&guard, &head)          for every request
 */

#include "viewer-server/limits.h"
#include "viewer-server/serve/head.h"

#include <stdint.h>

/* 128 bits in lowercase hex, and the NUL. */
#define CTRACE_TOKEN_SIZE 33

enum ctrace_route_kind { CTRACE_ROUTE_ASSET, CTRACE_ROUTE_TRACE, CTRACE_ROUTE_SOCKET };

struct ctrace_route {
	const char *path;
	enum ctrace_route_kind kind;
};

struct ctrace_guard {
	char hosts[3][32]; /* 127.0.0.1:PORT, localhost:PORT, [::1]:PORT */
	char token[CTRACE_TOKEN_SIZE];
};

/* What the query of /trace.json asks for. */
struct ctrace_trace_query {
	bool has_start, has_end;
	uint64_t start, end;
	uint32_t thread_count;
	uint64_t threads[CTRACE_QUERY_THREADS_MAX];
};

struct ctrace_verdict {
	int status;			  /* 200: let it in; else the HTTP status of the refusal */
	const char *text;		  /* one line without its end, for people */
	const struct ctrace_route *route; /* when let in */
	bool is_head_only;
};

/* 128 bits from getrandom(2). False: the system has none to give. */
bool ctrace_token_make(char token[CTRACE_TOKEN_SIZE]);
/* Takes the same time wherever two tokens first differ. */
bool ctrace_token_is_equal(const char token[CTRACE_TOKEN_SIZE], struct ctrace_slice other);

void ctrace_guard_init(struct ctrace_guard *guard, uint16_t port, const char *token);

/*
 * Judge a whole head.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */
struct ctrace_verdict ctrace_guard_check(const struct ctrace_guard *guard,
					 const struct ctrace_head *head);
/* The refusal of a head that ctrace_head_parse did not accept. */
struct ctrace_verdict ctrace_guard_refuse(int status);

/*
 * Read `start=NS&end=NS&threads=TID,TID…`, each at most once, in any order.
 * NULL, or one line that says what is wrong.
 */
const char *ctrace_guard_query(struct ctrace_slice text, struct ctrace_trace_query *query);

#endif
