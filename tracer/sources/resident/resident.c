/* SPDX-License-Identifier: MIT */
/* Memory of processes, looked at again and again; see resident.h. */

#include "tracer/sources/resident/resident.h"

#include "format/alloc_events.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/resident/child_search.h"
#include "tracer/sources/resident/process_looks.h"
#include "tracer/src/clock/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME	      "resident"
#define STRANGERS_MAX 64u
/* A process that does not exec for so long is taken as it is. */
#define EXEC_WAIT_NS UINT64_C(1000000000)
/* Children of each process are looked for at least so far apart, and so far for each process that
 * there is; each search takes the thousandth part of the time at most. */
#define SEARCH_NS	  UINT64_C(100000000)
#define SEARCH_EACH_NS	  UINT64_C(10000000)
#define SEARCH_COST_TIMES 1000u

/* How it is known who is there. */
enum finding {
	FINDING_NOBODY,	  /* our own process alone */
	FINDING_BY_TASKS, /* a source tells of forks */
	FINDING_BY_PROC,
};

struct resident {
	struct ctrace_opened_source opened;
	struct ctrace_source_trace *trace;
	struct ctrace_kernel_stream stream;
	struct ctrace_process_looks looks;
	struct ctrace_look_credit credit;
	enum finding finding;
	uint32_t tasks_at; /* of those that a source told of */
	/* The program, until it is the one that was asked for: it is a copy of the recorder. */
	uint32_t waits_for;
	char name_before[CTRACE_STATUS_NAME_BYTES];
	uint64_t until_ns;
	uint64_t own_search_due_ns;
	/* Children that the recorder had before. */
	uint32_t strangers[STRANGERS_MAX], stranger_count;
};

static void probe(struct ctrace_source_answer *answer)
{
	int fd = ctrace_statm_open((uint32_t)getpid());

	answer->is_available = fd >= 0;
	if (fd < 0) {
		ctrace_source_refuse(answer, "mount -t proc proc /proc",
				     "/proc/PID/statm cannot be read");
		return;
	}
	close(fd);
}

/* ---- what looks find ---- */

static void tell(void *context, uint32_t pid, const struct ctrace_statm *statm)
{
	struct resident *resident = context;
	uint64_t ticks = ctrace_clock_ticks();
	struct ctrace_block *block =
		ctrace_kernel_stream_room(&resident->stream, &ticks, CTRACE_ALLOC_EVENT_BYTES);

	ctrace_block_process_memory(
		block, ticks, &(struct ctrace_process_memory){pid, statm->resident, statm->shared});
	if (statm->resident == 0 && resident->finding == FINDING_BY_PROC) {
		ctrace_kernel_threads_exit(resident->trace, pid);
	}
}

static void name(void *context, uint32_t pid, const char *name)
{
	struct resident *resident = context;
	struct ctrace_kernel_thread *thread;

	if (resident->finding != FINDING_BY_PROC) {
		return;
	}
	thread = ctrace_kernel_threads_ours(resident->trace, pid);
	if (thread != NULL) {
		ctrace_kernel_threads_comm(resident->trace, thread, name);
	}
}

/* ---- who is there ---- */

static void find_by_tasks(struct resident *resident)
{
	uint32_t pid;

	while ((pid = ctrace_kernel_threads_next_process(resident->trace, &resident->tasks_at)) !=
	       0) {
		ctrace_process_looks_add(&resident->looks, pid);
	}
	for (uint32_t i = 0; i < resident->looks.count; i++) {
		if (ctrace_kernel_threads_has_ended(resident->trace, resident->looks.list[i].pid)) {
			resident->looks.list[i].due_ns = 0;
		}
	}
}

static void add_stranger(void *context, uint32_t pid)
{
	struct resident *resident = context;

	if (resident->stranger_count < STRANGERS_MAX && pid != resident->waits_for) {
		resident->strangers[resident->stranger_count++] = pid;
	}
}

struct found_children {
	struct resident *resident;
	uint32_t pids[256];
	uint32_t count;
};

static void add_child(void *context, uint32_t pid)
{
	struct found_children *found = context;

	for (uint32_t i = 0; i < found->resident->stranger_count; i++) {
		if (found->resident->strangers[i] == pid) {
			return;
		}
	}
	if (found->count < sizeof(found->pids) / sizeof(found->pids[0])) {
		found->pids[found->count++] = pid;
	}
}

static bool is_known(const struct ctrace_process_looks *looks, uint32_t pid)
{
	for (uint32_t i = 0; i < looks->count; i++) {
		if (looks->list[i].pid == pid) {
			return true;
		}
	}
	return false;
}

/* Returns when the next one is due. */
static uint64_t search(struct resident *resident, uint32_t pid, uint64_t now_ns)
{
	struct found_children found = {.resident = resident};
	uint64_t begin_ns = ctrace_clock_raw_ns(), wait_ns = SEARCH_NS, cost_ns;

	ctrace_child_search(pid, add_child, &found);
	for (uint32_t i = 0; i < found.count; i++) {
		if (!is_known(&resident->looks, found.pids[i])) {
			ctrace_process_looks_add(&resident->looks, found.pids[i]);
		}
	}
	cost_ns = (ctrace_clock_raw_ns() - begin_ns) * SEARCH_COST_TIMES;
	wait_ns = cost_ns > wait_ns ? cost_ns : wait_ns;
	cost_ns = resident->looks.count * SEARCH_EACH_NS;
	return now_ns + (cost_ns > wait_ns ? cost_ns : wait_ns);
}

/* The recorder itself has those whose parents are gone. */
static void find_by_proc(struct resident *resident, uint64_t now_ns)
{
	if (resident->own_search_due_ns <= now_ns) {
		resident->own_search_due_ns = search(resident, (uint32_t)getpid(), now_ns);
	}
	for (uint32_t i = 0; i < resident->looks.count; i++) {
		struct ctrace_looked_process *process = &resident->looks.list[i];
		uint32_t pid = process->pid;
		uint64_t due_ns;

		if (process->search_due_ns > now_ns) {
			continue;
		}
		if (!ctrace_look_credit_is_left(&resident->credit)) {
			return;
		}
		due_ns = search(resident, pid, now_ns);
		resident->looks.list[i].search_due_ns = due_ns;
	}
}

static bool has_begun(struct resident *resident, uint64_t now_ns)
{
	struct ctrace_status_text status;

	if (resident->waits_for == 0) {
		return true;
	}
	if (now_ns < resident->until_ns && ctrace_status_read(resident->waits_for, &status) &&
	    strcmp(status.name, resident->name_before) == 0) {
		return false;
	}
	ctrace_process_looks_add(&resident->looks, resident->waits_for);
	resident->waits_for = 0;
	return true;
}

/* ---- the source ---- */

static void wait_for_program(struct resident *resident, const struct ctrace_source_target *target)
{
	struct ctrace_status_text status = {.name = ""};

	ctrace_status_read((uint32_t)target->pid, &status);
	memcpy(resident->name_before, status.name, sizeof(resident->name_before));
	resident->until_ns = ctrace_clock_raw_ns() + EXEC_WAIT_NS;
	resident->waits_for = (uint32_t)target->pid;
	resident->finding = target->trace->has_tasks ? FINDING_BY_TASKS : FINDING_BY_PROC;
	if (resident->finding == FINDING_BY_PROC) {
		ctrace_child_search((uint32_t)getpid(), add_stranger, resident);
	}
}

static void set_up_looks(struct resident *resident, const struct ctrace_source_target *target)
{
	uint64_t left = ctrace_own_descriptors_left() / 2;

	resident->looks = (struct ctrace_process_looks){
		.told = tell,
		.named = name,
		.context = resident,
		.kept_max = left < CTRACE_LOOKS_KEPT ? (uint32_t)left : CTRACE_LOOKS_KEPT,
		.is_inside = target->own != NULL,
	};
}

static struct ctrace_opened_source *open_resident(const struct ctrace_source_target *target,
						  struct ctrace_source_answer *answer)
{
	struct resident *resident = calloc(1, sizeof(*resident));

	probe(answer);
	if (!answer->is_available) {
		free(resident);
		return NULL;
	}
	if (resident == NULL ||
	    !ctrace_kernel_stream_init(&resident->stream, target->trace, NAME, CTRACE_NO_CPU)) {
		ctrace_source_refuse(answer, "", "there is no memory");
		free(resident);
		return NULL;
	}
	resident->trace = target->trace;
	set_up_looks(resident, target);
	if (target->own != NULL) {
		ctrace_process_looks_add(&resident->looks, (uint32_t)target->pid);
	} else {
		wait_for_program(resident, target);
	}
	return &resident->opened;
}

static void look_round(struct resident *resident, uint64_t now_ns)
{
	ctrace_look_credit_begin(&resident->credit, now_ns);
	if (has_begun(resident, now_ns)) {
		if (resident->finding == FINDING_BY_TASKS) {
			find_by_tasks(resident);
		} else if (resident->finding == FINDING_BY_PROC) {
			find_by_proc(resident, now_ns);
		}
		ctrace_process_looks_round(&resident->looks, now_ns, &resident->credit);
	}
	ctrace_look_credit_end(&resident->credit);
}

/* What it finds is no backlog, for which the next round should come sooner: not in pass->events. */
static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct resident *resident = (struct resident *)opened;
	uint64_t now_ns = ctrace_clock_raw_ns();

	if (pass->is_last) {
		ctrace_process_looks_last(&resident->looks, now_ns);
	} else {
		look_round(resident, now_ns);
	}
	ctrace_kernel_stream_tick(&resident->stream, now_ns / 1000000u);
	ctrace_kernel_threads_state(resident->trace);
	opened->counts.events = ctrace_kernel_stream_written(&resident->stream);
}

static void remark(const struct resident *resident, struct ctrace_source_counts *counts)
{
	const struct ctrace_process_looks *looks = &resident->looks;
	char *text = counts->remark;

	if (looks->left_out > 0) {
		snprintf(text, sizeof(counts->remark),
			 "%" PRIu64 " processes were not looked at: the limit is %u at a time",
			 looks->left_out, CTRACE_LOOKS_MAX);
	} else if (looks->unread > 0) {
		snprintf(text, sizeof(counts->remark),
			 "%" PRIu64 " of %" PRIu64 " looks told nothing", looks->unread,
			 looks->looks);
	} else if (looks->exceeded > 0) {
		snprintf(text, sizeof(counts->remark),
			 "of %" PRIu32
			 " process%s the kernel saw more between two looks: %s (%" PRIu32
			 ") had at most %" PRIu64 " MiB, seen were %" PRIu64,
			 looks->exceeded, looks->exceeded == 1 ? "" : "es", looks->worst.name,
			 looks->worst.pid, looks->worst.peak >> 20, looks->worst.most >> 20);
	} else if (resident->finding == FINDING_BY_PROC && !ctrace_child_search_is_there()) {
		snprintf(text, sizeof(counts->remark),
			 "of the program alone: nobody tells of its children here");
	}
}

static void close_resident(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct resident *resident = (struct resident *)opened;

	ctrace_process_looks_finish(&resident->looks);
	opened->counts.events = ctrace_kernel_stream_written(&resident->stream);
	*counts = opened->counts;
	ctrace_kernel_stream_finish(&resident->stream);
	remark(resident, counts);
	free(resident);
}

const struct ctrace_source ctrace_source_resident = {
	.name = NAME,
	.about = "memory that each process has in RAM, as top shows it",
	.costs = "1 to 20 us a look, 0.4 % of a processor's time at most",
	.gives = CTRACE_GIVES_RESIDENT,
	.probe = probe,
	.open = open_resident,
	.drain = drain,
	.close = close_resident,
};
