/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COMMAND_H
#define CTRACE_COMMAND_H

/*
 * The commands of `ctrace`: one file each, one line in the table of main.c
 * each. A command gets its own name as argv[0], prints its results to stdout
 * and its complaints to stderr, and returns the exit status.
 */

enum ctrace_exit {
	CTRACE_EXIT_OK = 0,
	CTRACE_EXIT_FAILED = 1, /* it could not be done, or what was checked is not good */
	CTRACE_EXIT_USAGE = 2,	/* it was asked for wrongly */
};

struct ctrace_command {
	const char *name;
	const char *help; /* one line, in the list of `ctrace --help` */
	int (*run)(int argc, char **argv);
};

int ctrace_command_check(int argc, char **argv);
int ctrace_command_convert(int argc, char **argv);
int ctrace_command_dump(int argc, char **argv);
int ctrace_command_heap(int argc, char **argv);
int ctrace_command_help(int argc, char **argv);
int ctrace_command_record(int argc, char **argv);
int ctrace_command_recover(int argc, char **argv);
int ctrace_command_sources(int argc, char **argv);
int ctrace_command_symbolize(int argc, char **argv);
int ctrace_command_view(int argc, char **argv);
int ctrace_command_top(int argc, char **argv);
int ctrace_command_pauses(int argc, char **argv);

#endif
