/* SPDX-License-Identifier: MIT */
/* Splits the head of a request; see head.h for how strict and why. */

#include "viewer-server/serve/head.h"

#include "viewer-server/limits.h"

#include <string.h>
#include <strings.h>

static const char *const field_names[CTRACE_HEAD_FIELD_COUNT] = {
	[CTRACE_HEAD_FIELD_HOST] = "host",
	[CTRACE_HEAD_FIELD_ORIGIN] = "origin",
	[CTRACE_HEAD_FIELD_SITE] = "sec-fetch-site",
	[CTRACE_HEAD_FIELD_AUTHORIZATION] = "authorization",
	[CTRACE_HEAD_FIELD_PROTOCOL] = "sec-websocket-protocol",
	[CTRACE_HEAD_FIELD_UPGRADE] = "upgrade",
	[CTRACE_HEAD_FIELD_CONNECTION] = "connection",
	[CTRACE_HEAD_FIELD_KEY] = "sec-websocket-key",
	[CTRACE_HEAD_FIELD_VERSION] = "sec-websocket-version",
	[CTRACE_HEAD_FIELD_CONTENT_LENGTH] = "content-length",
	[CTRACE_HEAD_FIELD_CONTENT_ENCODING] = "content-encoding",
	[CTRACE_HEAD_FIELD_TRANSFER_ENCODING] = "transfer-encoding",
};

bool ctrace_slice_is(struct ctrace_slice slice, const char *text)
{
	return slice.size == strlen(text) && memcmp(slice.text, text, slice.size) == 0;
}

bool ctrace_slice_is_like(struct ctrace_slice slice, const char *text)
{
	return slice.size == strlen(text) && strncasecmp(slice.text, text, slice.size) == 0;
}

static bool is_token_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct ctrace_slice slice)
{
	for (size_t i = 0; i < slice.size; i++) {
		if (!is_token_byte((unsigned char)slice.text[i])) {
			return false;
		}
	}
	return slice.size > 0;
}

static bool is_visible(struct ctrace_slice slice)
{
	for (size_t i = 0; i < slice.size; i++) {
		if (slice.text[i] <= ' ' || slice.text[i] > '~') {
			return false;
		}
	}
	return slice.size > 0;
}

static bool is_field_value(struct ctrace_slice slice)
{
	for (size_t i = 0; i < slice.size; i++) {
		unsigned char c = (unsigned char)slice.text[i];
		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static struct ctrace_slice trim(struct ctrace_slice slice)
{
	while (slice.size > 0 && (slice.text[0] == ' ' || slice.text[0] == '\t')) {
		slice = (struct ctrace_slice){slice.text + 1, slice.size - 1};
	}
	while (slice.size > 0 &&
	       (slice.text[slice.size - 1] == ' ' || slice.text[slice.size - 1] == '\t')) {
		slice.size--;
	}
	return slice;
}

/* The part before the first `byte` of *rest, which then begins behind it. False: there is none. */
static bool cut(struct ctrace_slice *rest, char byte, struct ctrace_slice *part)
{
	const char *at = rest->size > 0 ? memchr(rest->text, byte, rest->size) : NULL;
	if (at == NULL) {
		return false;
	}
	*part = (struct ctrace_slice){rest->text, (size_t)(at - rest->text)};
	*rest = (struct ctrace_slice){at + 1, rest->size - part->size - 1};
	return true;
}

bool ctrace_slice_lists(struct ctrace_slice list, const char *word)
{
	struct ctrace_slice item;
	while (cut(&list, ',', &item)) {
		if (ctrace_slice_is_like(trim(item), word)) {
			return true;
		}
	}
	return ctrace_slice_is_like(trim(list), word);
}

static int parse_target(struct ctrace_slice target, struct ctrace_head *head)
{
	if (!is_visible(target) || target.text[0] != '/') {
		return 400;
	}
	struct ctrace_slice path;
	head->has_query = cut(&target, '?', &path);
	head->path = head->has_query ? path : target;
	head->query = head->has_query ? target : (struct ctrace_slice){"", 0};
	return 0;
}

static int parse_request_line(struct ctrace_slice line, struct ctrace_head *head)
{
	struct ctrace_slice target;
	if (!cut(&line, ' ', &head->method) || !is_token(head->method) ||
	    !cut(&line, ' ', &target)) {
		return 400;
	}
	head->is_http_1_0 = ctrace_slice_is(line, "HTTP/1.0");
	if (!ctrace_slice_is(line, "HTTP/1.1") && !head->is_http_1_0) {
		bool is_http = line.size == 8 && memcmp(line.text, "HTTP/", 5) == 0;
		return is_http ? 505 : 400;
	}
	return parse_target(target, head);
}

static int parse_field(struct ctrace_slice line, struct ctrace_head *head)
{
	struct ctrace_slice name;
	if (!cut(&line, ':', &name) || !is_token(name) || !is_field_value(line)) {
		return 400;
	}
	for (unsigned i = 0; i < CTRACE_HEAD_FIELD_COUNT; i++) {
		if (ctrace_slice_is_like(name, field_names[i]) && head->times[i]++ == 0) {
			head->field[i] = trim(line);
		}
	}
	return 0;
}

/* One line without its CR LF: 0 a line, else a status, -1 not all there yet. */
static int next_line(struct ctrace_slice *rest, struct ctrace_slice *line)
{
	if (!cut(rest, '\n', line)) {
		return -1;
	}
	if (line->size == 0 || line->text[line->size - 1] != '\r') {
		return 400;
	}
	line->size--;
	return memchr(line->text, '\r', line->size) != NULL ? 400 : 0;
}

static int too_long(const struct ctrace_slice *rest, size_t size, bool is_first)
{
	if (is_first && rest->size > CTRACE_HEAD_LINE_MAX) {
		return 414;
	}
	return size > CTRACE_HEAD_BYTES_MAX ? 431 : -1;
}

static int parse(struct ctrace_slice rest, struct ctrace_head *head)
{
	const char *begin = rest.text;
	size_t size = rest.size;
	for (unsigned lines = 0;; lines++) {
		struct ctrace_slice line;
		int status = next_line(&rest, &line);
		if (status < 0) {
			return too_long(&rest, size, lines == 0);
		}
		head->size = (size_t)(rest.text - begin);
		if (status != 0) {
			return status;
		}
		if (lines == 0 && line.size > CTRACE_HEAD_LINE_MAX) {
			return 414;
		}
		if (head->size > CTRACE_HEAD_BYTES_MAX) {
			return 431;
		}
		if (lines > 0 && line.size == 0) {
			return 0;
		}
		if (lines > CTRACE_HEAD_FIELDS_MAX) {
			return 431;
		}
		status = lines == 0 ? parse_request_line(line, head) : parse_field(line, head);
		if (status != 0) {
			return status;
		}
	}
}

enum ctrace_head_state ctrace_head_parse(const char *bytes, size_t size, struct ctrace_head *head,
					 int *status)
{
	*head = (struct ctrace_head){.size = 0};
	*status = parse((struct ctrace_slice){bytes, size}, head);
	if (*status < 0) {
		return CTRACE_HEAD_MORE;
	}
	return *status == 0 ? CTRACE_HEAD_WHOLE : CTRACE_HEAD_BAD;
}
