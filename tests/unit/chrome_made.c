/* SPDX-License-Identifier: MIT */
/* Traces in memory and their JSON, for the tests of Chrome JSON. */

#include "tests/unit/chrome_made.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- Traces in memory ---------------------------------------------------- */

static enum ctrace_status write_fd(void *sink, const void *bytes, size_t size)
{
	return write(*(int *)sink, bytes, size) == (ssize_t)size ? CTRACE_OK : CTRACE_ERR_IO;
}

static void open_made(struct made *made)
{
	struct ctrace_error error = {0};

	if (ctrace_trace_open(&made->trace, made->fd, NULL, &error) != CTRACE_OK) {
		fail_msg("%s", error.text);
	}
}

struct made make(struct ctrace_maker_settings settings)
{
	struct made made = {.fd = memfd_create("trace", MFD_CLOEXEC)};

	settings.write = write_fd;
	settings.sink = &made.fd;
	assert_int_equal(ctrace_maker_run(&settings), CTRACE_OK);
	open_made(&made);
	return made;
}

void drop(struct made *made)
{
	ctrace_trace_close(made->trace);
	close(made->fd);
}

void hand_begin(struct hand *hand)
{
	*hand = (struct hand){.made = {.fd = memfd_create("trace", MFD_CLOEXEC)}};
	struct ctrace_writer_settings settings = {
		.write = write_fd,
		.sink = &hand->made.fd,
		.ticks_per_second = 1000000000,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
		.is_plain = true,
	};

	assert_int_equal(ctrace_writer_init(&hand->writer, &settings), CTRACE_OK);
	for (uint32_t i = 0; i < 3; i++) {
		struct ctrace_thread_row row = {.stream = i + 1, .pid = 5, .tid = 5 + i};
		ctrace_writer_thread(&hand->writer, &row);
		assert_int_equal(ctrace_block_init(&hand->blocks[i], i + 1, 0), CTRACE_OK);
	}
}

uint32_t hand_site(struct hand *hand, enum ctrace_kind kind, const char *name,
		   const char *const *args, const uint8_t *types)
{
	struct ctrace_site site = {
		.id = hand->sites++,
		.kind = kind,
		.name = ctrace_writer_string(&hand->writer, name, strlen(name)),
	};

	while (args != NULL && args[site.arg_count] != NULL) {
		const char *arg = args[site.arg_count];
		site.arg_types[site.arg_count] = types[site.arg_count];
		site.arg_names[site.arg_count++] =
			ctrace_writer_string(&hand->writer, arg, strlen(arg));
	}
	assert_int_equal(ctrace_writer_site(&hand->writer, &site), CTRACE_OK);
	return site.id;
}

uint32_t hand_task_site(struct hand *hand, enum ctrace_kind kind, const char *name)
{
	static const char *const args[] = {"id", "parent", NULL};
	static const char *const step_args[] = {"id", NULL};
	static const uint8_t types[] = {CTRACE_ARG_U64, CTRACE_ARG_U64};

	return hand_site(hand, kind, name, kind == CTRACE_KIND_TASK_BEGIN ? args : step_args,
			 types);
}

void hand_seal(struct hand *hand, uint32_t thread)
{
	assert_int_equal(ctrace_writer_seal(&hand->writer, &hand->blocks[thread]), CTRACE_OK);
}

void hand_end(struct hand *hand)
{
	for (uint32_t i = 0; i < 3; i++) {
		hand_seal(hand, i);
		ctrace_block_finish(&hand->blocks[i]);
	}
	assert_int_equal(ctrace_writer_close(&hand->writer), CTRACE_OK);
	ctrace_writer_finish(&hand->writer);
	open_made(&hand->made);
}

/* ---- Converting ------------------------------------------------------------ */

struct ctrace_chrome_counts last_counts;

char *convert_in_steps(const struct ctrace_trace *trace,
		       const struct ctrace_chrome_settings *settings, size_t step, size_t *size)
{
	struct ctrace_chrome *chrome;
	struct ctrace_buffer json = {0};
	enum ctrace_status status;
	size_t got;

	assert_int_equal(ctrace_chrome_create(&chrome, trace, settings, NULL), CTRACE_OK);
	do {
		char *at = (char *)ctrace_buffer_reserve(&json, step);
		assert_non_null(at);
		status = ctrace_chrome_read(chrome, at, step, &got, NULL);
		assert_true(got <= step);
		json.size += got;
	} while (status == CTRACE_OK);
	assert_int_equal(status, CTRACE_END);
	last_counts = ctrace_chrome_counts(chrome);
	assert_int_equal(last_counts.bytes, json.size);
	ctrace_chrome_destroy(chrome);
	*size = json.size;
	ctrace_buffer_put(&json, "", 1);
	return (char *)json.bytes;
}

char *convert(const struct ctrace_trace *trace, const struct ctrace_chrome_settings *settings,
	      size_t *size)
{
	return convert_in_steps(trace, settings, 1u << 20, size);
}

json_t *converted(const struct ctrace_trace *trace, const struct ctrace_chrome_settings *settings)
{
	size_t size;
	char *text = convert(trace, settings, &size);
	json_error_t error;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (json == NULL) {
		fail_msg("not JSON at byte %d: %s", error.position, error.text);
	}
	free(text);
	return json;
}

const char *member(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text == NULL ? "" : text;
}

json_t *arg(const json_t *event, const char *name)
{
	return json_object_get(json_object_get(event, "args"), name);
}

size_t count_phase(const json_t *json, const char *phases)
{
	size_t i, count = 0;
	json_t *event;

	json_array_foreach(json_object_get(json, "traceEvents"), i, event)
	{
		const char *phase = member(event, "ph");
		count += strlen(phase) == 1 && strchr(phases, phase[0]) != NULL;
	}
	return count;
}

/* The nth event of that phase and name; NULL: there is none. */
json_t *find_event(const json_t *json, const char *phase, const char *name, size_t nth)
{
	size_t i;
	json_t *event;

	json_array_foreach(json_object_get(json, "traceEvents"), i, event)
	{
		if (strcmp(member(event, "ph"), phase) == 0 &&
		    strcmp(member(event, "name"), name) == 0 && nth-- == 0) {
			return event;
		}
	}
	return NULL;
}

uint64_t ns_of(const json_t *event, const char *name)
{
	return (uint64_t)(json_number_value(json_object_get(event, name)) * 1000 + 0.5);
}
