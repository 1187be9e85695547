/* SPDX-License-Identifier: MIT */
/* `ctrace view`: shows a trace in the browser until Ctrl-C. */

#include "cli/browser.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/lines.h"
#include "cli/options.h"
#include "viewer-server/serve/server.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Privileged ports would need root, which a viewer never should have. */
#define PORT_MIN 1024

struct view {
	const char *path;
	bool is_quiet, opens_browser;
	uint16_t port;
	uint64_t max_memory; /* 0: the default */
	bool has_bar;	     /* something stands in the progress line */
	struct ctrace_trace *trace;
	struct ctrace_server *server;
};

static void clear_bar(struct view *view)
{
	if (view->has_bar) {
		fputs("\r\033[K", stderr);
		view->has_bar = false;
	}
}

static void draw_bar(struct view *view, const char *stage, uint64_t done, uint64_t total)
{
	static const char full[] = "##############################";
	if (view->is_quiet || total == 0 || isatty(STDERR_FILENO) != 1) {
		return;
	}
	double share = done < total ? (double)done / (double)total : 1;
	fprintf(stderr, "\r%-8s [%-30.*s] %3d %%", stage, (int)(share * 30), full,
		(int)(share * 100));
	view->has_bar = true;
}

static void on_reading(void *context, uint64_t done, uint64_t total)
{
	draw_bar(context, "reading", done, total);
}

static void on_progress(void *context, const char *stage, uint64_t done, uint64_t total)
{
	draw_bar(context, stage, done, total);
}

/* The name as it stands, but for what a terminal would obey. */
static void print_name(const char *name)
{
	for (; *name != '\0'; name++) {
		bool is_control = (unsigned char)*name < ' ' || *name == 0x7f;
		fputc(is_control ? '?' : *name, stderr);
	}
}

static void on_loaded(void *context, uint64_t events)
{
	struct view *view = context;
	const struct ctrace_trace_info *info = ctrace_trace_info(view->trace);
	clear_bar(view);
	if (view->is_quiet) {
		return;
	}
	fputs("ctrace: ", stderr);
	print_name(ctrace_input_name(view->path));
	fprintf(stderr, ", %" PRIu64 " events", events);
	if (info->damage_count > 0) {
		fprintf(stderr, ", %u damaged place%s (ctrace check tells where)",
			info->damage_count, info->damage_count == 1 ? "" : "s");
	}
	fputc('\n', stderr);
}

/* Ctrl-C and SIGTERM, taken by a thread of their own: the loop ends as if it had been asked nicely.
 */
static void *wait_for_signal(void *context)
{
	struct view *view = context;
	sigset_t ends;
	int signal_number;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigwait(&ends, &signal_number);
	ctrace_server_stop(view->server);
	return NULL;
}

static void block_signals(void)
{
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void announce(struct view *view)
{
	char url[CTRACE_SERVER_URL_BYTES];
	ctrace_server_url(view->server, url);
	clear_bar(view);
	const char *problem = view->opens_browser ? ctrace_browser_open(url) : NULL;
	if (problem != NULL && !view->is_quiet) {
		fprintf(stderr, "ctrace: %s\n", problem);
	}
	printf("%s\n", url);
	fflush(stdout);
}

static enum ctrace_status run_server(struct view *view, struct ctrace_error *error)
{
	pthread_t waiter;
	int failed = pthread_create(&waiter, NULL, wait_for_signal, view);
	if (failed != 0) {
		return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"cannot start a thread: %s", strerror(failed));
	}
	announce(view);
	enum ctrace_status status = ctrace_server_run(view->server, error);
	clear_bar(view);
	pthread_cancel(waiter);
	pthread_join(waiter, NULL);
	return status;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static enum ctrace_status serve(struct view *view)
{
	struct ctrace_error error = {.chunk = CTRACE_NO_CHUNK, .offset = CTRACE_NO_OFFSET};
	struct ctrace_server_settings settings = {
		.trace = view->trace,
		.name = base_name(ctrace_input_name(view->path)),
		.port = view->port,
		.max_memory = view->max_memory,
		.progress = on_progress,
		.loaded = on_loaded,
		.context = view,
	};
	enum ctrace_status status = ctrace_server_create(&view->server, &settings, &error);
	if (status == CTRACE_OK) {
		status = run_server(view, &error);
	}
	ctrace_server_destroy(view->server);
	if (status != CTRACE_OK) {
		ctrace_input_complain(view->path, &error);
	}
	return status;
}

static int view_trace(struct view *view)
{
	int fd;
	struct ctrace_trace_settings settings = {.progress = on_reading, .context = view};
	enum ctrace_status status = ctrace_input_trace(view->path, &settings, &view->trace, &fd);
	clear_bar(view);
	if (status != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	ctrace_lines_look_up(view->trace);
	block_signals();
	status = serve(view);
	ctrace_trace_close(view->trace);
	close(fd);
	return status == CTRACE_OK ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

int ctrace_command_view(int argc, char **argv)
{
	uint64_t port = 0, max_memory = 0;
	bool stays_closed = false;
	/* clang-format off */
	const struct ctrace_option own[] = {
		{ .name = "port", .value = "N", .help = "listen on port N; 0, the default, is any free one",
		  .kind = CTRACE_OPTION_COUNT, .into = &port },
		{ .name = "max-memory", .value = "BYTES", .help = "refuse a trace whose index needs more: 512M, 4G; 2G unless said",
		  .kind = CTRACE_OPTION_BYTES, .into = &max_memory },
		{ .name = "no-open", .help = "do not open the browser; print the URL only",
		  .kind = CTRACE_OPTION_FLAG, .into = &stays_closed },
		{ 0 },
	};
	/* clang-format on */
	const struct ctrace_usage usage = {
		.synopsis = "view [OPTIONS] FILE",
		.about = "Show a trace in the browser, served on this machine only, until Ctrl-C.\n"
			 "FILE may be `-` for standard input.",
		.example = "ctrace view trace.out\n"
			   "curl -s 'localhost:6060/debug/pprof/trace?seconds=5' | ctrace view -\n",
		.shared = CTRACE_SHARED_QUIET,
		.own = own,
		.operands_min = 1,
		.operands_max = 1,
	};
	struct ctrace_options options;
	int status = ctrace_options_parse(&options, &usage, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (port > UINT16_MAX || (port > 0 && port < PORT_MIN)) {
		fprintf(stderr, "ctrace: --port %" PRIu64 " is not 0 or 1024 to 65535\n", port);
		return CTRACE_EXIT_USAGE;
	}
	struct view view = {
		.path = options.operands[0],
		.is_quiet = options.is_quiet,
		.opens_browser = !stays_closed,
		.port = (uint16_t)port,
		.max_memory = max_memory,
	};
	return view_trace(&view);
}
