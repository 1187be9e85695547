/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_LIMITS_H
#define CTRACE_DEBUG_LIMITS_H

/*
 * What a client of /debug/pprof/ may cost the program that serves it. Each limit
 * is tried at and beyond its value in tests/server/test_debug_http.py or
 * tests/unit/test_debug_guard.c.
 */

/* People and their scripts; more wait in the listen queue until one leaves. */
#define CTRACE_DEBUG_CONNECTIONS_MAX 64

/* Each costs the collector one more pass over every event. The next is told 503. */
#define CTRACE_DEBUG_TRACES_MAX 8

/* An hour. Longer recordings belong in a file: CTRACE_FILE or ctrace_start. */
#define CTRACE_DEBUG_SECONDS_MAX     3600
#define CTRACE_DEBUG_SECONDS_DEFAULT 1

/* Of `categories=`, and of `sources=`. */
#define CTRACE_DEBUG_CATEGORIES_MAX 256
#define CTRACE_DEBUG_SOURCES_MAX    256

/* Somebody looks now, for a while: what any user may know at little cost (docs/sources.md). */
#define CTRACE_DEBUG_SOURCES_DEFAULT "spans,perf-switch,perf-samples,resident"

/* Memory of a connection: a request with all its headers must fit, and one piece of an answer. */
#define CTRACE_DEBUG_CONNECTION_BYTES 65536

/* The request line's target. Ours are below 100 bytes. */
#define CTRACE_DEBUG_TARGET_MAX 2048

/* A request's body is thrown away; beyond this the connection is cut. */
#define CTRACE_DEBUG_BODY_MAX 65536

/* A connection that moves no byte is closed. Suspended ones, whose trace has nothing to say, are
 * not. */
#define CTRACE_DEBUG_IDLE_SECONDS 10

/* From connecting, or from the last answer, to a whole request, however the bytes trickle. */
#define CTRACE_DEBUG_REQUEST_SECONDS 30

/* To fetch the rest of a trace whose recording has ended. */
#define CTRACE_DEBUG_FETCH_SECONDS 120

/*
 * Bytes of a trace that may wait for its client. Beyond the first the recording
 * ends, with that reason in the trace; what closing it adds may go up to the
 * second; beyond that the connection is cut.
 */
#define CTRACE_DEBUG_UNREAD_MAX	      (8u << 20)
#define CTRACE_DEBUG_UNREAD_CLOSE_MAX (64u << 20)

/* A snapshot is written ahead of its client by so much: its chunks are in memory anyway. */
#define CTRACE_DEBUG_SNAPSHOT_UNREAD (256u << 10)

/* ctrace_serve_stop() gives clients this long to fetch what is there. */
#define CTRACE_DEBUG_STOP_MS 1000

#endif
