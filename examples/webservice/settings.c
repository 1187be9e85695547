/* SPDX-License-Identifier: MIT */
/* Command line options. */

#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: webservice [options]\n"
	"\n"
	"A small REST service, traced throughout.\n"
	"\n"
	"  --port N         port on 127.0.0.1 (0: any free one)          [8080]\n"
	"  --debug ADDRESS  serve /debug/pprof/ here                     [127.0.0.1:6060]\n"
	"  --workers N      threads that answer requests                 [4]\n"
	"  --io-threads N   threads that talk to clients                 [2]\n"
	"  --queue N        requests that may wait for a worker          [1024]\n"
	"  --token-seconds N  how long a login lasts                     [3600]\n"
	"  --database FILE  SQLite database                              [a temporary file]\n"
	"  --demo           1,000 users (user1 to user1000, password \"demo\");\n"
	"                   GET /auth/user/{id} needs no token\n"
	"\n"
	"  webservice --demo &\n"
	"  ab -k -c 8 -n 100000 http://127.0.0.1:8080/auth/user/42\n"
	"  curl -s 'localhost:6060/debug/pprof/trace?seconds=5' > trace.out\n";

static bool parse_number(const char *name, unsigned min, unsigned max, unsigned *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(optarg, &end, 10);
	if (errno != 0 || end == optarg || *end != '\0' || *optarg == '-' || value < min ||
	    value > max) {
		fprintf(stderr, "webservice: --%s '%s': not a number from %u to %u\n", name, optarg,
			min, max);
		return false;
	}
	*number = (unsigned)value;
	return true;
}

static bool parse_option(struct settings *settings, int option)
{
	unsigned port;

	switch (option) {
	case 'p':
		if (!parse_number("port", 0, UINT16_MAX, &port)) {
			return false;
		}
		settings->port = (uint16_t)port;
		return true;
	case 'd':
		settings->debug = optarg;
		return true;
	case 'w':
		return parse_number("workers", 1, 256, &settings->workers);
	case 'i':
		return parse_number("io-threads", 1, 64, &settings->io_threads);
	case 'q':
		return parse_number("queue", 1, 1u << 20, &settings->queue_max);
	case 't':
		return parse_number("token-seconds", 1, 1u << 30, &settings->token_seconds);
	case 'f':
		settings->database = optarg;
		return true;
	case 'D':
		settings->is_demo = true;
		return true;
	default:
		return false;
	}
}

int settings_parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},
		{"debug", required_argument, NULL, 'd'},
		{"workers", required_argument, NULL, 'w'},
		{"io-threads", required_argument, NULL, 'i'},
		{"queue", required_argument, NULL, 'q'},
		{"token-seconds", required_argument, NULL, 't'},
		{"database", required_argument, NULL, 'f'},
		{"demo", no_argument, NULL, 'D'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*settings = (struct settings){.port = 8080,
				      .debug = "127.0.0.1:6060",
				      .workers = 4,
				      .io_threads = 2,
				      .queue_max = 1024,
				      .token_seconds = 3600};
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (!parse_option(settings, option)) {
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "webservice: '%s' is no option; see --help\n", argv[optind]);
		return 2;
	}
	return 0;
}
