/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVER_LIMITS_H
#define CTRACE_SERVER_LIMITS_H

/*
 * Every limit of the viewer's server, with its reason. tests/unit/test_guard.c, test_head.c,
 * test_message.c, test_answer.c and tests/server/ hold each at the limit and one past it;
 * tests/limits_named.py knows that each has a test.
 */

/* A browser opens six at once per tab; eight tabs fit. The next one gets 503. */
#define CTRACE_SERVE_CONNECTIONS_MAX 64u
/* Refusals whose answer is still on its way; past them a connection is closed without one. */
#define CTRACE_SERVE_REFUSALS_MAX 32u
/* Our longest own request is about 200 bytes; browsers add up to 2 KiB of fields. */
#define CTRACE_HEAD_LINE_MAX   (8u << 10)
#define CTRACE_HEAD_BYTES_MAX  (16u << 10)
#define CTRACE_HEAD_FIELDS_MAX 64u
/* From accept to the end of the head: loopback needs microseconds, a dribbling client is not ours.
 */
#define CTRACE_HEAD_MS 5000u
/* How long a refused client may take to read its line before the socket is closed under it. */
#define CTRACE_REFUSAL_MS 1000u
/* Threads named in one /trace.json query: a line of 8 KiB holds no more. */
#define CTRACE_QUERY_THREADS_MAX 1024u

/* A view of 4,096 entries is about 60 KB of JSON. */
#define CTRACE_MESSAGE_BYTES_MAX (64u << 10)
/* One per drawn frame, and clicks. Faster ones wait in the socket. */
#define CTRACE_MESSAGES_PER_SECOND 100u
#define CTRACE_VIEW_ENTRIES_MAX	   4096u
#define CTRACE_VIEW_TILES_MAX	   16384u
#define CTRACE_RANGE_LANES_MAX	   16384u
#define CTRACE_RANGE_TOP_MAX	   1000u
/* Of the top list, this many also as Chrome events: each is read from the file again. */
#define CTRACE_RANGE_EVENTS_MAX 100u
#define CTRACE_SEARCH_TEXT_MAX	4096u
/* Questions of one connection that are not answered yet. */
#define CTRACE_QUESTIONS_MAX 64u

/* Of the largest machines there are, twice; what a buffer tells of others is no CPU. */
#define CTRACE_CPUS_MAX 8192u

/* Answers of one connection that wait to be read; over it the connection is closed. */
#define CTRACE_PENDING_BYTES_MAX (4u << 20)
/* Of these as many as the system keeps for a connection; it grows them to megabytes by itself. */
#define CTRACE_SOCKET_BUFFER_BYTES (256 << 10)
/* A client that takes nothing for so long is gone or hostile. */
#define CTRACE_STALL_MS 10000u
/* One answer to one question. */
#define CTRACE_ANSWER_BYTES_MAX (2u << 20)
/* Work on one question, in CPU time; then "too wide, zoom in". */
#define CTRACE_ANSWER_CPU_MS 2000u
/* Of it, so much for a hit's place among all hits, which people can do without. */
#define CTRACE_POSITION_CPU_MS 200u
/* Waits that touch the range of a question about locks, and events that let go: 160 MiB in all.
 * Locks and circles in its answer, and of each lock so many of its longest waits. */
#define CTRACE_LOCKS_WAITS_MAX	 (1u << 20)
#define CTRACE_LOCKS_ROWS_MAX	 200u
#define CTRACE_LOCKS_CYCLES_MAX	 20u
#define CTRACE_LOCKS_CYCLE_MAX	 64u
#define CTRACE_LOCKS_LONGEST_MAX 10u
/* Work on a question about memory or locks, for which every event is read again: a hundred million.
 */
#define CTRACE_HEAP_CPU_MS 60000u
/* Blocks that are alive at a time: a table of 1 GiB. */
#define CTRACE_HEAP_BLOCKS_MAX (8u << 20)
/* Stacks, pools, pairs of threads: as many of each, 512 bytes a stack. */
#define CTRACE_HEAP_ROWS_MAX (1u << 19)
/* A long range, or walk over memory, says how far it is, so often. */
#define CTRACE_SO_FAR_CPU_MS 100u
/* Tiles made at a time on the thread that also serves everybody else. */
#define CTRACE_BATCH_BYTES (128u << 10)
#define CTRACE_BATCH_US	   2000u
/* Text goes out in pieces of this size, so that what the library buffers stays small. */
#define CTRACE_PIECE_BYTES (64u << 10)
/* Rows of damage in hello: the page shows some and the count of the rest. */
#define CTRACE_HELLO_DAMAGE_MAX 1000u

#endif
