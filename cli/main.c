/* SPDX-License-Identifier: MIT */
/* `ctrace COMMAND …`: the table of commands, --help, --version, and nothing else. */

#include "cli/command.h"
#include "format/header.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
/* In the order of --help. */
static const struct ctrace_command commands[] = {
	{"record",  "run a program, record what it does",         ctrace_command_record},
	{"view",    "a timeline of the trace in the browser",    ctrace_command_view},
	{"convert", "to other programs' formats: Chrome JSON",  ctrace_command_convert},
	{"top",     "where the time went, as tables",            ctrace_command_top},
	{"pauses",  "how little time was left in the worst windows", ctrace_command_pauses},
	{"heap",    "who allocated memory, and what stays",      ctrace_command_heap},
	{"dump",    "as text, JSON lines or sums; a text as a trace", ctrace_command_dump},
	{"check",   "does it keep every rule of the format?",    ctrace_command_check},
	{"symbolize", "add functions, files and lines to a trace", ctrace_command_symbolize},
	{"recover", "a trace of what a dead process left behind", ctrace_command_recover},
	{"sources", "what can be recorded here, and what it costs", ctrace_command_sources},
	{"help",    "about a command: ctrace help COMMAND",      ctrace_command_help},
};
/* clang-format on */

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))
/* A typing error, not another word. */
#define TYPO_MAX 2
#define WORD_MAX 32

static const struct ctrace_command *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int print_help(void)
{
	printf("ctrace: see what a program did, on one clock\n\n"
	       "usage: ctrace COMMAND [OPTIONS] …\n\n"
	       "commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	}
	printf("\noptions:\n"
	       "  --help     this text; after a command, its own\n"
	       "  --version  the version of ctrace and of the format it reads\n\n"
	       "example:\n"
	       "  ctrace record -o trace.out -- ./server\n"
	       "  ctrace view trace.out\n");
	return CTRACE_EXIT_OK;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many letters to insert, drop or change to make one word of the other. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t b_size = strlen(b);

	if (strlen(a) > WORD_MAX || b_size > WORD_MAX) {
		return WORD_MAX;
	}
	for (unsigned j = 0; j <= b_size; j++) {
		row[j] = j;
	}
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];
		row[0] = i + 1;
		for (unsigned j = 0; j < b_size; j++) {
			unsigned change = diagonal + (a[i] != b[j]);
			diagonal = row[j + 1];
			row[j + 1] = least(change, least(row[j], diagonal) + 1);
		}
	}
	return row[b_size];
}

static const char *nearest(const char *name)
{
	const char *best = NULL;
	unsigned best_distance = TYPO_MAX + 1;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		unsigned far = distance(name, commands[i].name);
		if (far < best_distance) {
			best = commands[i].name;
			best_distance = far;
		}
	}
	return best;
}

static int complain_unknown(const char *name)
{
	const char *near = nearest(name);

	if (near != NULL) {
		fprintf(stderr, "ctrace: unknown command %s; did you mean %s?\n", name, near);
	} else {
		fprintf(stderr, "ctrace: unknown command %s; see `ctrace --help`\n", name);
	}
	return CTRACE_EXIT_USAGE;
}

int ctrace_command_help(int argc, char **argv)
{
	char help[] = "--help";

	if (argc < 2) {
		return print_help();
	}
	const struct ctrace_command *command = find(argv[1]);
	if (command == NULL) {
		return complain_unknown(argv[1]);
	}
	if (command->run == ctrace_command_help) {
		return print_help();
	}
	char *arguments[] = {argv[1], help, NULL};
	return command->run(2, arguments);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "ctrace: a command is missing; see `ctrace --help`\n");
		return CTRACE_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		return print_help();
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("ctrace %s (trace format %u.%u)\n", CTRACE_VERSION, CTRACE_MAJOR,
		       CTRACE_MINOR);
		return CTRACE_EXIT_OK;
	}
	const struct ctrace_command *command = find(argv[1]);
	if (command == NULL) {
		return complain_unknown(argv[1]);
	}
	return command->run(argc - 1, argv + 1);
}
