/* SPDX-License-Identifier: MIT */
/* The text form: every file comes back from it byte for byte, and it can say what is broken. */

#include "tests/unit/unit.h"

#include "format/limits.h"
#include "format/text.h"
#include "format/validate.h"
#include "tests/unit/memory_trace.h"

static uint64_t random_state;

/* The text of a file; the caller frees it. */
static char *dump(const struct ctrace_buffer *bytes)
{
	int fd;
	char *text = NULL;
	size_t size = 0;
	struct ctrace_trace *trace = ctrace_memory_open(bytes, &fd);
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(ctrace_text_dump(out, fd, trace, NULL), CTRACE_OK);
	fclose(out);
	ctrace_memory_close(trace, fd);
	return text;
}

static void assert_comes_back(const struct ctrace_buffer *bytes)
{
	struct ctrace_buffer again = {0};
	char *text = dump(bytes);

	ctrace_memory_assemble(&again, text);
	assert_int_equal(again.size, bytes->size);
	assert_memory_equal(again.bytes, bytes->bytes, bytes->size);
	ctrace_buffer_finish(&again);
	free(text);
}

static void traces_of_our_writer_come_back_in_words(void **state)
{
	(void)state;
	uint64_t seed = ctrace_test_seed();

	for (unsigned i = 0; i < 100; i++) {
		struct ctrace_buffer bytes = {0};
		ctrace_memory_make(&bytes, seed + i, 0);
		char *text = dump(&bytes);
		assert_null(strstr(text, "payload "));
		assert_null(strstr(text, "stored "));
		assert_null(strstr(text, "\nbytes "));
		free(text);
		assert_comes_back(&bytes);
		ctrace_buffer_finish(&bytes);
	}
}

static void broken_files_come_back_too(void **state)
{
	(void)state;
	uint64_t seed = ctrace_test_seed();

	for (unsigned i = 0; i < 150; i++) {
		struct ctrace_buffer bytes = {0};
		ctrace_memory_make(&bytes, seed + i, 300);
		unsigned flips = 1 + (unsigned)ctrace_random_below(&random_state, 5);
		for (unsigned k = 0; k < flips; k++) {
			size_t at = CTRACE_FILE_HEADER_BYTES +
				    ctrace_random_below(&random_state,
							bytes.size - CTRACE_FILE_HEADER_BYTES);
			bytes.bytes[at] ^= (uint8_t)(1u << ctrace_random_below(&random_state, 8));
		}
		if (i % 3 == 0) {
			bytes.size -= ctrace_random_below(&random_state,
							  bytes.size - CTRACE_FILE_HEADER_BYTES);
		}
		assert_comes_back(&bytes);
		ctrace_buffer_finish(&bytes);
	}
}

/* Assemble with no demand that it works; the error, empty if it did. */
static struct ctrace_error try_text(const char *text)
{
	struct ctrace_error error = {0};
	struct ctrace_buffer bytes = {0};
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	ctrace_text_assemble(file, &bytes, &error);
	fclose(file);
	ctrace_buffer_finish(&bytes);
	return error;
}

static void a_wrong_line_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{"ctrace-text 2\n", "line 1: this ctrace reads"},
		{"\nheader base=x\n", "line 2: a number"},
		{"chunk\n", "line 1: the chunk's type is missing"},
		{"chunk FOO\n", "line 1: the chunk's type is neither"},
		{"chunk META size\n", "line 1: a word after"},
		{"chunk META foo=1\n", "line 1: the chunk header has no such field"},
		{"frob\n", "line 1: the line begins with no word of the text form"},
		{"chunk EVENTS\n frob\n", "line 2: the line begins with no word of a chunk"},
		{"chunk EVENTS\n +1\n", "line 2: a word is missing"},
		{"chunk EVENTS\n +1 frob 1\n", "line 2: an event is neither"},
		{"chunk EVENTS\n +1 span_begin 1 u64=x\n", "line 2: a number"},
		{"chunk EVENTS\n +1 span_begin 1 foo=3\n", "line 2: an argument's type"},
		{"chunk EVENTS\n +1 log 1 str=\"a\n", "line 2: a quote is not closed"},
		{"chunk EVENTS\n +1 log 1 str=\"\\q\"\n", "line 2: an escape"},
		{"chunk EVENTS\n +1 log 1 str=\"a\"b\n", "line 2: a blank is missing"},
		{"chunk META\n row 123\n", "line 2: a row is not hex"},
		{"bytes zz\n", "line 1: a word is not hex"},
		{"cut 1\n", "line 1: `cut`"},
		{"flip 0 0\n", "line 1: `flip`"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ctrace_error error = try_text(cases[i].text);
		assert_int_equal(error.status, CTRACE_ERR_USAGE);
		if (strncmp(error.text, cases[i].complaint, strlen(cases[i].complaint)) != 0) {
			fail_msg("%s instead of %s", error.text, cases[i].complaint);
		}
	}
}

static void any_bytes_are_a_text_or_a_complaint(void **state)
{
	(void)state;
	static const char *const words[] = {
		"chunk ", "EVENTS ", "header ",	 "base=", "1 ",	   "+3 ",     "end ",
		"\"",	  "\\x0",    "=",	 "\n",	  "log ",  "site ",   "string ",
		"@",	  "x",	     "payload ", "0x",	  "#",	   "stored ", "STRINGS ",
		"more=",  "flip ",   "trailer ", "row ",  "open ", "str=",    "f64=",
		"bits:",  "index ",  "auto ",
	};
	char text[400];

	for (unsigned i = 0; i < 20000; i++) {
		size_t size = 0;
		while (size < sizeof(text) - 20) {
			const char *word = words[ctrace_random_below(
				&random_state, sizeof(words) / sizeof(words[0]))];
			memcpy(text + size, word, strlen(word));
			size += strlen(word);
		}
		text[size] = '\0';
		try_text(text);
	}
}

static void what_is_left_out_is_computed(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	struct ctrace_validate_report report;
	int fd;

	ctrace_memory_assemble(&bytes, "header base=1000\n"
				       "chunk STRINGS\n string 1 \"a\"\n"
				       "chunk SITES\n site 5 span_begin name=1\n"
				       "chunk EVENTS stream=1\n +10 span_begin 5\n +20 end\n"
				       "chunk EVENTS stream=1 base=2000 lz4\n +0 flow_out 7\n"
				       "chunk THREADS\n thread 1 written=3\n"
				       "chunk INDEX auto\n"
				       "trailer\n");
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_validate(trace, NULL, NULL, &report), CTRACE_OK);
	assert_int_equal(report.problems, 0);
	assert_int_equal(report.events, 3);
	assert_int_equal(ctrace_trace_info(trace)->chunk_count, 6);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces_of_our_writer_come_back_in_words),
		cmocka_unit_test(broken_files_come_back_too),
		cmocka_unit_test(a_wrong_line_is_named),
		cmocka_unit_test(any_bytes_are_a_text_or_a_complaint),
		cmocka_unit_test(what_is_left_out_is_computed),
	};

	random_state = ctrace_test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
