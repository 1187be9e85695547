/* SPDX-License-Identifier: MIT */
/* Traces in a nameless file of memory. */

#include "tests/unit/trace_fixture.h"

#include "tests/unit/trace_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void require(enum ctrace_status status, const struct ctrace_error *error)
{
	if (status != CTRACE_OK) {
		fprintf(stderr, "fixture: %s: %s\n", ctrace_status_name(status),
			error != NULL ? error->text : "");
		abort();
	}
}

static enum ctrace_status append(void *sink, const void *bytes, size_t size)
{
	return write(*(const int *)sink, bytes, size) == (ssize_t)size ? CTRACE_OK : CTRACE_ERR_IO;
}

static void open_file(struct ctrace_made_trace *made)
{
	memset(made, 0, sizeof(*made));
	made->fd = memfd_create("trace", MFD_CLOEXEC);
	require(made->fd >= 0 ? CTRACE_OK : CTRACE_ERR_IO, NULL);
}

void ctrace_fixture_write(struct ctrace_made_trace *made)
{
	struct ctrace_writer_settings settings = {
		.write = append,
		.sink = &made->fd,
		.base_ticks = CTRACE_FIXTURE_BASE,
		.ticks_per_second = 1000000000,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
	};

	open_file(made);
	require(ctrace_writer_init(&made->writer, &settings), NULL);
}

static void demand(struct ctrace_site *site, enum ctrace_arg_type type)
{
	site->arg_types[site->arg_count++] = (uint8_t)type;
}

static void demand_args(struct ctrace_site *site)
{
	switch ((int)site->kind) {
	case CTRACE_KIND_COUNTER:
		demand(site, CTRACE_ARG_F64);
		break;
	case CTRACE_KIND_LOG:
		demand(site, CTRACE_ARG_STR);
		break;
	case CTRACE_KIND_TASK_BEGIN:
		demand(site, CTRACE_ARG_U64);
		demand(site, CTRACE_ARG_U64);
		break;
	case CTRACE_KIND_TASK_STEP:
		demand(site, CTRACE_ARG_U64);
		break;
	default:
		break;
	}
}

uint32_t ctrace_fixture_site(struct ctrace_made_trace *made, enum ctrace_kind kind,
			     const char *name)
{
	struct ctrace_site site = {.id = made->sites++, .kind = kind, .line = 7};

	site.name = ctrace_writer_string(&made->writer, name, strlen(name));
	site.category = ctrace_writer_string(&made->writer, "test", 4);
	site.file = ctrace_writer_string(&made->writer, "fixture.c", 9);
	demand_args(&site);
	require(ctrace_writer_site(&made->writer, &site), NULL);
	return site.id;
}

void ctrace_fixture_thread(struct ctrace_made_trace *made, uint32_t stream, uint64_t pid,
			   const char *name)
{
	struct ctrace_thread_row row = {
		.stream = stream,
		.pid = pid,
		.tid = pid + stream,
		.name = ctrace_writer_string(&made->writer, name, strlen(name)),
		.state = CTRACE_THREAD_ALIVE,
	};

	require(ctrace_writer_thread(&made->writer, &row), NULL);
	require(ctrace_block_init(&made->blocks[stream], stream, CTRACE_FIXTURE_BASE), NULL);
}

static void open_trace(struct ctrace_made_trace *made)
{
	struct ctrace_error error = {0};

	require(ctrace_trace_open(&made->trace, made->fd, NULL, &error), &error);
}

void ctrace_fixture_open_as_sealed(struct ctrace_made_trace *made)
{
	require(ctrace_writer_close(&made->writer), NULL);
	open_trace(made);
}

void ctrace_fixture_open(struct ctrace_made_trace *made)
{
	for (uint32_t i = 1; i < CTRACE_FIXTURE_STREAMS; i++) {
		if (made->blocks[i].ops != NULL) {
			require(ctrace_writer_seal(&made->writer, &made->blocks[i]), NULL);
		}
	}
	ctrace_fixture_open_as_sealed(made);
}

void ctrace_fixture_damage(struct ctrace_made_trace *made, uint64_t offset, const void *bytes,
			   size_t size)
{
	require(pwrite(made->fd, bytes, size, (off_t)offset) == (ssize_t)size ? CTRACE_OK
									      : CTRACE_ERR_IO,
		NULL);
}

void ctrace_fixture_close(struct ctrace_made_trace *made)
{
	ctrace_trace_close(made->trace);
	for (uint32_t i = 1; i < CTRACE_FIXTURE_STREAMS; i++) {
		ctrace_block_finish(&made->blocks[i]);
	}
	ctrace_writer_finish(&made->writer);
	close(made->fd);
	memset(made, 0, sizeof(*made));
}

void ctrace_fixture_random(struct ctrace_made_trace *made,
			   const struct ctrace_maker_settings *settings)
{
	struct ctrace_maker_settings own = *settings;

	open_file(made);
	own.write = append;
	own.sink = &made->fd;
	require(ctrace_maker_run(&own), NULL);
	open_trace(made);
}
