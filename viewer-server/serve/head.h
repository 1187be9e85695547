/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_HEAD_H
#define CTRACE_SERVE_HEAD_H

/*
 * The head of an HTTP/1 request as slices of the bytes that came: nothing is
 * decoded, folded, joined or guessed. Every line ends in CR LF, names are
 * tokens with the colon right behind, there are no continuation lines and no
 * control bytes; anything else is refused, so that no two programs can read
 * the same head in two ways.
 */

#include <stdbool.h>
#include <stddef.h>

struct ctrace_slice {
	const char *text; /* not NUL-terminated */
	size_t size;
};

/* The fields that decide something. Others are checked for form and forgotten. */
enum ctrace_head_field {
	CTRACE_HEAD_FIELD_HOST,
	CTRACE_HEAD_FIELD_ORIGIN,
	CTRACE_HEAD_FIELD_SITE, /* Sec-Fetch-Site */
	CTRACE_HEAD_FIELD_AUTHORIZATION,
	CTRACE_HEAD_FIELD_PROTOCOL, /* Sec-WebSocket-Protocol */
	CTRACE_HEAD_FIELD_UPGRADE,
	CTRACE_HEAD_FIELD_CONNECTION,
	CTRACE_HEAD_FIELD_KEY,	   /* Sec-WebSocket-Key */
	CTRACE_HEAD_FIELD_VERSION, /* Sec-WebSocket-Version */
	CTRACE_HEAD_FIELD_CONTENT_LENGTH,
	CTRACE_HEAD_FIELD_CONTENT_ENCODING,
	CTRACE_HEAD_FIELD_TRANSFER_ENCODING,
	CTRACE_HEAD_FIELD_COUNT,
};

struct ctrace_head {
	struct ctrace_slice method, path, query; /* path to the first '?', query behind it */
	bool has_query;
	bool is_http_1_0;
	size_t size; /* bytes of the head with its empty line */
	struct ctrace_slice field[CTRACE_HEAD_FIELD_COUNT]; /* the first of that name */
	unsigned times[CTRACE_HEAD_FIELD_COUNT];	    /* how often it came */
};

enum ctrace_head_state { CTRACE_HEAD_WHOLE, CTRACE_HEAD_MORE, CTRACE_HEAD_BAD };

/*
 * Read the head in bytes[0 … size). CTRACE_HEAD_MORE asks for more bytes;
 * CTRACE_HEAD_BAD sets *status to 400, 414, 431 or 505.
 *
 * Thread: any.  Blocks: no.  Allocates: no.  Slices borrow from `bytes`.
 */
enum ctrace_head_state ctrace_head_parse(const char *bytes, size_t size, struct ctrace_head *head,
					 int *status);

bool ctrace_slice_is(struct ctrace_slice slice, const char *text);
/* ASCII case ignored. */
bool ctrace_slice_is_like(struct ctrace_slice slice, const char *text);
/* Is the word, ASCII case ignored, an item of the comma-separated list? */
bool ctrace_slice_lists(struct ctrace_slice list, const char *word);

#endif
