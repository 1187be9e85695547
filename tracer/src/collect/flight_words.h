/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLIGHT_WORDS_H
#define CTRACE_FLIGHT_WORDS_H

/*
 * The words in which people ask for a flight recorder: "10s,64MiB", "USR2",
 * "handle>10ms, query*>1.5s", "ctrace-%p-%n.trace".
 *
 * Numbers are decimal, whatever the locale. What cannot be understood is answered with
 * why, as a text that stands alone; NULL means good. No call allocates or blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program has a handful of spans that matter; each rule is compared with each call site once. */
#define CTRACE_RULES_MAX       16u
#define CTRACE_RULE_NAME_MAX   128u
#define CTRACE_FLIGHT_PATH_MAX 1024u

/* Snapshots are of a moment: a day is far beyond. */
#define CTRACE_FLIGHT_NS_MAX	UINT64_C(86400000000000)
#define CTRACE_FLIGHT_BYTES_MIN (UINT64_C(64) << 10)
#define CTRACE_FLIGHT_BYTES_MAX (UINT64_C(1) << 40)

/* "span NAME longer than T". */
struct ctrace_rule {
	char name[CTRACE_RULE_NAME_MAX];
	size_t name_size;
	bool is_prefix; /* the name ended in `*` */
	uint64_t limit_ns;
};

struct ctrace_rules {
	struct ctrace_rule list[CTRACE_RULES_MAX];
	unsigned count;
};

/* "10s", "500ms", "64MiB", "10s,64MiB" in either order; what is not named stays as it is. */
const char *ctrace_flight_size_parse(const char *text, uint64_t *span_ns, uint64_t *bytes);

/* NULL and "" are no rules. */
const char *ctrace_flight_rules_parse(const char *text, struct ctrace_rules *rules);
/* The first rule for spans of this name; -1: none. */
int ctrace_flight_rule_of(const struct ctrace_rules *rules, const char *name, size_t size);

/* "USR2", "SIGUSR2" or a number; one that a program can catch and go on. */
const char *ctrace_flight_signal_parse(const char *text, int *signal);
const char *ctrace_flight_signal_check(int signal);
/* "SIGUSR2"; "signal 40" without a name. */
void ctrace_flight_signal_name(int signal, char name[16]);

/* %p process, %n number, %r reason, %% a percent sign, nothing else. */
const char *ctrace_flight_pattern_check(const char *pattern);
bool ctrace_flight_pattern_has_number(const char *pattern);
/* False: longer than `size`. */
bool ctrace_flight_pattern_expand(const char *pattern, int pid, unsigned number, const char *reason,
				  char *path, size_t size);

/* 12345678 as "12.3 ms": three digits, the largest unit. */
void ctrace_flight_duration_put(uint64_t ns, char text[24]);

#endif
