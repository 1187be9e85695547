/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_FACT_H
#define CTRACE_CHROME_FACT_H

/*
 * What a kernel told, as lines of Chrome's format (docs/chrome-json.md): the same for the whole
 * JSON, from a replay, and for one event that was clicked, from what the model kept. Each appends
 * one line without what stands between.
 *
 * Thread: any, own buffer.
 */

#include "format/buffer.h"
#include "viewer-server/export/chrome_line.h"
#include "viewer-server/model/kernel/kernel_replay.h"
#include "viewer-server/model/threads/collector_kind.h"

/* Linux gives no process such a number. */
#define CTRACE_CHROME_CPUS_PID	 5000000u
#define CTRACE_CHROME_STATES_PID 5000001u
/* Where a buffer's loss stands that is of no single CPU. */
#define CTRACE_CHROME_NO_CPU_TID 9999u

struct ctrace_chrome_facts {
	const struct ctrace_trace *trace;
	const struct ctrace_thread_table *threads;
};

void ctrace_chrome_turn(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			const struct ctrace_turn_fact *turn);
/* `waker_tid`: of woken ones. */
void ctrace_chrome_state(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			 const struct ctrace_state_fact *state);
/* `pid` and `tid`: whose it is. */
void ctrace_chrome_call(struct ctrace_buffer *json, const struct ctrace_trace *trace,
			const struct ctrace_call_fact *call, uint64_t pid, uint64_t tid);
void ctrace_chrome_sample(struct ctrace_buffer *json, const struct ctrace_sample_fact *sample,
			  uint64_t pid, uint64_t tid);
/* A collector's work, its heap, and what its end says is alive, as a thread told them. */
void ctrace_chrome_look(struct ctrace_buffer *json, const struct ctrace_look *look, uint64_t pid,
			uint64_t tid);

struct ctrace_collector_fact {
	enum ctrace_collector_kind kind;
	uint64_t begin, end; /* ns */
	unsigned flags;	     /* enum ctrace_fact_flags */
	bool has_end;
	uint64_t live, freed; /* bytes */
};
void ctrace_chrome_collector(struct ctrace_buffer *json, const struct ctrace_collector_fact *fact,
			     uint64_t pid, uint64_t tid);
/* `is_live`: what is alive, else the heap. */
void ctrace_chrome_collector_heap(struct ctrace_buffer *json, bool is_live, uint64_t time,
				  uint64_t bytes, uint64_t pid, uint64_t tid);
/* A thread is stopped, or let go, by the one that tells it. */
void ctrace_chrome_halt(struct ctrace_buffer *json, bool is_stopped, uint64_t time, uint64_t halted,
			uint64_t pid, uint64_t tid);
/* A wake-up as an arrow: two lines with ",\n" between. */
void ctrace_chrome_wake(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			const struct ctrace_state_fact *woken);

/* What a thread is called in these lines. `text` is of that size at least, and may be what is
 * given. */
#define CTRACE_CHROME_THREAD_NAME_BYTES 32u
struct ctrace_bytes ctrace_chrome_thread_name(const struct ctrace_chrome_facts *facts,
					      uint32_t thread, char *text);

#endif
