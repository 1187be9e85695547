/* SPDX-License-Identifier: MIT */
/* Who may call /debug/pprof/, and which paths, seconds and addresses are understood. */

#include "tracer/http/debug_guard.h"
#include "tracer/http/debug_limits.h"
#include "tracer/http/debug_listen.h"
#include "tracer/http/debug_path.h"
#include "tracer/http/debug_seconds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs those above. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned ask(const struct ctrace_debug_caller *caller)
{
	const char *why;
	const unsigned status = ctrace_debug_guard(caller, &why);

	assert_true((status == 0) == (why == NULL));
	if (why != NULL) {
		assert_int_equal(why[strlen(why) - 1], '\n');
	}
	return status;
}

static unsigned ask_host(const char *host)
{
	const struct ctrace_debug_caller caller = {.host_count = 1, .host = host};

	return ask(&caller);
}

static void host_of_an_address_or_localhost_may_call(void **state)
{
	static const char *const hosts[] = {
		"localhost",
		"localhost:6060",
		"LOCALHOST:6060",
		"LocalHost",
		"localhost:1",
		"localhost:65535",
		"127.0.0.1",
		"127.0.0.1:6060",
		"127.1.2.3:80",
		"192.168.1.7:6060",
		"10.0.0.1",
		"255.255.255.255:9",
		"[::1]",
		"[::1]:6060",
		"[0:0:0:0:0:0:0:1]:6060",
		"[fe80::1]:6060",
		"[::ffff:127.0.0.1]:6060",
		"[2001:db8::42]",
		"[2001:0db8:0000:0000:0000:ff00:0042:8329]:443",
		"localhost:06060",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		if (ask_host(hosts[i]) != 0) {
			fail_msg("refused: %s", hosts[i]);
		}
	}
}

static void any_other_host_is_refused_with_403(void **state)
{
	static const char *const hosts[] = {
		"evil.example",
		"evil.example:6060",
		"localhost.evil.example",
		"evil.localhost:6060",
		"localhost.",
		"localhost.:6060",
		"localhost6",
		"ip6-localhost",
		"127.0.0.1.nip.io",
		"127.0.0.1.",
		"127.0.0.1.:6060",
		"127.1",
		"127.1:6060",
		"2130706433",
		"0x7f000001",
		"0x7f.0.0.1",
		"0177.0.0.1",
		"127.0.0.01",
		"127.0.0.256",
		"127.0.0.1.1",
		"0.0.0.0",
		"0.0.0.0:6060",
		"0.1.2.3",
		"[::]",
		"[::]:6060",
		"[0:0::0]:6060",
		"::1",
		"[::1",
		"[::1]x",
		"[::1]:",
		"[::1%lo]:6060",
		"[127.0.0.1]:6060",
		"[localhost]",
		"[]",
		"[]:6060",
		"localhost:",
		"localhost:0",
		"localhost:65536",
		"localhost:000006060",
		"localhost:+6060",
		"localhost: 6060",
		"localhost:6060 ",
		"localhost:60x60",
		"localhost:6060:6060",
		" localhost",
		"localhost ",
		"local host",
		"user@localhost",
		"user@127.0.0.1:6060",
		"localhost@evil.example",
		"localhost/",
		"localhost#",
		"localhost?x",
		"localhost\\evil.example",
		"http://localhost",
		"localhost,localhost",
		"localhost, evil.example",
		"127.0.0.1,127.0.0.1",
		":6060",
		":",
		"*",
		"\xef\xbd\x8cocalhost",
		"xn--localhost",
		"localhostlocalhostlocalhostlocalhostlocalhostlocalhostlocalhostlocalhost",
		"[0000000000000000000000000000000000000000000000000000000000000000001]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		if (ask_host(hosts[i]) != 403) {
			fail_msg("not refused: %s", hosts[i]);
		}
	}
}

static void no_host_an_empty_one_or_two_are_refused_with_400(void **state)
{
	const struct ctrace_debug_caller none = {0};
	const struct ctrace_debug_caller empty = {.host_count = 1, .host = ""};
	const struct ctrace_debug_caller twice = {.host_count = 2, .host = "localhost"};

	(void)state;
	assert_int_equal(ask(&none), 400);
	assert_int_equal(ask(&empty), 400);
	assert_int_equal(ask(&twice), 400);
}

static unsigned ask_origin(const char *origin)
{
	const struct ctrace_debug_caller caller = {
		.host_count = 1, .host = "localhost:6060", .origin_count = 1, .origin = origin};

	return ask(&caller);
}

static void our_own_origin_may_call(void **state)
{
	(void)state;
	assert_int_equal(ask_origin("http://localhost:6060"), 0);
	assert_int_equal(ask_origin("HTTP://LocalHost:6060"), 0);
}

static void any_other_origin_is_refused_with_403(void **state)
{
	static const char *const origins[] = {
		"null",
		"",
		"http://evil.example",
		"http://evil.example:6060",
		"http://localhost",
		"http://localhost:6061",
		"http://localhost:60600",
		"http://localhost:6060/",
		"http://localhost:6060.evil.example",
		"http://evil.localhost:6060",
		"https://localhost:6060",
		"http://127.0.0.1:6060",
		"http://[::1]:6060",
		"http://localhost:6060 http://localhost:6060",
		"file://",
		"chrome-extension://abcdef",
		"localhost:6060",
		"//localhost:6060",
		"http:localhost:6060",
		"http://user@localhost:6060",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(origins); i++) {
		if (ask_origin(origins[i]) != 403) {
			fail_msg("not refused: %s", origins[i]);
		}
	}
}

static unsigned ask_site(const char *site)
{
	const struct ctrace_debug_caller caller = {
		.host_count = 1, .host = "127.0.0.1:6060", .site_count = 1, .site = site};

	return ask(&caller);
}

static void only_the_address_bar_and_our_own_page_fetch(void **state)
{
	(void)state;
	assert_int_equal(ask_site("none"), 0);
	assert_int_equal(ask_site("same-origin"), 0);
	assert_int_equal(ask_site("same-site"), 403);
	assert_int_equal(ask_site("cross-site"), 403);
	assert_int_equal(ask_site("Same-Origin"), 403);
	assert_int_equal(ask_site(""), 403);
	assert_int_equal(ask_site("none, cross-site"), 403);
}

static void a_header_given_twice_is_refused(void **state)
{
	const struct ctrace_debug_caller origins = {.host_count = 1,
						    .host = "localhost",
						    .origin_count = 2,
						    .origin = "http://localhost"};
	const struct ctrace_debug_caller sites = {
		.host_count = 1, .host = "localhost", .site_count = 2, .site = "none"};

	(void)state;
	assert_int_equal(ask(&origins), 403);
	assert_int_equal(ask(&sites), 403);
}

static void seconds_are_decimals_and_one_by_default(void **state)
{
	static const struct {
		const char *text;
		int64_t duration_ns;
	} cases[] = {
		{NULL, 1000000000},    {"", 1000000000},	{"1", 1000000000},
		{"0.2", 200000000},    {".5", 500000000},	{"5.", 5000000000},
		{"+2", 2000000000},    {"1e1", 10000000000},	{"1E+1", 10000000000},
		{"25e-1", 2500000000}, {"3600", 3600000000000}, {"0.000000001", 1},
		{"abc", 1000000000},   {"-0.5", 1000000000},	{"0", 1000000000},
		{"-1", 1000000000},    {"1x", 1000000000},	{" 1", 1000000000},
		{"1 ", 1000000000},    {"0x2", 1000000000},	{"1e", 1000000000},
		{"1e+", 1000000000},   {"e5", 1000000000},	{".", 1000000000},
		{"Inf", 1000000000},   {"NaN", 1000000000},	{"1,5", 1000000000},
		{"1_0", 1000000000},   {"1e-400", 1000000000},	{"--1", 1000000000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t duration_ns = -1;

		assert_true(ctrace_debug_seconds_parse(cases[i].text, &duration_ns));
		if (llabs((long long)(duration_ns - cases[i].duration_ns)) > 1) {
			fail_msg("%s: %lld ns", cases[i].text, (long long)duration_ns);
		}
	}
}

static void more_seconds_than_the_limit_are_refused(void **state)
{
	static const char *const texts[] = {"3600.001",
					    "3601",
					    "1e300",
					    "1e999999999999999999",
					    "9223372036854775807",
					    "99999999999999999999999"};
	int64_t duration_ns;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(ctrace_debug_seconds_parse(texts[i], &duration_ns));
	}
}

static void cleaning_a_path_resolves_its_parts(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/"},
		{"//", "/"},
		{"/a", "/a"},
		{"/a/", "/a/"},
		{"//a//b", "/a/b"},
		{"/a/./b", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/..", "/"},
		{"/../../etc/passwd", "/etc/passwd"},
		{"/debug/pprof/../pprof/trace", "/debug/pprof/trace"},
		{"/debug/pprof//trace", "/debug/pprof/trace"},
		{"/a/...", "/a/..."},
		{"/a/%2e%2e/b", "/a/%2e%2e/b"},
	};
	char clean[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(ctrace_debug_path_clean(cases[i][0], strlen(cases[i][0]), clean,
						    sizeof(clean)));
		assert_string_equal(clean, cases[i][1]);
	}
	assert_false(ctrace_debug_path_clean("a", 1, clean, sizeof(clean)));
	assert_false(ctrace_debug_path_clean("", 0, clean, sizeof(clean)));
	assert_false(ctrace_debug_path_clean("/abc", 4, clean, 5));
	assert_true(ctrace_debug_path_clean("/abc", 4, clean, 6));
}

static void addresses_are_loopback_unless_said_otherwise(void **state)
{
	static const struct {
		const char *text;
		bool is_good, is_loopback;
	} cases[] = {
		{"127.0.0.1:6060", true, true},
		{":6060", true, true},
		{"6060", true, true},
		{"0", true, true},
		{":0", true, true},
		{"localhost:6060", true, true},
		{"127.9.9.9:1", true, true},
		{"[::1]:6060", true, true},
		{"0.0.0.0:6060", true, false},
		{"10.1.2.3:6060", true, false},
		{"[::]:6060", true, false},
		{"", false, false},
		{":", false, false},
		{"127.0.0.1", false, false},
		{"127.0.0.1:", false, false},
		{"127.0.0.1:65536", false, false},
		{"127.0.0.1:-1", false, false},
		{"127.0.0.1:6060x", false, false},
		{"::1:6060", false, false},
		{"[::1:6060", false, false},
		{"[]:6060", false, false},
		{"example.org:6060", false, false},
		{"[127.0.0.1]:6060", false, false},
	};
	struct ctrace_debug_address address;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const bool is_good = ctrace_debug_address_parse(&address, cases[i].text);

		if (is_good != cases[i].is_good ||
		    (is_good && address.is_loopback != cases[i].is_loopback)) {
			fail_msg("%s", cases[i].text);
		}
	}
}

static void a_port_in_use_is_told(void **state)
{
	struct ctrace_debug_address address;
	uint16_t port, other;
	char text[32];
	int fd;

	(void)state;
	assert_true(ctrace_debug_address_parse(&address, "127.0.0.1:0"));
	fd = ctrace_debug_listen(&address, &port);
	assert_true(fd >= 0);
	assert_int_not_equal(port, 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	assert_true(ctrace_debug_address_parse(&address, text));
	assert_int_equal(ctrace_debug_listen(&address, &other), -EADDRINUSE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_of_an_address_or_localhost_may_call),
		cmocka_unit_test(any_other_host_is_refused_with_403),
		cmocka_unit_test(no_host_an_empty_one_or_two_are_refused_with_400),
		cmocka_unit_test(our_own_origin_may_call),
		cmocka_unit_test(any_other_origin_is_refused_with_403),
		cmocka_unit_test(only_the_address_bar_and_our_own_page_fetch),
		cmocka_unit_test(a_header_given_twice_is_refused),
		cmocka_unit_test(seconds_are_decimals_and_one_by_default),
		cmocka_unit_test(more_seconds_than_the_limit_are_refused),
		cmocka_unit_test(cleaning_a_path_resolves_its_parts),
		cmocka_unit_test(addresses_are_loopback_unless_said_otherwise),
		cmocka_unit_test(a_port_in_use_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
