# SPDX-License-Identifier: MIT
"""Seeded mistakes: one bound, order, limit or count taken away, and the test program that must turn red.

`find` stands exactly once in the file. A test is a program of tests/unit or tests/fault by its name. Orders need the
thread sanitizer's build ("tsan"): on x86-64 a store without release is the same instruction. What neither can see is
in tests/model, which has mistakes of its own.
"""

from typing import NamedTuple


class Edit(NamedTuple):
    path: str
    find: str
    replace: str
    test: str
    build: str = "gcc"


EDITS = (
    # Bounds of the format.
    Edit("format/wire.h", "size > ctrace_wire_left(wire)", "size > ctrace_wire_left(wire) + 1", "test_wire"),
    Edit("format/wire.c", "if (i == left) {", "if (i == left + 1) {", "test_wire"),
    Edit("format/wire.c", "index > 0 && byte == 0", "index > 9 && byte == 0", "test_wire"),
    Edit("format/salvage.c", "end - from >= CTRACE_CHUNK_HEADER_BYTES", "end - from > CTRACE_CHUNK_HEADER_BYTES",
         "test_salvage"),
    # Its checksums and sizes.
    Edit("format/chunk.c", "if (header->crc != crc) {", "if (false) {", "test_chunk"),
    Edit("format/chunk.c", "if (crc == header->payload_crc) {", "if (true) {", "test_chunk"),
    Edit("format/chunk.c", "header->events > header->raw", "header->events > header->raw + 1", "test_chunk"),
    # Its limits.
    Edit("format/chunk.c", "header->raw > CTRACE_CHUNK_PAYLOAD_MAX", "header->raw > CTRACE_CHUNK_PAYLOAD_MAX + 1",
         "test_limits"),
    Edit("format/cursor.c", "count > CTRACE_OPEN_SPANS_MAX", "count > CTRACE_OPEN_SPANS_MAX + 1", "test_limits"),
    Edit("format/table_strings.c", "row.size > CTRACE_STRINGS_TOTAL_BYTES_MAX - tables->string_bytes",
         "row.size > CTRACE_STRINGS_TOTAL_BYTES_MAX + 1 - tables->string_bytes", "test_limits"),
    Edit("format/table_sites.c", "tables->site_count == CTRACE_SITES_MAX", "tables->site_count == CTRACE_SITES_MAX + 1",
         "test_limits"),
    Edit("format/table_stacks.c", "row.depth > CTRACE_STACK_FRAMES_MAX", "row.depth > CTRACE_STACK_FRAMES_MAX + 1",
         "test_kernel_limits"),
    Edit("format/table_sources.c", "(uint64_t)rows > CTRACE_FILES_MAX", "(uint64_t)rows > CTRACE_FILES_MAX + 1",
         "test_kernel_limits"),
    Edit("format/kernel_rows.c", "stack->parent >= stack->stack", "stack->parent > stack->stack", "test_kernel_limits"),
    Edit("format/table_walk.c", "table->forget(walk->tables, row);", "(void)table;", "test_kernel_limits"),
    Edit("format/tables.c", "ctrace_map_get(others, stream) != CTRACE_MAP_NONE", "false", "test_kernel_limits"),
    Edit("format/table_sources.c", "compare_keys(&stated[i].row, &stated[i + 1].row) != 0", "true",
         "test_kernel_events"),
    Edit("format/reader.c", "info->damage_count == CTRACE_DAMAGE_MAX", "info->damage_count == CTRACE_DAMAGE_MAX + 1",
         "test_limits"),
    # Losses and room of the ring.
    Edit("tracer/src/emit/emit_slow.c", "		count_no_room(ring, index, record);\n", "		(void)count_no_room;\n", "test_ring"),
    Edit("tracer/src/emit/emit_slow.c", "is_end ? room.end_limit : room.limit", "is_end ? room.limit : room.limit",
         "test_tracer_clock"),
    Edit("tracer/src/ring/ring.c", ".limit = from + size - reserve", ".limit = from + size + 8 - reserve", "test_ring"),
    Edit("tracer/src/emit/emit_slow.c", "	ctrace_loss_add(ctrace_emit_loss_of(ring, CTRACE_LOSS_SIGNAL_DEPTH), 1,\n			ctrace_clock_ticks());\n	return 0;",
         "	return 0;", "test_ring"),
    Edit("tracer/src/emit/policy.c", "ctrace_ring_tail(ring->shared) != tail) {\n		return true",
         "false) {\n		return true", "test_block"),
    # Claims.
    Edit("tracer/src/emit/emit_slow.c", "frame < (claimed & ~CTRACE_FRAME_MARKS) || ", "", "test_ring"),
    Edit("tracer/src/emit/emit_slow.c", "|| ctrace_handler_is_on_own_stack()) {", ") {", "test_ring"),
    Edit("tracer/src/emit/emit_slow.c", "	if (count > 0) {", "	if (count > 9) {", "test_ring"),
    Edit("tracer/src/emit/emit_slow.c", "published != atomic_load_explicit(&level->head, memory_order_relaxed)", "false", "test_ring"),
    Edit("tracer/src/emit/thread.c", "	ctrace_emit_settle(control->ring);\n", "	(void)ctrace_emit_settle;\n", "test_ring"),
    Edit("tracer/src/ring/ring_seen.c", "return wait_for_interrupted(ring, hold);", "return (void)wait_for_interrupted, (void)hold, true;",
         "test_ring"),
    # Orders, each seen by the thread sanitizer as a race on the records.
    Edit("tracer/src/emit/emit.h", "atomic_store_explicit(place->published, head, memory_order_release)",
         "atomic_store_explicit(place->published, head, memory_order_relaxed)", "test_ring", "tsan"),
    Edit("tracer/src/ring/ring_seen.c", "seen->to = atomic_load_explicit(&ring->shared->published, memory_order_acquire)",
         "seen->to = atomic_load_explicit(&ring->shared->published, memory_order_relaxed)", "test_accounting", "tsan"),
    Edit("tracer/src/collect/drain.c", "CTRACE_TAIL_TAKEN,\n			      memory_order_release)",
         "CTRACE_TAIL_TAKEN,\n			      memory_order_relaxed)", "test_accounting", "tsan"),
    Edit("tracer/src/ring/ring.c", "atomic_load_explicit(tail_of(ring, level), memory_order_acquire)",
         "atomic_load_explicit(tail_of(ring, level), memory_order_relaxed)", "test_accounting", "tsan"),
    # Who may ask, and for how much.
    Edit("viewer-server/serve/guard.c", "head->times[CTRACE_HEAD_FIELD_HOST] != 1", "head->times[CTRACE_HEAD_FIELD_HOST] < 1",
         "test_guard"),
    Edit("viewer-server/serve/guard.c", "if (!is_our_host(", "if (false && !is_our_host(", "test_guard"),
    Edit("viewer-server/serve/guard.c", "origin.size == 7 + host.size", "origin.size >= 7 + host.size", "test_guard"),
    Edit("viewer-server/serve/guard.c", "other.size != CTRACE_TOKEN_SIZE - 1", "other.size < CTRACE_TOKEN_SIZE - 1",
         "test_guard"),
    Edit("viewer-server/serve/guard.c", "return is_api || (route", "return (void)is_api, (route", "test_guard"),
    Edit("viewer-server/serve/guard.c", "(is_page && ctrace_slice_is(site, \"none\"))",
         "((void)is_page, ctrace_slice_is(site, \"none\"))", "test_guard"),
    Edit("viewer-server/serve/message.c", "return tiles > CTRACE_VIEW_TILES_MAX", "return tiles > 2 * CTRACE_VIEW_TILES_MAX",
         "test_message"),
    Edit("viewer-server/serve/message.c", "entry->count > 0 && entry->first > UINT32_MAX - (entry->count - 1)", "false",
         "test_message"),
    Edit("viewer-server/serve/message.c", "json_array_size(want) > CTRACE_VIEW_ENTRIES_MAX",
         "json_array_size(want) > CTRACE_VIEW_ENTRIES_MAX + 1", "test_message"),
    Edit("tracer/http/debug_guard.c", "caller->host_count != 1", "caller->host_count < 1", "test_debug_guard"),
    Edit("tracer/http/debug_guard.c", "(ntohl(address.s_addr) >> 24) != 0", "true", "test_debug_guard"),
    Edit("tracer/http/debug_guard.c", "caller->site_count > 1 ||", "", "test_debug_guard"),
)
