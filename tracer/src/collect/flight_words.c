/* SPDX-License-Identifier: MIT */

/* Sizes, rules, signals and file patterns as text; see flight_words.h. */

#include "tracer/src/collect/flight_words.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

/* ---- numbers with units ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, perhaps with a point and more of them. NULL: none; else what follows. */
static const char *read_number(const char *at, double *value)
{
	double scale = 1;
	bool has_digits = false;

	for (*value = 0; is_digit(*at); at++, has_digits = true) {
		*value = *value * 10 + (*at - '0');
	}
	if (*at == '.') {
		for (at++; is_digit(*at); at++, has_digits = true) {
			scale /= 10;
			*value += (*at - '0') * scale;
		}
	}
	return has_digits ? at : NULL;
}

static const struct unit times[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
static const struct unit sizes[] = {{"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};

/* The text from `at` to `end` is a number and one of these units. */
static bool read_quantity(const char *at, const char *end, const struct unit *units, unsigned count,
			  double *value)
{
	at = read_number(at, value);
	if (at == NULL || at >= end) {
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t size = strlen(units[i].name);

		if (size == (size_t)(end - at) && memcmp(units[i].name, at, size) == 0) {
			*value *= units[i].factor;
			return true;
		}
	}
	return false;
}

/* Without spaces at both ends; the end is returned. */
static const char *trim(const char **at, const char *end)
{
	while (*at < end && **at == ' ') {
		++*at;
	}
	while (end > *at && end[-1] == ' ') {
		end--;
	}
	return end;
}

static const char *read_size_part(const char *at, const char *end, uint64_t *span_ns,
				  uint64_t *bytes, unsigned *seen)
{
	double value;

	if (read_quantity(at, end, times, 4, &value)) {
		if (value < 1e6 || value > (double)CTRACE_FLIGHT_NS_MAX) {
			return "the time must be from 1ms to 86400s";
		}
		*span_ns = (uint64_t)value;
		return (*seen & 1) != 0 ? "two times" : (*seen |= 1, NULL);
	}
	if (read_quantity(at, end, sizes, 3, &value)) {
		if (value < (double)CTRACE_FLIGHT_BYTES_MIN ||
		    value > (double)CTRACE_FLIGHT_BYTES_MAX) {
			return "the memory must be from 64KiB to 1024GiB";
		}
		*bytes = (uint64_t)value;
		return (*seen & 2) != 0 ? "two sizes of memory" : (*seen |= 2, NULL);
	}
	return "must be like 10s, 64MiB or 10s,64MiB (units ms, s, KiB, MiB, GiB)";
}

const char *ctrace_flight_size_parse(const char *text, uint64_t *span_ns, uint64_t *bytes)
{
	unsigned seen = 0;
	const char *wrong = NULL;

	while (wrong == NULL) {
		const char *end = text + strcspn(text, ",");
		const char *at = text;
		const char *part_end = trim(&at, end);

		wrong = read_size_part(at, part_end, span_ns, bytes, &seen);
		if (*end == '\0') {
			break;
		}
		text = end + 1;
	}
	return wrong;
}

/* ---- rules ---- */

static const char *read_rule(const char *at, const char *end, struct ctrace_rule *rule)
{
	const char *sign = memrchr(at, '>', (size_t)(end - at));
	const char *name_end, *limit;
	double value;

	if (sign == NULL) {
		return "a rule must be like NAME>10ms";
	}
	name_end = trim(&at, sign);
	limit = sign + 1;
	end = trim(&limit, end);
	if (name_end == at || (size_t)(name_end - at) >= CTRACE_RULE_NAME_MAX) {
		return "a rule's name must have 1 to 127 bytes";
	}
	if (!read_quantity(limit, end, times, 4, &value) || value < 1 ||
	    value > (double)CTRACE_FLIGHT_NS_MAX) {
		return "a rule's time must be like 10ms (units ns, us, ms, s), at most 86400s";
	}
	*rule = (struct ctrace_rule){.limit_ns = (uint64_t)value, .is_prefix = name_end[-1] == '*'};
	rule->name_size = (size_t)(name_end - at) - rule->is_prefix;
	memcpy(rule->name, at, rule->name_size);
	return NULL;
}

const char *ctrace_flight_rules_parse(const char *text, struct ctrace_rules *rules)
{
	rules->count = 0;
	while (text != NULL && *text != '\0') {
		const char *end = text + strcspn(text, ",");
		const char *wrong;

		if (rules->count == CTRACE_RULES_MAX) {
			return "more than 16 rules";
		}
		wrong = read_rule(text, end, &rules->list[rules->count]);
		if (wrong != NULL) {
			return wrong;
		}
		rules->count++;
		if (*end == ',' && end[1] == '\0') {
			return "a rule must be like NAME>10ms";
		}
		text = *end == ',' ? end + 1 : end;
	}
	return NULL;
}

static bool matches(const struct ctrace_rule *rule, const char *name, size_t size)
{
	bool has_size = rule->is_prefix ? size >= rule->name_size : size == rule->name_size;

	return has_size && memcmp(rule->name, name, rule->name_size) == 0;
}

int ctrace_flight_rule_of(const struct ctrace_rules *rules, const char *name, size_t size)
{
	for (unsigned i = 0; i < rules->count; i++) {
		if (matches(&rules->list[i], name, size)) {
			return (int)i;
		}
	}
	return -1;
}

/* ---- signals ---- */

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},     {"USR1", SIGUSR1},
	{"USR2", SIGUSR2}, {"TERM", SIGTERM}, {"ALRM", SIGALRM},     {"VTALRM", SIGVTALRM},
	{"PROF", SIGPROF}, {"IO", SIGIO},     {"WINCH", SIGWINCH},   {"URG", SIGURG},
	{"PWR", SIGPWR},   {"TRAP", SIGTRAP}, {"STKFLT", SIGSTKFLT}, {"SYS", SIGSYS},
};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

const char *ctrace_flight_signal_check(int signal)
{
	switch (signal) {
	case SIGKILL:
	case SIGSTOP:
		return "this signal cannot be caught";
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGABRT:
		return "this signal is a crash: that is CTRACE_CRASH=1";
	case 32:
	case 33:
		return "this signal is the C library's own";
	default:
		return signal > 0 && signal <= SIGRTMAX ? NULL : "no such signal";
	}
}

const char *ctrace_flight_signal_parse(const char *text, int *signal)
{
	unsigned number = 0;

	*signal = 0;
	if (is_digit(*text)) {
		for (; is_digit(*text) && number < 1000; text++) {
			number = number * 10 + (unsigned)(*text - '0');
		}
		*signal = (int)number;
		return *text == '\0' ? ctrace_flight_signal_check(*signal)
				     : "must be a signal like USR2 or 12";
	}
	if (strncasecmp(text, "SIG", 3) == 0) {
		text += 3;
	}
	for (size_t i = 0; i < SIGNALS; i++) {
		if (strcasecmp(text, signals[i].name) == 0) {
			*signal = signals[i].number;
			return NULL;
		}
	}
	return "must be a signal like USR2 or 12";
}

void ctrace_flight_signal_name(int signal, char name[16])
{
	static const struct {
		const char *name;
		int number;
	} crashes[] = {{"SIGSEGV", SIGSEGV},
		       {"SIGBUS", SIGBUS},
		       {"SIGABRT", SIGABRT},
		       {"SIGFPE", SIGFPE},
		       {"SIGILL", SIGILL}};

	snprintf(name, 16, "signal %d", signal);
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals[i].number == signal) {
			snprintf(name, 16, "SIG%s", signals[i].name);
		}
	}
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		if (crashes[i].number == signal) {
			snprintf(name, 16, "%s", crashes[i].name);
		}
	}
}

/* ---- patterns of file names ---- */

const char *ctrace_flight_pattern_check(const char *pattern)
{
	if (strlen(pattern) >= CTRACE_FLIGHT_PATH_MAX / 2) {
		return "the file pattern may have 511 bytes";
	}
	for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] == '\0' || strchr("pnr%", at[1]) == NULL) {
			return "a file pattern knows %p, %n, %r and %% only";
		}
	}
	return NULL;
}

bool ctrace_flight_pattern_has_number(const char *pattern)
{
	for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] == 'n') {
			return true;
		}
	}
	return false;
}

bool ctrace_flight_pattern_expand(const char *pattern, int pid, unsigned number, const char *reason,
				  char *path, size_t size)
{
	size_t used = 0;

	for (const char *at = pattern; *at != '\0'; at++) {
		char piece[16] = {*at, '\0'};
		const char *text = piece;

		if (*at == '%') {
			at++;
			if (*at == 'r') {
				text = reason;
			} else if (*at != '%') {
				snprintf(piece, sizeof(piece), "%u",
					 *at == 'p' ? (unsigned)pid : number);
			}
		}
		if (used + strlen(text) >= size) {
			return false;
		}
		used += (size_t)sprintf(path + used, "%s", text);
	}
	path[used] = '\0';
	return true;
}

void ctrace_flight_duration_put(uint64_t ns, char text[24])
{
	unsigned unit = 3;
	double value;

	while (unit > 0 && (double)ns < times[unit].factor) {
		unit--;
	}
	value = (double)ns / times[unit].factor;
	snprintf(text, 24,
		 value < 10    ? "%.2f %s"
		 : value < 100 ? "%.1f %s"
			       : "%.0f %s",
		 value, times[unit].name);
}
