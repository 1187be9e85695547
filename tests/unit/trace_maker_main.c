/* SPDX-License-Identifier: MIT */
/* trace-maker SEED [--events N] [--threads N] [--kernel] [--plain-spans] [--no-lz4] -o FILE: a
 * random trace as a file. */

#include "tests/unit/trace_maker.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] = "usage: trace-maker SEED [--events N] [--threads N] [--kernel] "
			    "[--plain-spans] [--no-lz4] -o FILE\n";

static enum ctrace_status write_file(void *sink, const void *bytes, size_t size)
{
	return fwrite(bytes, 1, size, sink) == size ? CTRACE_OK : CTRACE_ERR_IO;
}

static int make(struct ctrace_maker_settings *settings, const char *path)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	settings->write = write_file;
	settings->sink = file;
	enum ctrace_status status = ctrace_maker_run(settings);
	if (fclose(file) != 0 || status != CTRACE_OK) {
		fprintf(stderr, "%s: %s\n", path, ctrace_status_name(status));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"events", required_argument, NULL, 'e'},
		{"threads", required_argument, NULL, 't'},
		{"kernel", no_argument, NULL, 'k'},
		{"plain-spans", no_argument, NULL, 's'},
		{"no-lz4", no_argument, NULL, 'n'},
		{"output", required_argument, NULL, 'o'},
		{0},
	};
	struct ctrace_maker_settings settings = {0};
	const char *path = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		switch (option) {
		case 'e':
			settings.events = strtoull(optarg, NULL, 0);
			break;
		case 't':
			settings.threads = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'k':
			settings.has_kernel = true;
			break;
		case 's':
			settings.is_plain_spans = true;
			break;
		case 'n':
			settings.is_plain = true;
			break;
		case 'o':
			path = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc || path == NULL) {
		fputs(usage, stderr);
		return 2;
	}
	settings.seed = strtoull(argv[optind], NULL, 0);
	return make(&settings, path);
}
