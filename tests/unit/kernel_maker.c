/* SPDX-License-Identifier: MIT */
/* Random rows and events of a kernel. */

#include "tests/unit/kernel_maker.h"

#include "format/alloc_events.h"
#include "format/gc_events.h"
#include "format/kernel_events.h"
#include "format/lock_events.h"

#include <string.h>

#define CPUS 4u
#define TIDS 6u

static uint64_t below(const struct ctrace_kernel_maker *kernel, uint64_t limit)
{
	return ctrace_random_below(kernel->random, limit);
}

static bool one_in(const struct ctrace_kernel_maker *kernel, uint64_t odds)
{
	return below(kernel, odds) == 0;
}

/* Numbers of every length in bits. */
static uint64_t random_number(const struct ctrace_kernel_maker *kernel)
{
	uint64_t bits = below(kernel, 65);

	return bits == 0 ? 0 : ctrace_random(kernel->random) >> (64 - bits);
}

static struct ctrace_bytes random_text(const struct ctrace_kernel_maker *kernel)
{
	static const char *const texts[] = {"",
					    "tracefs",
					    "/etc/hosts",
					    "read",
					    "lib\xff\x01",
					    "</script>",
					    "\"\\\n",
					    "perf_event_paranoid is 3"};
	const char *text = texts[below(kernel, sizeof(texts) / sizeof(texts[0]))];

	return (struct ctrace_bytes){text, (uint32_t)strlen(text)};
}

static uint32_t random_name(const struct ctrace_kernel_maker *kernel)
{
	struct ctrace_bytes text = random_text(kernel);

	return ctrace_writer_string(kernel->writer, text.bytes, text.size);
}

static void state_calls(struct ctrace_kernel_maker *kernel)
{
	while (kernel->call_count < CTRACE_MADE_ROWS && !one_in(kernel, 20)) {
		struct ctrace_call_row row = {
			.call = one_in(kernel, 9) ? CTRACE_CALL_MAX - kernel->call_count
						  : kernel->call_count * 3,
			.layer = one_in(kernel, 3) ? CTRACE_CALL_LIBRARY : CTRACE_CALL_SYSTEM,
			.name = random_name(kernel),
		};
		ctrace_writer_call(kernel->writer, &row);
		kernel->calls[kernel->call_count++] = row.call;
	}
}

static void state_module(struct ctrace_kernel_maker *kernel, uint32_t module)
{
	struct ctrace_module_row row = {.module = module, .path = random_name(kernel)};

	row.build_id_size = (uint32_t)below(kernel, CTRACE_BUILD_ID_BYTES_MAX + 1);
	for (uint32_t i = 0; i < row.build_id_size; i++) {
		row.build_id[i] = (uint8_t)below(kernel, 256);
	}
	ctrace_writer_module(kernel->writer, &row);
}

/* `end`: one past the last that has a row already. */
static void state_frame(struct ctrace_kernel_maker *kernel, uint32_t frame, uint32_t end)
{
	bool is_inlined = one_in(kernel, 4);
	struct ctrace_frame_row row = {
		.frame = frame,
		.module = (uint32_t)below(kernel, 3),
		.address = random_number(kernel),
		.function = random_name(kernel),
		.file = random_name(kernel),
		.line = (uint32_t)random_number(kernel),
		.is_inlined = is_inlined,
	};

	if (is_inlined && frame + 1 < end) {
		row.outer = frame + 1 + (uint32_t)below(kernel, end - frame - 1);
	}
	ctrace_writer_frame(kernel->writer, &row);
}

/* The first is always an outermost one; some run deep, most share. */
static void state_stacks(struct ctrace_kernel_maker *kernel)
{
	uint32_t frames = 1 + (uint32_t)below(kernel, CTRACE_MADE_ROWS);
	bool is_deep = one_in(kernel, 10);
	uint32_t count = is_deep ? CTRACE_STACK_FRAMES_MAX : (uint32_t)below(kernel, 60);

	state_module(kernel, 1);
	state_module(kernel, 2);
	for (uint32_t frame = frames; frame > 0; frame--) {
		state_frame(kernel, frame, frames + 1);
	}
	for (uint32_t stack = 1; stack <= count; stack++) {
		struct ctrace_stack_row row = {
			.stack = stack,
			.parent = is_deep ? stack - 1 : (uint32_t)below(kernel, stack),
			.frame = 1 + (uint32_t)below(kernel, frames),
		};
		ctrace_writer_stack(kernel->writer, &row);
	}
	kernel->stack_count = count;
}

static void state_sources(struct ctrace_kernel_maker *kernel)
{
	uint64_t count = below(kernel, 5);

	for (uint64_t i = 0; i < count; i++) {
		struct ctrace_source_row row = {
			.name = random_name(kernel),
			.state = CTRACE_SOURCE_RECORDED +
				 (enum ctrace_source_state)below(kernel, CTRACE_SOURCE_NOT_ASKED),
			.why = random_name(kernel),
			.events = random_number(kernel),
			.lost = random_number(kernel),
			.checks = random_number(kernel),
			.misses = random_number(kernel),
			.slack = random_number(kernel),
		};
		ctrace_writer_source(kernel->writer, &row);
	}
}

static void state_file(struct ctrace_kernel_maker *kernel)
{
	struct ctrace_file_row row = {
		.pid = one_in(kernel, 9) ? random_number(kernel) : below(kernel, 3),
		.fd = one_in(kernel, 9) ? UINT32_MAX : (uint32_t)below(kernel, 4),
		.from = one_in(kernel, 9) ? random_number(kernel) : below(kernel, 5),
		.name = random_name(kernel),
	};

	ctrace_writer_file(kernel->writer, &row);
}

static void state_buffer(struct ctrace_kernel_maker *kernel,
			 const struct ctrace_made_buffer *buffer)
{
	struct ctrace_buffer_row row = {
		.stream = buffer->block.stream,
		.source = buffer->source,
		.cpu = buffer->cpu,
		.written = ctrace_block_written(&buffer->block),
		.lost = buffer->lost,
		.clamped = below(kernel, 3),
	};

	ctrace_writer_buffer(kernel->writer, &row);
}

/* A thread that only the kernel tells of, recorded or not. */
static void state_thread(struct ctrace_kernel_maker *kernel)
{
	struct ctrace_thread_row row = {
		.stream = kernel->first_stream + CTRACE_MADE_BUFFERS,
		.pid = one_in(kernel, 2) ? 0 : 4242,
		.tid = 1 + below(kernel, TIDS),
		.name = random_name(kernel),
	};

	ctrace_writer_thread(kernel->writer, &row);
}

static enum ctrace_status begin_buffers(struct ctrace_kernel_maker *kernel)
{
	while (kernel->buffer_count < 1 + below(kernel, CTRACE_MADE_BUFFERS)) {
		uint32_t i = kernel->buffer_count;
		struct ctrace_made_buffer *buffer = &kernel->buffers[i];
		buffer->ticks = kernel->base + below(kernel, 5000);
		buffer->source = random_name(kernel);
		buffer->cpu = one_in(kernel, 4) ? CTRACE_NO_CPU : (uint32_t)below(kernel, CPUS);
		enum ctrace_status status =
			ctrace_block_init(&buffer->block, kernel->first_stream + i, kernel->base);
		if (status != CTRACE_OK) {
			return status;
		}
		kernel->buffer_count++;
		state_buffer(kernel, buffer);
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_kernel_maker_begin(struct ctrace_kernel_maker *kernel)
{
	kernel->chunk_events = 1 + (uint32_t)below(kernel, one_in(kernel, 2) ? 2000 : 60);
	state_calls(kernel);
	state_stacks(kernel);
	state_sources(kernel);
	state_thread(kernel);
	for (uint64_t i = below(kernel, 9); i > 0; i--) {
		state_file(kernel);
	}
	return begin_buffers(kernel);
}

static bool is_field(const struct ctrace_field *field, const char *name)
{
	return strlen(name) == field->name_size && memcmp(field->name, name, field->name_size) == 0;
}

static struct ctrace_value random_field(const struct ctrace_kernel_maker *kernel,
					const struct ctrace_field *field)
{
	struct ctrace_value value = {.type = CTRACE_ARG_U64};

	if (field->type == CTRACE_FIELD_STR) {
		value.type = CTRACE_ARG_STR;
		value.str = random_text(kernel);
	} else if (field->type == CTRACE_FIELD_ZIGZAG) {
		value.type = CTRACE_ARG_I64;
		value.i64 = (int64_t)random_number(kernel);
	} else if (is_field(field, "is_stopped")) {
		value.u64 = below(kernel, 2);
	} else if (field->type == CTRACE_FIELD_U8) {
		value.u64 = below(kernel, 256);
	} else if (is_field(field, "call")) {
		value.u64 = kernel->calls[below(kernel, kernel->call_count)];
	} else if (is_field(field, "stack")) {
		value.u64 = below(kernel, kernel->stack_count + 1);
	} else if (is_field(field, "tid")) {
		value.u64 = one_in(kernel, 9) ? random_number(kernel) | 1 : 1 + below(kernel, TIDS);
	} else {
		value.u64 = one_in(kernel, 4) ? random_number(kernel) : below(kernel, TIDS);
	}
	return value;
}

static void put_calls(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
		      const struct ctrace_value *values)
{
	struct ctrace_syscall_enter enter = {.tid = values[0].u64, .call = values[1].u64};

	switch (kind) {
	case CTRACE_KIND_SYSCALL_ENTER:
		for (unsigned i = 0; i < CTRACE_CALL_ARGS; i++) {
			enter.args[i] = values[2 + i].u64;
		}
		ctrace_block_syscall_enter(block, ticks, &enter);
		break;
	case CTRACE_KIND_SYSCALL_EXIT:
		ctrace_block_syscall_exit(block, ticks, values[0].u64, values[1].u64,
					  values[2].i64);
		break;
	case CTRACE_KIND_SYSCALL_TEXT:
		ctrace_block_syscall_text(block, ticks, values[0].u64, (unsigned)values[1].u64,
					  values[2].str);
		break;
	case CTRACE_KIND_THREAD_STACK:
		ctrace_block_thread_stack(
			block, ticks,
			&(struct ctrace_thread_stack){values[0].u64,
						      (enum ctrace_run_state)values[1].u64,
						      values[2].u64});
		break;
	default:
		ctrace_block_sample(block, ticks,
				    &(struct ctrace_sample){values[0].u64, values[1].u64,
							    values[2].u64, values[3].u64});
		break;
	}
}

static void put_scheduling(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
			   const struct ctrace_value *values)
{
	switch (kind) {
	case CTRACE_KIND_SCHED_SWITCH:
		ctrace_block_sched_switch(
			block, ticks,
			&(struct ctrace_sched_switch){values[0].u64, values[1].u64,
						      (enum ctrace_run_state)values[2].u64,
						      values[3].u64, values[4].u64});
		break;
	case CTRACE_KIND_SCHED_WAKING:
		ctrace_block_sched_waking(
			block, ticks,
			&(struct ctrace_sched_waking){values[0].u64, values[1].u64, values[2].u64,
						      values[3].u64});
		break;
	case CTRACE_KIND_SCHED_MIGRATE:
		ctrace_block_sched_migrate(block, ticks, values[0].u64, values[1].u64,
					   values[2].u64);
		break;
	case CTRACE_KIND_SCHED_IN:
		ctrace_block_sched_in(block, ticks, values[0].u64, values[1].u64);
		break;
	default:
		ctrace_block_sched_out(block, ticks, values[0].u64, values[1].u64,
				       (enum ctrace_run_state)values[2].u64);
		break;
	}
}

static void put_lives(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
		      const struct ctrace_value *values)
{
	switch (kind) {
	case CTRACE_KIND_RUN_DELAY:
		ctrace_block_run_delay(block, ticks, values[0].u64, values[1].u64);
		break;
	case CTRACE_KIND_FORK:
		ctrace_block_fork(block, ticks, values[0].u64, values[1].u64, values[2].u64);
		break;
	case CTRACE_KIND_EXEC:
		ctrace_block_exec(block, ticks, values[0].u64, values[1].str);
		break;
	default:
		ctrace_block_thread_exit(block, ticks, values[0].u64);
		break;
	}
}

/* As SPEC 8.5 wants them: a weight is no less than the size. */
static void put_memory(struct ctrace_kernel_maker *kernel, struct ctrace_block *block,
		       enum ctrace_kind kind, uint64_t ticks, struct ctrace_value *values)
{
	switch (kind) {
	case CTRACE_KIND_ALLOC:
		if (values[3].u64 < values[1].u64) {
			values[3].u64 = 0;
		}
		ctrace_block_alloc(block, ticks,
				   &(struct ctrace_alloc_event){values[0].u64, values[1].u64,
								values[2].u64, values[3].u64,
								values[4].u64});
		break;
	case CTRACE_KIND_REALLOC:
		ctrace_block_realloc(block, ticks,
				     &(struct ctrace_realloc_event){values[0].u64, values[1].u64,
								    values[2].u64, values[3].u64,
								    values[4].u64});
		break;
	case CTRACE_KIND_POOL:
		ctrace_block_pool(block, ticks, values[0].u64, values[1].u64, values[2].i64,
				  ctrace_writer_string(kernel->writer, values[3].str.bytes,
						       values[3].str.size));
		break;
	case CTRACE_KIND_PROCESS_MEMORY:
		values[2].u64 %= values[1].u64 + 1;
		ctrace_block_process_memory(block, ticks,
					    &(struct ctrace_process_memory){
						    values[0].u64, values[1].u64, values[2].u64});
		break;
	default:
		ctrace_block_free(block, ticks, values[0].u64, values[1].u64);
		break;
	}
}

static bool is_memory(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_ALLOC && kind <= CTRACE_KIND_PROCESS_MEMORY &&
	       kind != CTRACE_KIND_PAGE_FAULT;
}

static void put_locks(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
		      const struct ctrace_value *values)
{
	struct ctrace_lock_wait wait = {.lock = values[0].u64, .kind = (unsigned)values[1].u64};

	if (kind == CTRACE_KIND_LOCK_RELEASED) {
		ctrace_block_lock_released(block, ticks, wait.lock, wait.kind);
		return;
	}
	wait.call = values[2].u64;
	if (kind == CTRACE_KIND_LOCK_WAIT) {
		wait.holder = values[3].u64;
		ctrace_block_lock_wait(block, ticks, &wait);
	} else {
		ctrace_block_lock_acquired(block, ticks, &wait, values[3].i64);
	}
}

static bool is_of_lock(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_LOCK_WAIT && kind <= CTRACE_KIND_LOCK_RELEASED;
}

static void put_collectors(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
			   const struct ctrace_value *values)
{
	switch (kind) {
	case CTRACE_KIND_GC_BEGIN:
		ctrace_block_gc_begin(block, ticks, (uint8_t)values[0].u64);
		break;
	case CTRACE_KIND_GC_END:
		ctrace_block_gc_end(block, ticks, values[0].u64, values[1].u64);
		break;
	case CTRACE_KIND_GC_HEAP:
		ctrace_block_gc_heap(block, ticks, values[0].u64);
		break;
	default:
		ctrace_block_gc_thread(block, ticks, values[0].u64, values[1].u64 != 0);
		break;
	}
}

static bool is_of_collector(enum ctrace_kind kind)
{
	return kind >= CTRACE_KIND_GC_BEGIN && kind <= CTRACE_KIND_GC_THREAD;
}

static void tell(struct ctrace_kernel_maker *kernel, const struct ctrace_made_event *event)
{
	kernel->made++;
	if (kernel->settings->made != NULL) {
		kernel->settings->made(kernel->settings->context, event);
	}
}

static void put_event(struct ctrace_kernel_maker *kernel, struct ctrace_block *block,
		      enum ctrace_kind kind, uint64_t ticks)
{
	struct ctrace_field fields[CTRACE_FIELDS_MAX];
	struct ctrace_value values[CTRACE_FIELDS_MAX];
	unsigned count = ctrace_kind_fields(kind, fields);
	bool is_own = block->stream < kernel->first_stream;

	for (unsigned i = 0; i < count; i++) {
		values[i] = random_field(kernel, &fields[i]);
	}
	values[0].u64 = is_own && one_in(kernel, 2) ? 0 : values[0].u64;
	if (kind <= CTRACE_KIND_SCHED_OUT) {
		put_scheduling(block, kind, ticks, values);
	} else if (kind <= CTRACE_KIND_EXEC || kind == CTRACE_KIND_THREAD_EXIT) {
		put_lives(block, kind, ticks, values);
	} else if (is_memory(kind)) {
		put_memory(kernel, block, kind, ticks, values);
	} else if (is_of_lock(kind)) {
		put_locks(block, kind, ticks, values);
	} else if (is_of_collector(kind)) {
		put_collectors(block, kind, ticks, values);
	} else {
		put_calls(block, kind, ticks, values);
	}
	tell(kernel, &(struct ctrace_made_event){.stream = block->stream,
						 .kind = kind,
						 .site = CTRACE_NO_SITE,
						 .ticks = ticks,
						 .value_count = count,
						 .values = values});
}

/* Those that name a call only where there is one. */
static enum ctrace_kind random_kind(const struct ctrace_kernel_maker *kernel)
{
	uint64_t kinds = CTRACE_KIND_THREAD_EXIT - CTRACE_KIND_SCHED_SWITCH + 3;
	uint64_t kind = CTRACE_KIND_SCHED_SWITCH + below(kernel, kinds);
	bool has_call = kind == CTRACE_KIND_SYSCALL_ENTER || kind == CTRACE_KIND_SYSCALL_EXIT;

	if (kind == CTRACE_KIND_THREAD_EXIT + 1) {
		return CTRACE_KIND_PROCESS_MEMORY;
	}
	if (kind > CTRACE_KIND_THREAD_EXIT || (has_call && kernel->call_count == 0)) {
		return one_in(kernel, 4) ? CTRACE_KIND_THREAD_STACK : CTRACE_KIND_SAMPLE;
	}
	return (enum ctrace_kind)kind;
}

void ctrace_kernel_maker_own(struct ctrace_kernel_maker *kernel, struct ctrace_block *block,
			     uint64_t ticks)
{
	static const enum ctrace_kind kinds[] = {
		CTRACE_KIND_SYSCALL_TEXT,   CTRACE_KIND_SAMPLE,	       CTRACE_KIND_ALLOC,
		CTRACE_KIND_FREE,	    CTRACE_KIND_REALLOC,       CTRACE_KIND_POOL,
		CTRACE_KIND_PROCESS_MEMORY, CTRACE_KIND_LOCK_RELEASED, CTRACE_KIND_GC_BEGIN,
		CTRACE_KIND_GC_END,	    CTRACE_KIND_GC_HEAP,       CTRACE_KIND_GC_THREAD,
		CTRACE_KIND_THREAD_STACK,   CTRACE_KIND_SYSCALL_ENTER, CTRACE_KIND_SYSCALL_EXIT,
		CTRACE_KIND_LOCK_WAIT,	    CTRACE_KIND_LOCK_ACQUIRED,
	};
	uint64_t count = kernel->call_count == 0 ? 13 : 17;

	put_event(kernel, block, kinds[below(kernel, count)], ticks);
}

static void put_lost(struct ctrace_kernel_maker *kernel, struct ctrace_made_buffer *buffer)
{
	uint64_t count = below(kernel, 5000);
	uint64_t since = buffer->ticks - below(kernel, buffer->ticks - kernel->base + 1);
	struct ctrace_value values[] = {
		{.type = CTRACE_ARG_U64, .u64 = CTRACE_LOSS_KERNEL_FULL},
		{.type = CTRACE_ARG_U64, .u64 = count},
		{.type = CTRACE_ARG_U64, .u64 = buffer->ticks - since},
	};

	ctrace_block_lost(&buffer->block, buffer->ticks, CTRACE_LOSS_KERNEL_FULL, count, since);
	buffer->lost += count;
	tell(kernel, &(struct ctrace_made_event){.stream = buffer->block.stream,
						 .kind = CTRACE_KIND_LOST,
						 .site = CTRACE_NO_SITE,
						 .ticks = buffer->ticks,
						 .value_count = 3,
						 .values = values});
}

enum ctrace_status ctrace_kernel_maker_run(struct ctrace_kernel_maker *kernel, uint64_t events)
{
	struct ctrace_made_buffer *buffer = &kernel->buffers[below(kernel, kernel->buffer_count)];

	for (uint64_t i = 0; i < events; i++) {
		if (buffer->block.events >= kernel->chunk_events ||
		    !ctrace_block_has_room(&buffer->block, CTRACE_KERNEL_TEXT_BYTES(64))) {
			ctrace_writer_seal(kernel->writer, &buffer->block);
		}
		buffer->ticks += one_in(kernel, 10) ? 0 : below(kernel, 3000);
		if (one_in(kernel, 100)) {
			put_lost(kernel, buffer);
		} else {
			put_event(kernel, &buffer->block, random_kind(kernel), buffer->ticks);
		}
	}
	return kernel->writer->status;
}

void ctrace_kernel_maker_end(struct ctrace_kernel_maker *kernel)
{
	for (uint32_t i = 0; i < kernel->buffer_count; i++) {
		ctrace_writer_seal(kernel->writer, &kernel->buffers[i].block);
		state_buffer(kernel, &kernel->buffers[i]);
	}
	/* Looked up meanwhile. */
	state_frame(kernel, 1, 2);
	state_sources(kernel);
}

void ctrace_kernel_maker_finish(struct ctrace_kernel_maker *kernel)
{
	for (uint32_t i = 0; i < CTRACE_MADE_BUFFERS; i++) {
		ctrace_block_finish(&kernel->buffers[i].block);
	}
}
