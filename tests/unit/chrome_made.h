/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_MADE_H
#define CTRACE_CHROME_MADE_H

/* For the tests of Chrome JSON: traces in memory, random or by hand, and their JSON taken apart. */

#include "format/block.h"
#include "format/buffer.h"
#include "format/writer.h"
#include "tests/unit/trace_maker.h"
#include "viewer-server/export/chrome.h"

#include <jansson.h>

struct made {
	int fd;
	struct ctrace_trace *trace;
};

struct made make(struct ctrace_maker_settings settings);
void drop(struct made *made);

/* A trace by hand: one writer, and one block for each of three threads, tids 5 to 7 of process 5.
 */
struct hand {
	struct made made;
	struct ctrace_writer writer;
	struct ctrace_block blocks[3];
	uint32_t sites;
};

void hand_begin(struct hand *hand);
uint32_t hand_site(struct hand *hand, enum ctrace_kind kind, const char *name,
		   const char *const *args, const uint8_t *types);
uint32_t hand_task_site(struct hand *hand, enum ctrace_kind kind, const char *name);
void hand_seal(struct hand *hand, uint32_t thread);
/* Seals what is open, closes the trace, and opens it for reading. */
void hand_end(struct hand *hand);

/* The JSON as text, ended by NUL, for the caller to free; read `step` bytes at a time. */
char *convert_in_steps(const struct ctrace_trace *trace,
		       const struct ctrace_chrome_settings *settings, size_t step, size_t *size);
char *convert(const struct ctrace_trace *trace, const struct ctrace_chrome_settings *settings,
	      size_t *size);
/* The JSON read by jansson; fails the test if it is none. */
json_t *converted(const struct ctrace_trace *trace, const struct ctrace_chrome_settings *settings);
/* What the encoder counted in the last conversion. */
extern struct ctrace_chrome_counts last_counts;

const char *member(const json_t *event, const char *name);
json_t *arg(const json_t *event, const char *name);
uint64_t ns_of(const json_t *event, const char *name);
size_t count_phase(const json_t *json, const char *phases);
/* The nth event of that phase and name; NULL: there is none. */
json_t *find_event(const json_t *json, const char *phase, const char *name, size_t nth);

#endif
