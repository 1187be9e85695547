/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as a trace that is shown: the index is built, each kind of question is asked,
 * and all of it is converted. What must hold beside memory safety: answers, the greeting and the
 * Chrome JSON are JSON, no answer is larger than one may be, and each comes to an end.
 *
 * A libFuzzer target; with fuzz_plain.c a program that runs saved inputs.
 */

#include "format/text.h"
#include "tests/fuzz/good_sums.h"
#include "viewer-server/export/chrome.h"
#include "viewer-server/limits.h"
#include "viewer-server/serve/answer.h"
#include "viewer-server/serve/hello.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (64u << 10)
#define MEMORY_MAX	(256u << 20)
/* Of each, so many are asked about. */
#define TRACKS_MAX 12u
#define LANES_MAX  24u
#define CHROME_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool is_so, const char *what, const char *text)
{
	if (!is_so) {
		fprintf(stderr, "%s: %.2000s\n", what, text != NULL ? text : "nothing");
		abort();
	}
}

static void need_json(const char *text, size_t size, const char *what)
{
	json_error_t error;
	json_t *json = text != NULL ? json_loadb(text, size, JSON_ALLOW_NUL, &error) : NULL;

	need(json != NULL, what, text);
	json_decref(json);
}

/* ---- questions ---- */

static bool go_on(void *context)
{
	unsigned *patience = context;

	return (*patience)-- > 0;
}

static void ask(const struct ctrace_answer_source *source, const char *text)
{
	unsigned left = 1000, brief_left = 10;
	const struct ctrace_patience patience = {.go_on = go_on, .context = &left},
				     brief = {.go_on = go_on, .context = &brief_left};
	struct ctrace_message question;
	const char *wrong = ctrace_message_init(&question, text, strlen(text));
	char *answer;
	size_t size;

	need(wrong == NULL, wrong, text);
	answer = ctrace_answer_make(source, &question, &patience, &brief, &size);
	if (answer != NULL) {
		answer = ctrace_answer_fit_take(&question.req, answer, &size);
		need_json(answer, size, text);
	}
	free(answer);
	ctrace_message_finish(&question);
}

static void ask_about_tracks(const struct ctrace_answer_source *source)
{
	static const char *const whats[] = {"collector", "runnable", "blocked", "lock",
					    "allocator"};
	uint32_t count;
	char text[256];

	ctrace_model_tracks(source->model, &count);
	for (uint32_t i = 0; i < count && i < TRACKS_MAX; i++) {
		for (unsigned what = 0; what < sizeof(whats) / sizeof(whats[0]); what++) {
			snprintf(text, sizeof(text),
				 "{\"type\":\"pauses\",\"req\":1,\"what\":\"%s\",\"track\":%" PRIu32
				 ",\"start\":0,\"end\":1e300}",
				 whats[what], i);
			ask(source, text);
		}
		snprintf(text, sizeof(text),
			 "{\"type\":\"split\",\"req\":1,\"track\":%" PRIu32
			 ",\"start\":0,\"end\":1e300}",
			 i);
		ask(source, text);
		snprintf(text, sizeof(text),
			 "{\"type\":\"sleeps\",\"req\":1,\"track\":%" PRIu32
			 ",\"start\":0,\"end\":1e300}",
			 i);
		ask(source, text);
	}
}

static void ask_about_lanes(const struct ctrace_answer_source *source)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(source->model, &count);
	char text[256];

	for (uint32_t i = 0; i < count && i < LANES_MAX; i++) {
		uint64_t last = lanes[i].events > 0 ? lanes[i].events - 1 : 0;

		for (unsigned end = 0; end < 2; end++) {
			snprintf(text, sizeof(text),
				 "{\"type\":\"event\",\"req\":1,\"lane\":%" PRIu32
				 ",\"index\":%" PRIu64 "}",
				 i, end == 0 ? 0 : last);
			ask(source, text);
		}
		snprintf(text, sizeof(text),
			 "{\"type\":\"range\",\"req\":1,\"lanes\":[%" PRIu32
			 "],\"start\":0,\"end\":1e300,\"top\":10}",
			 i);
		ask(source, text);
	}
}

static void ask_about_all(const struct ctrace_answer_source *source)
{
	ask(source, "{\"type\":\"heap\",\"req\":1,\"start\":0,\"end\":1e300}");
	ask(source, "{\"type\":\"heap\",\"req\":1,\"start\":50,\"end\":1e6}");
	ask(source, "{\"type\":\"locks\",\"req\":1,\"start\":0,\"end\":1e300,\"kinds\":\"all\"}");
	ask(source, "{\"type\":\"locks\",\"req\":1,\"start\":50,\"end\":100}");
	ask(source, "{\"type\":\"flame\",\"req\":1,\"track\":-1,\"start\":0,\"end\":1e300}");
	ask(source, "{\"type\":\"sleeps\",\"req\":1,\"track\":-1,\"start\":0,\"end\":1e300}");
	ask(source, "{\"type\":\"sleeps\",\"req\":1,\"track\":-1,\"start\":50,\"end\":100}");
	ask(source, "{\"type\":\"search\",\"req\":1,\"text\":\"a\"}");
}

/* ---- the whole ---- */

static void greet(const struct ctrace_answer_source *source)
{
	size_t size;
	char *text = ctrace_hello_make(source->model, source->trace, "fuzz", &size);

	need_json(text, size, "hello");
	free(text);
	for (uint32_t at = 0; at < ctrace_model_name_count(source->model);) {
		uint32_t next = at;

		text = ctrace_names_make(source->model, at, &next, &size);
		need_json(text, size, "names");
		need(next > at, "names do not go on", text);
		free(text);
		at = next;
	}
}

static void convert(struct ctrace_trace *trace)
{
	static char text[CHROME_MAX];
	struct ctrace_chrome *chrome;
	enum ctrace_status status;
	size_t used = 0, got;

	if (ctrace_chrome_create(&chrome, trace, NULL, NULL) != CTRACE_OK) {
		return;
	}
	do {
		status = ctrace_chrome_read(chrome, text + used, sizeof(text) - used, &got, NULL);
		used += status == CTRACE_OK ? got : 0;
	} while (status == CTRACE_OK && used < sizeof(text));
	if (status == CTRACE_END) {
		need_json(text, used, "Chrome JSON");
	}
	ctrace_chrome_destroy(chrome);
}

static void show(struct ctrace_trace *trace)
{
	const struct ctrace_model_settings settings = {.max_memory = MEMORY_MAX};
	struct ctrace_chrome_sites sites;
	struct ctrace_answer_source source = {.trace = trace, .sites = &sites};
	struct ctrace_model *model = NULL;
	struct ctrace_error error = {0};

	if (ctrace_chrome_sites_init(&sites, trace) != CTRACE_OK) {
		return;
	}
	if (ctrace_model_create(&model, trace, &settings, &error) == CTRACE_OK) {
		source.model = model;
		greet(&source);
		ask_about_all(&source);
		ask_about_tracks(&source);
		ask_about_lanes(&source);
	} else {
		need(error.text[0] != '\0', "no word of why there is no index", NULL);
	}
	ctrace_model_destroy(model);
	ctrace_chrome_sites_finish(&sites);
	convert(trace);
}

static void show_bytes(const uint8_t *bytes, size_t size)
{
	struct ctrace_trace *trace;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
		abort();
	}
	if (ctrace_trace_open(&trace, fd, NULL, NULL) == CTRACE_OK) {
		show(trace);
		ctrace_trace_close(trace);
	}
	close(fd);
}

static void show_text(const uint8_t *bytes, size_t size)
{
	struct ctrace_buffer made = {0};
	FILE *text = size == 0 ? NULL : fmemopen((void *)(uintptr_t)bytes, size, "r");

	if (text == NULL) {
		return;
	}
	if (ctrace_text_assemble(text, &made, NULL) == CTRACE_OK && made.size <= INPUT_BYTES_MAX) {
		show_bytes(made.bytes, made.size);
	}
	fclose(text);
	ctrace_buffer_finish(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = size <= INPUT_BYTES_MAX ? malloc(size + 1) : NULL;

	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, bytes, size);
	fuzz_make_sums_good(copy, size);
	show_bytes(copy, size);
	show_text(bytes, size);
	free(copy);
	return 0;
}
