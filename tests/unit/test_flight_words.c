/* SPDX-License-Identifier: MIT */

/* What people write to ask for a flight recorder: understood, or refused with a reason. */

#include "tests/unit/unit.h"
#include "tracer/src/collect/flight_words.h"

#include <signal.h>

static const struct {
	const char *text;
	uint64_t span_ns, bytes;
} sizes[] = {
	{"10s", 10000000000, 7},
	{"500ms", 500000000, 7},
	{"0.5s", 500000000, 7},
	{".25s", 250000000, 7},
	{"1ms", 1000000, 7},
	{"86400s", 86400000000000, 7},
	{"64MiB", 7, 64 << 20},
	{"64KiB", 7, 64 << 10},
	{"1.5GiB", 7, (uint64_t)3 << 29},
	{"1024GiB", 7, (uint64_t)1 << 40},
	{"10s,64MiB", 10000000000, 64 << 20},
	{"64MiB,10s", 10000000000, 64 << 20},
	{" 10s , 64MiB ", 10000000000, 64 << 20},
};

static const char *const wrong_sizes[] = {
	"",
	"10",
	"s",
	"10 s",
	"10s,",
	",10s",
	"10s,,64MiB",
	"10s,20s",
	"1MiB,2MiB",
	"-1s",
	"+1s",
	"1e3s",
	"0s",
	"0.5ms",
	"86401s",
	"63KiB",
	"1025GiB",
	"10m",
	"10sec",
	"64MB",
	"64mib",
	"64M",
	"64",
	"10s 64MiB",
	"10s;64MiB",
	"0x10s",
	"nan",
	"infs",
	"1.2.3s",
	".s",
	"999999999999999999999999999999s",
	"10s,64MiB,5s",
};

static void sizes_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t span_ns = 7, bytes = 7;

		assert_null(ctrace_flight_size_parse(sizes[i].text, &span_ns, &bytes));
		assert_int_equal(span_ns, sizes[i].span_ns);
		assert_int_equal(bytes, sizes[i].bytes);
	}
}

static void wrong_sizes_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_sizes) / sizeof(wrong_sizes[0]); i++) {
		uint64_t span_ns, bytes;

		if (ctrace_flight_size_parse(wrong_sizes[i], &span_ns, &bytes) == NULL) {
			fail_msg("'%s' was taken", wrong_sizes[i]);
		}
	}
}

static void rules_are_understood(void **state)
{
	struct ctrace_rules rules;

	(void)state;
	assert_null(ctrace_flight_rules_parse(NULL, &rules));
	assert_int_equal(rules.count, 0);
	assert_null(ctrace_flight_rules_parse("", &rules));
	assert_null(ctrace_flight_rules_parse("handle>10ms, a > b >1.5s,db.*>250us,*>3ns", &rules));
	assert_int_equal(rules.count, 4);
	assert_int_equal(rules.list[0].limit_ns, 10000000);
	assert_int_equal(rules.list[1].limit_ns, 1500000000);
	assert_int_equal(rules.list[2].limit_ns, 250000);
	assert_int_equal(ctrace_flight_rule_of(&rules, "handle", 6), 0);
	assert_int_equal(ctrace_flight_rule_of(&rules, "a > b", 5), 1);
	assert_int_equal(ctrace_flight_rule_of(&rules, "db.", 3), 2);
	assert_int_equal(ctrace_flight_rule_of(&rules, "db.query", 8), 2);
	assert_int_equal(ctrace_flight_rule_of(&rules, "handler", 7), 3);
	rules.count = 3;
	assert_int_equal(ctrace_flight_rule_of(&rules, "handler", 7), -1);
	assert_int_equal(ctrace_flight_rule_of(&rules, "db", 2), -1);
	assert_int_equal(ctrace_flight_rule_of(&rules, "", 0), -1);
}

static void wrong_rules_are_refused_with_a_reason(void **state)
{
	static const char *const wrong[] = {
		"handle",    ">10ms",	    "handle>",	  "handle>10",
		"handle>ms", "handle<10ms", "a>1ms,",	  "a>1ms,,b>1ms",
		",a>1ms",    " >1ms",	    "handle>0ms", "handle>-1ms",
		"a>86401s",  "a>1e3s",	    "a>10 ms x",  "handle>10msec"};
	char many[256] = "", name[200];
	struct ctrace_rules rules;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (ctrace_flight_rules_parse(wrong[i], &rules) == NULL) {
			fail_msg("'%s' was taken", wrong[i]);
		}
	}
	for (unsigned i = 0; i < CTRACE_RULES_MAX; i++) {
		strcat(many, i == 0 ? "a>1s" : ",a>1s");
	}
	assert_null(ctrace_flight_rules_parse(many, &rules));
	strcat(many, ",a>1s");
	assert_non_null(ctrace_flight_rules_parse(many, &rules));
	memset(name, 'n', sizeof(name));
	strcpy(name + 127, ">1s");
	assert_null(ctrace_flight_rules_parse(name, &rules));
	strcpy(name + 127, "n>1s");
	assert_non_null(ctrace_flight_rules_parse(name, &rules));
}

static void signals_are_understood(void **state)
{
	static const char *const wrong[] = {"",	  "USR3", "KILL", "9", "19",	"SEGV",
					    "11", "ABRT", "6",	  "0", "-1",	"65",
					    "32", "12x",  "SIG",  "U", "USR2 ", "99999999999"};
	char name[16];
	int signal;

	(void)state;
	assert_null(ctrace_flight_signal_parse("USR2", &signal));
	assert_int_equal(signal, SIGUSR2);
	assert_null(ctrace_flight_signal_parse("SIGUSR1", &signal));
	assert_int_equal(signal, SIGUSR1);
	assert_null(ctrace_flight_signal_parse("sigquit", &signal));
	assert_int_equal(signal, SIGQUIT);
	assert_null(ctrace_flight_signal_parse("40", &signal));
	assert_int_equal(signal, 40);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (ctrace_flight_signal_parse(wrong[i], &signal) == NULL) {
			fail_msg("'%s' was taken", wrong[i]);
		}
	}
	ctrace_flight_signal_name(SIGUSR2, name);
	assert_string_equal(name, "SIGUSR2");
	ctrace_flight_signal_name(SIGSEGV, name);
	assert_string_equal(name, "SIGSEGV");
	ctrace_flight_signal_name(40, name);
	assert_string_equal(name, "signal 40");
}

static void patterns_name_files(void **state)
{
	char path[40], longest[600];

	(void)state;
	assert_null(ctrace_flight_pattern_check("ctrace-%p-%n.trace"));
	assert_null(ctrace_flight_pattern_check("100%%/%r"));
	assert_non_null(ctrace_flight_pattern_check("%d"));
	assert_non_null(ctrace_flight_pattern_check("x%"));
	assert_non_null(ctrace_flight_pattern_check("%%%"));
	memset(longest, 'x', sizeof(longest));
	longest[511] = '\0';
	assert_null(ctrace_flight_pattern_check(longest));
	longest[511] = 'x';
	longest[512] = '\0';
	assert_non_null(ctrace_flight_pattern_check(longest));
	assert_true(ctrace_flight_pattern_has_number("%p-%n"));
	assert_false(ctrace_flight_pattern_has_number("%p-%%n"));
	assert_true(ctrace_flight_pattern_expand("a%%-%p-%n-%r.t", 12, 3, "rule", path, 40));
	assert_string_equal(path, "a%-12-3-rule.t");
	assert_false(ctrace_flight_pattern_expand("0123456789", 1, 1, "rule", path, 10));
	assert_true(ctrace_flight_pattern_expand("0123456789", 1, 1, "rule", path, 11));
}

static void durations_have_three_digits(void **state)
{
	char text[24];

	(void)state;
	ctrace_flight_duration_put(12345678, text);
	assert_string_equal(text, "12.3 ms");
	ctrace_flight_duration_put(10000000, text);
	assert_string_equal(text, "10.0 ms");
	ctrace_flight_duration_put(999, text);
	assert_string_equal(text, "999 ns");
	ctrace_flight_duration_put(1500000000, text);
	assert_string_equal(text, "1.50 s");
	ctrace_flight_duration_put(0, text);
	assert_string_equal(text, "0.00 ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_understood),
		cmocka_unit_test(wrong_sizes_are_refused_with_a_reason),
		cmocka_unit_test(rules_are_understood),
		cmocka_unit_test(wrong_rules_are_refused_with_a_reason),
		cmocka_unit_test(signals_are_understood),
		cmocka_unit_test(patterns_name_files),
		cmocka_unit_test(durations_have_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
