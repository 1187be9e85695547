/* SPDX-License-Identifier: MIT */
/* The file of tracepoints that root writes: whom it is believed from, and for which kernel. */

#include "unit.h"

#include "tracer/sources/perf/tracepoint_cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KERNEL "6.1.0 #1 SMP"
#define HEAD   "ctrace tracepoints 1\nkernel " KERNEL "\n"
#define COMMON                                                                                     \
	"format:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"            \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define SWITCH                                                                                     \
	"event sched/sched_switch\nname: sched_switch\nID: 314\n" COMMON                           \
	"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"                            \
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"                                \
	"\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"                               \
	"\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"                           \
	"\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"                                \
	"\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n\n"                               \
	"print fmt: \"%s\", { 0x00000001, \"S\" }, { 0x00000002, \"D\" }\n"
#define MIGRATE                                                                                    \
	"event sched/sched_migrate_task\nname: sched_migrate_task\nID: 77\n" COMMON                \
	"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"                                     \
	"\tfield:int orig_cpu;\toffset:32;\tsize:4;\tsigned:1;\n"                                  \
	"\tfield:int dest_cpu;\toffset:36;\tsize:4;\tsigned:1;\n"

static bool parse(const char *text, struct ctrace_tracefs_layout *layout,
		  struct ctrace_source_answer *answer)
{
	char *copy = strdup(text);
	bool is_good = ctrace_tracepoints_parse(copy, KERNEL, layout, answer);

	free(copy);
	return is_good;
}

static void refused(const char *text, const char *word)
{
	struct ctrace_tracefs_layout layout;
	struct ctrace_source_answer answer = {.is_available = true};

	assert_false(parse(text, &layout, &answer));
	assert_false(answer.is_available);
	if (strstr(answer.why, word) == NULL) {
		fail_msg("'%s' does not say '%s'", answer.why, word);
	}
	assert_non_null(strstr(answer.remedy, "--write-ids"));
}

static void test_numbers_and_places_are_those_of_the_text(void **state)
{
	struct ctrace_tracefs_layout layout;
	struct ctrace_source_answer answer;

	(void)state;
	assert_true(parse(HEAD "event some/other\nname: other\nID: 5\n" MIGRATE SWITCH, &layout,
			  &answer));
	assert_int_equal(layout.ids[CTRACE_TRACEFS_SWITCH], 314);
	assert_int_equal(layout.ids[CTRACE_TRACEFS_MIGRATE], 77);
	assert_int_equal(layout.ids[CTRACE_TRACEFS_WAKING], 0);
	assert_int_equal(layout.prev_state.offset, 32);
	assert_int_equal(layout.migrate_to.offset, 36);
	assert_int_equal(layout.state_count, 2);
	assert_int_equal(layout.preempted, 4);
}

static void test_what_is_cut_off_anywhere_is_refused_or_has_whole_events(void **state)
{
	static const char text[] = HEAD MIGRATE SWITCH;
	struct ctrace_tracefs_layout layout;
	struct ctrace_source_answer answer;

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		char *copy = strndup(text, size);

		if (ctrace_tracepoints_parse(copy, KERNEL, &layout, &answer)) {
			assert_int_equal(layout.ids[CTRACE_TRACEFS_SWITCH], 314);
			assert_int_equal(layout.next_prio.offset, 60);
		}
		free(copy);
	}
}

static void test_other_files_and_other_kernels_are_refused_by_name(void **state)
{
	(void)state;
	refused("", "not one of ours");
	refused("ctrace tracepoints 2\nkernel " KERNEL "\n" SWITCH, "not one of ours");
	refused("ctrace tracepoints 1\n", "(none)");
	refused("ctrace tracepoints 1\nkernel 6.1.0 #2 SMP\n" SWITCH, "of kernel 6.1.0 #2 SMP");
	refused("ctrace tracepoints 1\nkernel 6.1.0 #1 SMP \n" SWITCH, "of kernel");
	refused(HEAD, "no sched/sched_switch");
	refused(HEAD MIGRATE, "no sched/sched_switch");
	refused(HEAD "event sched/sched_switch\nname: sched_switch\nID: 314\n" COMMON,
		"no sched/sched_switch");
}

static void refused_file(const char *path, const char *word)
{
	struct ctrace_tracefs_layout layout;
	struct ctrace_source_answer answer = {.is_available = true};

	assert_false(ctrace_tracepoints_read(path, &layout, &answer));
	if (strstr(answer.why, word) == NULL) {
		fail_msg("'%s' does not say '%s'", answer.why, word);
	}
}

static void write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(HEAD SWITCH, file);
	fclose(file);
}

static void test_only_a_file_of_roots_is_believed(void **state)
{
	char folder[] = "/tmp/ctrace-tracepoints-XXXXXX", path[64], link[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	refused_file(path, "No such file");
	write_file(path);
	assert_int_equal(symlink(path, link), 0);
	refused_file(link, link);
	refused_file(folder, "not a file of root's");
	if (geteuid() == 0) {
		refused_file(path, "of kernel 6.1.0 #1 SMP"); /* believed, and of another kernel */
		assert_int_equal(chmod(path, 0664), 0);
		refused_file(path, "not a file of root's");
		assert_int_equal(chmod(path, 0646), 0);
		refused_file(path, "not a file of root's");
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
	}
	refused_file(path, "not a file of root's");
	unlink(link);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_places_are_those_of_the_text),
		cmocka_unit_test(test_what_is_cut_off_anywhere_is_refused_or_has_whole_events),
		cmocka_unit_test(test_other_files_and_other_kernels_are_refused_by_name),
		cmocka_unit_test(test_only_a_file_of_roots_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
