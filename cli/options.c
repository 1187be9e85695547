/* SPDX-License-Identifier: MIT */
/* Options by table: getopt_long's arrays and the text of --help from one list. */

#include "cli/options.h"

#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 32
/* Long options without a letter get numbers above all letters. */
#define NUMBER_BASE 256

/* All options of one command: the shared ones, then its own, then --help. */
struct option_list {
	struct ctrace_option options[OPTIONS_MAX];
	int count;
	bool is_help;
};

static void add(struct option_list *list, struct ctrace_option option)
{
	if (list->count < OPTIONS_MAX) {
		list->options[list->count++] = option;
	}
}

static void add_shared(struct option_list *list, unsigned shared, struct ctrace_options *into)
{
	if ((shared & CTRACE_SHARED_OUTPUT) != 0) {
		add(list, (struct ctrace_option){"output", 'o', "FILE", "write there; - is stdout",
						 CTRACE_OPTION_TEXT, &into->output});
	}
	if ((shared & CTRACE_SHARED_RANGE) != 0) {
		add(list,
		    (struct ctrace_option){"start", 0, "TIME", "from this time on: 1.5s, 200ms, …",
					   CTRACE_OPTION_TIME, &into->start_ns});
		add(list, (struct ctrace_option){"end", 0, "TIME", "up to this time",
						 CTRACE_OPTION_TIME, &into->end_ns});
	}
	if ((shared & CTRACE_SHARED_JSON) != 0) {
		add(list, (struct ctrace_option){"json", 0, NULL, "answer in JSON",
						 CTRACE_OPTION_FLAG, &into->is_json});
	}
	if ((shared & CTRACE_SHARED_QUIET) != 0) {
		add(list, (struct ctrace_option){"quiet", 'q', NULL, "no progress, no summary",
						 CTRACE_OPTION_FLAG, &into->is_quiet});
	}
}

static void collect(struct option_list *list, const struct ctrace_usage *usage,
		    struct ctrace_options *into)
{
	*list = (struct option_list){0};
	add_shared(list, usage->shared, into);
	for (const struct ctrace_option *own = usage->own; own != NULL && own->name != NULL;
	     own++) {
		add(list, *own);
	}
	add(list, (struct ctrace_option){"help", 'h', NULL, "this text", CTRACE_OPTION_FLAG, NULL});
}

/* The arrays getopt_long wants. */
struct getopt_form {
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 4];
};

static void make_form(struct getopt_form *form, const struct option_list *list,
		      bool stops_at_operand)
{
	char *at;

	*form = (struct getopt_form){0};
	at = form->shorts;
	if (stops_at_operand) {
		*at++ = '+';
	}
	*at++ = ':';
	for (int i = 0; i < list->count; i++) {
		const struct ctrace_option *option = &list->options[i];
		form->longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->value != NULL ? required_argument : no_argument,
			.val = NUMBER_BASE + i,
		};
		if (option->letter != 0) {
			*at++ = option->letter;
		}
		if (option->letter != 0 && option->value != NULL) {
			*at++ = ':';
		}
	}
}

static const struct ctrace_option *by_number(const struct option_list *list, int number)
{
	if (number >= NUMBER_BASE && number - NUMBER_BASE < list->count) {
		return &list->options[number - NUMBER_BASE];
	}
	for (int i = 0; i < list->count; i++) {
		if (number != 0 && list->options[i].letter == number) {
			return &list->options[i];
		}
	}
	return NULL;
}

static void print_help(const struct ctrace_usage *usage, const struct option_list *list)
{
	printf("usage: ctrace %s\n\n%s\n\noptions:\n", usage->synopsis, usage->about);
	for (int i = 0; i < list->count; i++) {
		const struct ctrace_option *option = &list->options[i];
		char left[64];
		char letter[8] = "    ";
		if (option->letter != 0) {
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		}
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
			 option->value != NULL ? " " : "",
			 option->value != NULL ? option->value : "");
		printf("  %-26s %s\n", left, option->help);
	}
	if (usage->example != NULL) {
		printf("\nexample:\n%s", usage->example);
	}
}

static int complain(const char *command, const char *what, const char *which)
{
	fprintf(stderr, "ctrace %s: %s%s; see `ctrace %s --help`\n", command, what, which, command);
	return CTRACE_EXIT_USAGE;
}

static bool parse_count(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool parse_bytes(const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno != 0 || text[0] < '0' || text[0] > '9') {
		return false;
	}
	const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	end += unit != NULL;
	if (*end != '\0' || *value > UINT64_MAX >> shift) {
		return false;
	}
	*value <<= shift;
	return true;
}

/* Nanoseconds in the unit that stands at `text`; 0 if it is none. */
static uint64_t unit_ns(const char *text)
{
	/* clang-format off */
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", 1000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"µs", 1000}, {"ns", 1},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, text) == 0) {
			return units[i].ns;
		}
	}
	return 0;
}

bool ctrace_options_time(const char *text, uint64_t *ns)
{
	size_t whole_size = strspn(text, "0123456789");
	const char *fraction = text + whole_size + (text[whole_size] == '.');
	size_t fraction_size = text[whole_size] == '.' ? strspn(fraction, "0123456789") : 0;
	uint64_t unit = unit_ns(fraction + fraction_size);
	__extension__ unsigned __int128 sum = 0;

	if (whole_size + fraction_size == 0 || unit == 0 || whole_size > 19) {
		return false;
	}
	for (size_t i = 0; i < whole_size; i++) {
		sum = sum * 10 + (unsigned)(text[i] - '0');
	}
	sum *= unit;
	for (size_t i = 0; i < fraction_size && unit > 0; i++) {
		unit /= 10;
		sum += unit * (unsigned)(fraction[i] - '0');
	}
	*ns = (uint64_t)sum;
	return sum <= INT64_MAX;
}

static bool store(const struct ctrace_option *option, const char *value)
{
	switch (option->kind) {
	case CTRACE_OPTION_FLAG:
		*(bool *)option->into = true;
		return true;
	case CTRACE_OPTION_TEXT:
		*(const char **)option->into = value;
		return true;
	case CTRACE_OPTION_COUNT:
		return parse_count(value, option->into);
	case CTRACE_OPTION_BYTES:
		return parse_bytes(value, option->into);
	case CTRACE_OPTION_TIME:
		return ctrace_options_time(value, option->into);
	}
	return false;
}

/* What getopt_long did not like; optopt tells which. */
static int complain_option(const char *command, const struct option_list *list, int answer,
			   char **argv)
{
	const struct ctrace_option *option = by_number(list, optopt);

	if (option == NULL) {
		return complain(command, "unknown option ", argv[optind - 1]);
	}
	return complain(command,
			answer == ':' ? "a value is missing after --" : "no value goes with --",
			option->name);
}

static int take_operands(struct ctrace_options *options, const struct ctrace_usage *usage, int argc,
			 char **argv)
{
	options->operands = argv + optind;
	options->operand_count = argc - optind;
	if (options->operand_count < usage->operands_min) {
		return complain(argv[0],
				usage->operands_are_a_command ? "a program is missing: ctrace "
							      : "a file is missing: ctrace ",
				usage->synopsis);
	}
	if (usage->operands_max >= 0 && options->operand_count > usage->operands_max) {
		return complain(argv[0],
				"one argument too many: ", options->operands[usage->operands_max]);
	}
	if (options->end_ns < options->start_ns) {
		return complain(argv[0], "--end is before ", "--start");
	}
	return -1;
}

int ctrace_options_parse(struct ctrace_options *options, const struct ctrace_usage *usage, int argc,
			 char **argv)
{
	struct option_list list;
	struct getopt_form form;
	int answer;

	*options = (struct ctrace_options){.end_ns = UINT64_MAX};
	collect(&list, usage, options);
	make_form(&form, &list, usage->operands_are_a_command);
	optind = 1;
	while ((answer = getopt_long(argc, argv, form.shorts, form.longs, NULL)) != -1) {
		if (answer == '?' || answer == ':') {
			return complain_option(argv[0], &list, answer, argv);
		}
		const struct ctrace_option *option = by_number(&list, answer);
		if (option->into == NULL) {
			print_help(usage, &list);
			return CTRACE_EXIT_OK;
		}
		if (!store(option, optarg)) {
			fprintf(stderr, "ctrace %s: --%s: %s is not a %s\n", argv[0], option->name,
				optarg,
				option->kind == CTRACE_OPTION_TIME ? "time such as 1.5s or 200ms"
								   : "number");
			return CTRACE_EXIT_USAGE;
		}
		options->has_start = options->has_start || option->into == &options->start_ns;
		options->has_end = options->has_end || option->into == &options->end_ns;
	}
	return take_operands(options, usage, argc, argv);
}
