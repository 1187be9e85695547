/* SPDX-License-Identifier: MIT */
/* What a person sees at /debug/pprof/, and the program's command line. */

#include "tracer/http/debug_pages.h"

#include "tracer/http/debug_answer.h"
#include "tracer/http/debug_stream.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX (1u << 20) /* far beyond what people type; the kernel allows more */

/* The style is the page's own; nothing is fetched from anywhere, no script runs. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
			     "base-uri 'none'; frame-ancestors 'none'";

static const char style[] =
	":root{color-scheme:light dark;--dim:#5c6670;--line:#d8dde2;--link:#0b5cad;--soft:#f4f6f8}"
	"@media(prefers-color-scheme:dark){:root{--dim:#9aa5b1;--line:#333b44;--link:#6cb2f7;"
	"--soft:#1d2228}body{background:#14181d;color:#e3e8ed}}"
	"body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2.5rem auto;padding:0 1rem}"
	"h1{font-size:1.35rem;margin:0}p{margin:.4rem 0 1.2rem}.dim{color:var(--dim)}"
	"a{color:var(--link)}table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-top:1px solid var(--line);"
	"vertical-align:top}th{color:var(--dim);font-weight:500}td.n{text-align:right;width:3.5rem;"
	"font-variant-numeric:tabular-nums}code,pre{font:13px/1.5 ui-monospace,monospace}"
	"pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.8rem;"
	"overflow-x:auto}form{margin:1.2rem 0}input{font:inherit;width:5rem}button{font:inherit}";

static void put_escaped(FILE *page, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", page);
			break;
		case '<':
			fputs("&lt;", page);
			break;
		case '>':
			fputs("&gt;", page);
			break;
		case '"':
			fputs("&#34;", page);
			break;
		case '\'':
			fputs("&#39;", page);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? '?' : *text, page);
		}
	}
}

static void put_counts(FILE *page)
{
	struct ctrace_counts counts;

	ctrace_stats(&counts);
	fprintf(page,
		"<p class=dim>%u threads traced, %u call sites, %" PRIu64
		" events written, %" PRIu64 " lost, %u traces being recorded.</p>\n",
		counts.threads, counts.sites, counts.written, counts.lost, counts.sessions);
}

static void put_profiles(FILE *page, const struct ctrace_debug_server *server)
{
	fprintf(page,
		"<table>\n<tr><th>Count</th><th>Profile</th><th></th></tr>\n"
		"<tr><td class=n>0</td><td><a href='cmdline'>cmdline</a></td>"
		"<td>The command line of this program, its words separated by NUL "
		"bytes.</td></tr>\n"
		"<tr><td class=n>%u</td><td><a href='trace?seconds=1'>trace</a></td>"
		"<td>What the program's threads do, from now on for <code>seconds</code> (a "
		"decimal, "
		"default %d, at most %d). Optional: <code>categories=http,db</code>, "
		"<code>sources=spans,tracefs</code>. Or with "
		"<code>trace?last=5</code> what they did in the last seconds, "
		"if the flight recorder is on.</td></tr>\n"
		"</table>\n",
		ctrace_debug_stream_count(server), CTRACE_DEBUG_SECONDS_DEFAULT,
		CTRACE_DEBUG_SECONDS_MAX);
}

static void put_how(FILE *page, const struct ctrace_debug_server *server)
{
	fprintf(page,
		"<form action='trace'><label>Record <input name=seconds value=5 inputmode=decimal> "
		"seconds</label> <button>trace</button></form>\n"
		"<pre>curl -s 'localhost:%u/debug/pprof/trace?seconds=5' &gt; trace.out\n"
		"ctrace view trace.out</pre>\n",
		server->port);
}

static void put_page(FILE *page, const struct ctrace_debug_server *server)
{
	fprintf(page,
		"<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
		"<meta name=viewport content='width=device-width'>\n<title>/debug/pprof/</title>\n"
		"<style>%s</style>\n</head>\n<body>\n<h1>/debug/pprof/</h1>\n<p>",
		style);
	put_escaped(page, program_invocation_short_name);
	fprintf(page, " <span class=dim>(process %d)</span></p>\n", (int)getpid());
	put_profiles(page, server);
	put_how(page, server);
	put_counts(page);
	fputs("</body>\n</html>\n", page);
}

/* Gives a text that free() takes, or NULL. */
static char *make_page(const struct ctrace_debug_server *server, size_t *size)
{
	char *text = NULL;
	FILE *page = open_memstream(&text, size);
	bool is_good;

	if (page == NULL) {
		return NULL;
	}
	put_page(page, server);
	is_good = !ferror(page);
	if (fclose(page) != 0 || !is_good) {
		free(text);
		return NULL;
	}
	return text;
}

enum MHD_Result ctrace_debug_page_index(struct ctrace_debug_server *server,
					struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	size_t size;
	char *text = make_page(server, &size);

	if (text == NULL) {
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	MHD_add_response_header(response, "X-Frame-Options", "DENY");
	return ctrace_debug_answer(connection, MHD_HTTP_OK, response);
}

/* Up to `size` bytes of the command line; negative: errno. */
static ssize_t read_cmdline(char *text, size_t size)
{
	const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	size_t filled = 0;
	ssize_t got = 1;

	if (fd < 0) {
		return -1;
	}
	while (got > 0 && filled < size) {
		got = read(fd, text + filled, size - filled);
		filled += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	return got < 0 ? -1 : (ssize_t)filled;
}

enum MHD_Result ctrace_debug_page_cmdline(struct ctrace_debug_server *server,
					  struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	char *text = malloc(CMDLINE_MAX);
	ssize_t size = text != NULL ? read_cmdline(text, CMDLINE_MAX) : -1;

	(void)server;
	if (size < 0) {
		free(text);
		return ctrace_debug_answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
						 "Could not read the command line\n");
	}
	size -= size > 0 && text[size - 1] == '\0';
	response = MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	return ctrace_debug_answer(connection, MHD_HTTP_OK, response);
}
