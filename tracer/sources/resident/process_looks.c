/* SPDX-License-Identifier: MIT */
/* Who is looked at, and when; see process_looks.h. */

#include "tracer/sources/resident/process_looks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS		1000000u
#define CHANGING_NS	(20u * MS)
#define QUIET_NS	(500u * MS)
#define STATUS_FIRST_NS (100u * MS)
#define STATUS_QUIET_NS (1000u * MS)
#define STATUS_EACH_NS	(50u * MS) /* so long for each process that there is */
/* The kernel counts pages by processor, and sums them up when it is asked or when they are many. */
#define PEAK_SLACK_BYTES (UINT64_C(1) << 20)

/* ---- the list ---- */

static struct ctrace_looked_process *find(const struct ctrace_process_looks *looks, uint32_t pid)
{
	for (uint32_t i = 0; i < looks->count; i++) {
		if (looks->list[i].pid == pid) {
			return &looks->list[i];
		}
	}
	return NULL;
}

static bool has_room(struct ctrace_process_looks *looks)
{
	uint32_t room = looks->room == 0 ? 16 : 2 * looks->room;
	struct ctrace_looked_process *more;

	if (looks->count < looks->room) {
		return true;
	}
	if (looks->count == CTRACE_LOOKS_MAX) {
		return false;
	}
	more = realloc(looks->list, room * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	looks->list = more;
	looks->room = room;
	return true;
}

static void give_back(struct ctrace_process_looks *looks, struct ctrace_looked_process *process)
{
	looks->kept -= process->kept != NULL;
	ctrace_kept_close(process->kept);
	process->kept = NULL;
}

static uint64_t between_looks(const struct ctrace_looked_process *process)
{
	return process->peak > process->most ? process->peak - process->most : 0;
}

static void note_peak(struct ctrace_process_looks *looks,
		      const struct ctrace_looked_process *process)
{
	if (process->most == 0 ||
	    between_looks(process) <= PEAK_SLACK_BYTES + process->most / 64u) {
		return;
	}
	looks->exceeded++;
	if (between_looks(process) > between_looks(&looks->worst)) {
		looks->worst = *process;
		looks->worst.kept = NULL;
	}
}

/* Its place is the last one's now. */
static void forget(struct ctrace_process_looks *looks, struct ctrace_looked_process *process)
{
	static const struct ctrace_statm none;

	if (process->told.resident != 0) {
		looks->told(looks->context, process->pid, &none);
	}
	note_peak(looks, process);
	give_back(looks, process);
	*process = looks->list[--looks->count];
}

/* ---- one look ---- */

static enum ctrace_statm_answer look_anew(struct ctrace_process_looks *looks,
					  struct ctrace_looked_process *process,
					  struct ctrace_statm *statm)
{
	int fd = ctrace_statm_open(process->pid);
	enum ctrace_statm_answer answer;

	if (fd < 0) {
		return ctrace_statm_why(errno);
	}
	answer = ctrace_statm_read(fd, statm);
	if (answer != CTRACE_STATM_READ || looks->kept >= looks->kept_max) {
		close(fd);
		return answer;
	}
	process->kept = ctrace_kept_add(fd);
	looks->kept += process->kept != NULL;
	return answer;
}

static enum ctrace_statm_answer ask(struct ctrace_process_looks *looks,
				    struct ctrace_looked_process *process,
				    struct ctrace_statm *statm)
{
	if (process->kept != NULL && looks->is_inside && !ctrace_kept_is_ours(process->kept)) {
		give_back(looks, process);
	}
	return process->kept != NULL ? ctrace_statm_read(ctrace_kept_fd(process->kept), statm)
				     : look_anew(looks, process, statm);
}

static void tell(struct ctrace_process_looks *looks, struct ctrace_looked_process *process,
		 const struct ctrace_statm *statm)
{
	process->told = *statm;
	looks->told(looks->context, process->pid, statm);
}

static bool is_changed(const struct ctrace_looked_process *process,
		       const struct ctrace_statm *statm)
{
	return statm->resident != process->told.resident || statm->shared != process->told.shared;
}

/* False: it has ended, and is forgotten. */
static bool look(struct ctrace_process_looks *looks, struct ctrace_looked_process *process,
		 uint64_t now_ns)
{
	struct ctrace_statm statm = {0};
	enum ctrace_statm_answer answer = ask(looks, process, &statm);
	bool is_new = answer == CTRACE_STATM_READ && is_changed(process, &statm);

	looks->looks++;
	looks->unread += answer == CTRACE_STATM_UNREAD;
	if (answer == CTRACE_STATM_GONE) {
		forget(looks, process);
		return false;
	}
	if (is_new) {
		tell(looks, process, &statm);
	}
	if (statm.resident > process->most) {
		process->most = statm.resident;
	}
	process->wait_ns = is_new ? CHANGING_NS : 2 * process->wait_ns;
	if (process->wait_ns > QUIET_NS) {
		process->wait_ns = QUIET_NS;
	}
	process->due_ns = now_ns + process->wait_ns;
	return true;
}

/* The more processes, the more seldom each. */
static void ask_status(struct ctrace_process_looks *looks, struct ctrace_looked_process *process,
		       uint64_t now_ns)
{
	uint64_t least_ns = (uint64_t)looks->count * STATUS_EACH_NS;
	struct ctrace_status_text status;

	process->status_wait_ns = 2 * process->status_wait_ns < STATUS_QUIET_NS
					  ? 2 * process->status_wait_ns
					  : STATUS_QUIET_NS;
	process->status_due_ns =
		now_ns + (process->status_wait_ns > least_ns ? process->status_wait_ns : least_ns);
	if (!ctrace_status_read(process->pid, &status)) {
		return;
	}
	memcpy(process->name, status.name, sizeof(process->name));
	looks->named(looks->context, process->pid, process->name);
	if (status.peak > process->peak) {
		process->peak = status.peak;
	}
}

/* ---- rounds ---- */

void ctrace_process_looks_add(struct ctrace_process_looks *looks, uint32_t pid)
{
	struct ctrace_looked_process *known = find(looks, pid);

	if (known != NULL) {
		known->due_ns = 0;
		return;
	}
	if (!has_room(looks)) {
		looks->left_out++;
		return;
	}
	looks->list[looks->count++] = (struct ctrace_looked_process){
		.pid = pid, .wait_ns = CHANGING_NS, .status_wait_ns = STATUS_FIRST_NS / 2};
}

/* Those that find no credit are the first of the next round. */
void ctrace_process_looks_round(struct ctrace_process_looks *looks, uint64_t now_ns,
				struct ctrace_look_credit *credit)
{
	for (uint32_t left = looks->count; left > 0 && looks->count > 0; left--) {
		struct ctrace_looked_process *process = &looks->list[looks->next % looks->count];
		bool is_due = process->due_ns <= now_ns;
		bool is_status_due = process->status_due_ns <= now_ns;

		if ((is_due || is_status_due) && !ctrace_look_credit_is_left(credit)) {
			return;
		}
		if (is_due && !look(looks, process, now_ns)) {
			continue;
		}
		if (is_status_due) {
			ask_status(looks, process, now_ns);
		}
		looks->next = (looks->next + 1) % looks->count;
	}
}

void ctrace_process_looks_last(struct ctrace_process_looks *looks, uint64_t now_ns)
{
	for (uint32_t i = looks->count; i-- > 0;) {
		struct ctrace_looked_process *process = &looks->list[i];

		ask_status(looks, process, now_ns);
		process->told.shared = UINT64_MAX; /* as if it had changed */
		look(looks, process, now_ns);
	}
}

void ctrace_process_looks_finish(struct ctrace_process_looks *looks)
{
	for (uint32_t i = 0; i < looks->count; i++) {
		note_peak(looks, &looks->list[i]);
		give_back(looks, &looks->list[i]);
	}
	free(looks->list);
	looks->list = NULL;
	looks->count = 0;
	looks->room = 0;
}
