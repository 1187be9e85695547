/* SPDX-License-Identifier: MIT */

/* Which categories a list takes in. */

#include "tracer/src/sites/category.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void no_list_takes_in_everything(void **state)
{
	(void)state;
	assert_true(ctrace_category_is_in("db", NULL));
	assert_true(ctrace_category_is_in("db", ""));
	assert_true(ctrace_category_is_in("", NULL));
}

static void a_list_takes_in_what_it_names(void **state)
{
	(void)state;
	assert_true(ctrace_category_is_in("db", "http,db"));
	assert_true(ctrace_category_is_in("db", " http , db "));
	assert_false(ctrace_category_is_in("d", "http,db"));
	assert_false(ctrace_category_is_in("dbx", "http,db"));
	assert_false(ctrace_category_is_in("", "http,db"));
}

static void a_star_matches_any_rest(void **state)
{
	(void)state;
	assert_true(ctrace_category_is_in("db", "*"));
	assert_true(ctrace_category_is_in("db.sql", "db*"));
	assert_true(ctrace_category_is_in("db", "db*"));
	assert_false(ctrace_category_is_in("cache", "db*"));
}

static void a_minus_takes_away_and_the_last_match_decides(void **state)
{
	(void)state;
	assert_true(ctrace_category_is_in("db", "-noise"));
	assert_false(ctrace_category_is_in("noise", "-noise"));
	assert_false(ctrace_category_is_in("db.sql", "*,-db*"));
	assert_true(ctrace_category_is_in("db.sql", "*,-db*,db.sql"));
	assert_false(ctrace_category_is_in("http", "db,-noise"));
}

static void what_is_named_besides_is_no_category(void **state)
{
	(void)state;
	assert_true(ctrace_category_is_in("db", "+alloc"));
	assert_true(ctrace_category_is_in("db", "+alloc,+locks"));
	assert_true(ctrace_category_is_in("db", "db,+alloc"));
	assert_false(ctrace_category_is_in("http", "db,+alloc"));
	assert_true(ctrace_category_is_in("http", "-db,+alloc"));
	assert_false(ctrace_category_is_in("db", "-*,+alloc"));
	assert_true(ctrace_category_is_named("+alloc", "-*,+alloc"));
	assert_true(ctrace_category_is_named("+locks", "+alloc,+locks"));
	assert_false(ctrace_category_is_named("+alloc", "+alloc-full, alloc"));
	assert_false(ctrace_category_is_named("+alloc", ""));
	assert_false(ctrace_category_is_named("+alloc", NULL));
}

static void odd_lists_do_no_harm(void **state)
{
	(void)state;
	assert_false(ctrace_category_is_in("db", ",,"));
	assert_true(ctrace_category_is_in("db", "-"));
	assert_true(ctrace_category_is_in("db", ",-,db,"));
	assert_true(ctrace_category_is_in("*", "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_list_takes_in_everything),
		cmocka_unit_test(a_list_takes_in_what_it_names),
		cmocka_unit_test(a_star_matches_any_rest),
		cmocka_unit_test(a_minus_takes_away_and_the_last_match_decides),
		cmocka_unit_test(what_is_named_besides_is_no_category),
		cmocka_unit_test(odd_lists_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
