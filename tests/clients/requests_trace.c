/* SPDX-License-Identifier: MIT */
/*
 * requests_trace FILE: a trace like that of a web service under load, and what
 * is in it, as JSON on stdout. A listener hands requests to three workers;
 * each request is a task with steps and a flow; workers nest spans; there are
 * counters, logs and instants. No two events of a thread have the same time,
 * so any program that reads the JSON rightly must see the same number of spans.
 */

#include "format/block.h"
#include "format/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REQUESTS      600u
#define WORKERS	      3u
#define STREAMS	      (WORKERS + 1)
#define EVENTS_A_SEAL 200u /* spans must outlive chunks */
#define BASE	      UINT64_C(1000000)

enum site {
	SITE_LOOP,
	SITE_ACCEPT,
	SITE_HANDLE,
	SITE_AUTH,
	SITE_QUERY,
	SITE_STEP,
	SITE_SERIALIZE,
	SITE_QUEUE,
	SITE_RETRY,
	SITE_LOG,
	SITE_REQUEST,
	SITE_TAKEN,
	SITE_ANSWERED,
	SITE_SHUTDOWN,
};

struct counts {
	uint64_t spans, unfinished, counters, instants, logs, tasks, steps, flows;
};

struct thread {
	struct ctrace_block block;
	uint64_t now;
	uint32_t since_seal;
	struct counts counts;
};

struct service {
	struct ctrace_writer writer;
	struct thread threads[STREAMS];
};

static enum ctrace_status write_file(void *sink, const void *bytes, size_t size)
{
	return fwrite(bytes, 1, size, sink) == size ? CTRACE_OK : CTRACE_ERR_IO;
}

static uint32_t string(struct service *service, const char *text)
{
	return ctrace_writer_string(&service->writer, text, strlen(text));
}

struct site_text {
	enum ctrace_kind kind;
	const char *name, *category;
	const char *args[3];
	uint8_t types[3];
};

/* clang-format off */
static const struct site_text sites[] = {
	[SITE_LOOP] = {CTRACE_KIND_SPAN_BEGIN, "loop", "app", {0}, {0}},
	[SITE_ACCEPT] = {CTRACE_KIND_SPAN_BEGIN, "accept", "http", {"port"}, {CTRACE_ARG_U64}},
	[SITE_HANDLE] = {CTRACE_KIND_SPAN_BEGIN, "handle", "http", {"path", "id"}, {CTRACE_ARG_STR, CTRACE_ARG_HEX}},
	[SITE_AUTH] = {CTRACE_KIND_SPAN_BEGIN, "auth", "http", {"granted"}, {CTRACE_ARG_BOOL}},
	[SITE_QUERY] = {CTRACE_KIND_SPAN_BEGIN, "query", "db", {"sql", "share"}, {CTRACE_ARG_STR, CTRACE_ARG_F64}},
	[SITE_STEP] = {CTRACE_KIND_SPAN_BEGIN, "step", "db", {0}, {0}},
	[SITE_SERIALIZE] = {CTRACE_KIND_SPAN_BEGIN, "serialize \"<json>\"", "app", {"delta"}, {CTRACE_ARG_I64}},
	[SITE_QUEUE] = {CTRACE_KIND_COUNTER, "queue depth", "app", {"value"}, {CTRACE_ARG_I64}},
	[SITE_RETRY] = {CTRACE_KIND_INSTANT, "retry", "db", {0}, {0}},
	[SITE_LOG] = {CTRACE_KIND_LOG, "answer", "http", {"message"}, {CTRACE_ARG_STR}},
	[SITE_REQUEST] = {CTRACE_KIND_TASK_BEGIN, "request", "task", {"id", "parent"}, {CTRACE_ARG_U64, CTRACE_ARG_U64}},
	[SITE_TAKEN] = {CTRACE_KIND_TASK_STEP, "taken", "task", {"id"}, {CTRACE_ARG_U64}},
	[SITE_ANSWERED] = {CTRACE_KIND_TASK_STEP, "answered", "task", {"id"}, {CTRACE_ARG_U64}},
	[SITE_SHUTDOWN] = {CTRACE_KIND_SPAN_BEGIN, "wait for more", "app", {0}, {0}},
};
/* clang-format on */

static void define_sites(struct service *service)
{
	for (uint32_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		struct ctrace_site site = {
			.id = i,
			.kind = sites[i].kind,
			.name = string(service, sites[i].name),
			.category = string(service, sites[i].category),
			.file = string(service, __FILE__),
		};
		while (site.arg_count < 3 && sites[i].args[site.arg_count] != NULL) {
			site.arg_types[site.arg_count] = sites[i].types[site.arg_count];
			site.arg_names[site.arg_count] =
				string(service, sites[i].args[site.arg_count]);
			site.arg_count++;
		}
		ctrace_writer_site(&service->writer, &site);
	}
}

/* Before every event: time goes on, and there is room. */
static struct ctrace_block *next_event(struct service *service, struct thread *thread, uint64_t ns)
{
	thread->now += ns;
	if (++thread->since_seal == EVENTS_A_SEAL || !ctrace_block_has_room(&thread->block, 256)) {
		ctrace_writer_seal(&service->writer, &thread->block);
		thread->since_seal = 0;
	}
	return &thread->block;
}

static void begin(struct service *service, struct thread *thread, enum site site)
{
	ctrace_block_begin(next_event(service, thread, 7 + site), site, thread->now);
	thread->counts.spans++;
}

static void end(struct service *service, struct thread *thread, uint64_t ns)
{
	ctrace_block_end(next_event(service, thread, ns), CTRACE_NO_SITE, thread->now);
}

static void point(struct service *service, struct thread *thread, enum site site)
{
	ctrace_block_site_event(next_event(service, thread, 11), site, thread->now);
}

static void plain(struct service *service, struct thread *thread, enum ctrace_kind kind,
		  uint64_t id)
{
	ctrace_block_plain_u64(next_event(service, thread, 5), kind, thread->now, id);
}

static void text(struct thread *thread, const char *bytes)
{
	ctrace_block_arg_bytes(&thread->block, bytes, strlen(bytes));
}

static void accept_request(struct service *service, struct thread *listener, uint64_t id)
{
	begin(service, listener, SITE_ACCEPT);
	ctrace_block_arg_u64(&listener->block, 8080);
	point(service, listener, SITE_REQUEST);
	ctrace_block_arg_u64(&listener->block, id);
	ctrace_block_arg_u64(&listener->block, 0);
	plain(service, listener, CTRACE_KIND_FLOW_OUT, id);
	point(service, listener, SITE_QUEUE);
	ctrace_block_arg_i64(&listener->block, (int64_t)(id % 5) - 1);
	end(service, listener, 900);
	listener->counts.tasks++;
	listener->counts.flows++;
	listener->counts.counters++;
}

static void query(struct service *service, struct thread *worker, uint64_t id)
{
	begin(service, worker, SITE_QUERY);
	text(worker, "select name from users where id = ?");
	ctrace_block_arg_f64(&worker->block, (double)id / 7);
	for (uint64_t i = 0; i < 1 + id % 4; i++) {
		begin(service, worker, SITE_STEP);
		end(service, worker, 300 + 40 * i);
	}
	if (id % 9 == 0) {
		point(service, worker, SITE_RETRY);
		worker->counts.instants++;
	}
	end(service, worker, 120);
}

static void answer(struct service *service, struct thread *worker, uint64_t id)
{
	char message[64];

	begin(service, worker, SITE_SERIALIZE);
	ctrace_block_arg_i64(&worker->block, -(int64_t)id);
	end(service, worker, 700);
	snprintf(message, sizeof(message), "request %" PRIu64 " answered </script>", id);
	point(service, worker, SITE_LOG);
	text(worker, message);
	point(service, worker, SITE_ANSWERED);
	ctrace_block_arg_u64(&worker->block, id);
	worker->counts.logs++;
	worker->counts.steps++;
}

static void handle_request(struct service *service, struct thread *worker, uint64_t id)
{
	plain(service, worker, CTRACE_KIND_TASK_ENTER, id);
	begin(service, worker, SITE_HANDLE);
	text(worker, "/auth/user/\xf0\x9f\xa6\x8a");
	ctrace_block_arg_u64(&worker->block, id);
	plain(service, worker, CTRACE_KIND_FLOW_IN, id);
	point(service, worker, SITE_TAKEN);
	ctrace_block_arg_u64(&worker->block, id);
	begin(service, worker, SITE_AUTH);
	ctrace_block_arg_bool(&worker->block, id % 3 != 0);
	end(service, worker, 450);
	query(service, worker, id);
	answer(service, worker, id);
	end(service, worker, 60);
	plain(service, worker, CTRACE_KIND_TASK_LEAVE, id);
	plain(service, worker, CTRACE_KIND_TASK_END, id);
	worker->counts.flows++;
	worker->counts.steps++;
}

static void begin_threads(struct service *service)
{
	static const char *const names[STREAMS] = {"listener", "worker 1", "worker 2", "worker 3"};

	for (uint32_t i = 0; i < STREAMS; i++) {
		struct ctrace_thread_row row = {
			.stream = i + 1,
			.pid = 77,
			.tid = 77 + i,
			.name = string(service, names[i]),
			.state = CTRACE_THREAD_ALIVE,
		};
		ctrace_writer_thread(&service->writer, &row);
		service->threads[i].now = BASE;
		ctrace_block_init(&service->threads[i].block, i + 1, BASE);
		begin(service, &service->threads[i], SITE_LOOP);
	}
}

static void run(struct service *service)
{
	struct thread *listener = &service->threads[0];

	for (uint64_t id = 1; id <= REQUESTS; id++) {
		struct thread *worker = &service->threads[1 + id % WORKERS];
		accept_request(service, listener, id);
		if (worker->now < listener->now) {
			worker->now = listener->now;
		}
		handle_request(service, worker, id);
	}
}

/* The workers' loops end; the listener waits for ever. */
static void end_threads(struct service *service)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		struct thread *thread = &service->threads[i];
		if (i == 0) {
			begin(service, thread, SITE_SHUTDOWN);
			begin(service, thread, SITE_STEP);
			end(service, thread, 5000);
			thread->counts.unfinished = thread->block.depth;
			thread->counts.spans -= thread->block.depth;
		} else {
			end(service, thread, 5000);
		}
		ctrace_writer_seal(&service->writer, &thread->block);
	}
}

static void print_counts(struct service *service)
{
	printf("{\"threads\":[");
	for (uint32_t i = 0; i < STREAMS; i++) {
		const struct counts *c = &service->threads[i].counts;
		printf("%s\n{\"tid\":%u,\"spans\":%" PRIu64 ",\"unfinished\":%" PRIu64
		       ",\"counters\":%" PRIu64 ",\"instants\":%" PRIu64 ",\"logs\":%" PRIu64
		       ",\"tasks\":%" PRIu64 ",\"steps\":%" PRIu64 ",\"flows\":%" PRIu64 "}",
		       i == 0 ? "" : ",", 77 + i, c->spans, c->unfinished, c->counters, c->instants,
		       c->logs, c->tasks, c->steps, c->flows);
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static struct service service;
	FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;

	if (file == NULL) {
		fprintf(stderr, "usage: requests-trace FILE\n");
		return 2;
	}
	struct ctrace_writer_settings settings = {
		.write = write_file,
		.sink = file,
		.base_ticks = BASE,
		.ticks_per_second = 1000000000,
		.clock_kind = CTRACE_CLOCK_ARTIFICIAL,
	};
	ctrace_writer_init(&service.writer, &settings);
	ctrace_writer_meta(&service.writer, "program", "/usr/bin/service", 16);
	define_sites(&service);
	begin_threads(&service);
	run(&service);
	end_threads(&service);
	enum ctrace_status status = ctrace_writer_close(&service.writer);
	for (uint32_t i = 0; i < STREAMS; i++) {
		ctrace_block_finish(&service.threads[i].block);
	}
	ctrace_writer_finish(&service.writer);
	if (fclose(file) != 0 || status != CTRACE_OK) {
		fprintf(stderr, "%s: cannot write it\n", argv[1]);
		return 1;
	}
	print_counts(&service);
	return 0;
}
