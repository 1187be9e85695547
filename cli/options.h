/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OPTIONS_H
#define CTRACE_OPTIONS_H

/*
 * Options of all commands, on getopt_long: the same words mean the same
 * everywhere, and `--help` is made from the same table that is parsed.
 *
 *     bool is_stats = false;
 *     const struct ctrace_option own[] = {
 *             {.name = "stats", .help = "sizes and counts", .kind = CTRACE_OPTION_FLAG, .into =
 * &is_stats}, {0},
 *     };
 *     const struct ctrace_usage usage = {
 *             .synopsis = "dump [OPTIONS] FILE", .about = "…", .example = "…",
 *             .shared = CTRACE_SHARED_JSON, .own = own, .operands_min = 1, .operands_max = 1,
 *     };
 *     struct ctrace_options options;
 *     int status = ctrace_options_parse(&options, &usage, argc, argv);
 *     if (status >= 0) {
 *             return status;
 *     }
 */

#include <stdbool.h>
#include <stdint.h>

enum ctrace_option_kind {
	CTRACE_OPTION_FLAG,  /* bool */
	CTRACE_OPTION_TEXT,  /* const char * */
	CTRACE_OPTION_COUNT, /* uint64_t */
	CTRACE_OPTION_BYTES, /* uint64_t: a number, or one with K, M or G behind it */
	CTRACE_OPTION_TIME,  /* uint64_t, nanoseconds: see ctrace_options_time */
};

struct ctrace_option {
	const char *name;  /* without the dashes; NULL ends a table */
	char letter;	   /* 0: none */
	const char *value; /* its value in --help, "FILE"; NULL for flags */
	const char *help;
	enum ctrace_option_kind kind;
	void *into; /* by kind */
};

/* Options that several commands have. --help is everywhere. */
#define CTRACE_SHARED_JSON   0x01u /* --json */
#define CTRACE_SHARED_RANGE  0x02u /* --start, --end */
#define CTRACE_SHARED_OUTPUT 0x04u /* -o, --output */
#define CTRACE_SHARED_QUIET  0x08u /* -q, --quiet */

struct ctrace_usage {
	const char *synopsis; /* "dump [OPTIONS] FILE" */
	const char *about;    /* a line or three */
	const char *example;  /* a command line or two, each ending in a newline */
	unsigned shared;
	const struct ctrace_option *own; /* NULL, or ended by an empty one; at most 24 */
	int operands_min, operands_max;	 /* max < 0: any number */
	bool operands_are_a_command;	 /* options end at the first operand: the rest are its */
};

struct ctrace_options {
	bool is_json, is_quiet;
	const char *output; /* NULL: not given */
	bool has_start, has_end;
	uint64_t start_ns, end_ns; /* end is UINT64_MAX when not given */
	int operand_count;
	char **operands; /* borrowed from argv */
};

/*
 * Below 0: go on. Otherwise the command is over with that exit status: --help
 * was printed (0), or one line says what is wrong with the options (2).
 */
int ctrace_options_parse(struct ctrace_options *options, const struct ctrace_usage *usage, int argc,
			 char **argv);

/*
 * "1.5s", "200ms", "10us", "5ns"; a bare number means seconds. Exact: no
 * floating point. False if it is none of these or passes 2^63 ns.
 */
bool ctrace_options_time(const char *text, uint64_t *ns);

#endif
