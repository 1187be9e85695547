/* SPDX-License-Identifier: MIT */
/* Programs in the kernel; see bpf_programs.h. */

#include "tracer/sources/bpf/bpf_programs.h"

#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/call_texts.h"
#include "tracer/sources/kernel/proc_text.h"

/* Generated of watch.bpf.c: its maps, programs, variables, and the object itself. */
#include "watch_skeleton.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define REMEDY	    "run as root, or once: setcap cap_bpf,cap_perfmon+ep on the ctrace program"

struct ctrace_bpf_programs {
	struct ctrace_watch *watch;
};

/* ---- may we? ---- */

/* CAP_SYS_ADMIN stands for both. */
static bool has_capabilities(void)
{
	const uint64_t both = UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;
	char text[4096];
	const char *line;
	uint64_t held;

	if (ctrace_proc_text("/proc/self/status", text, sizeof(text)) <= 0 ||
	    (line = strstr(text, "\nCapEff:")) == NULL) {
		return true; /* the kernel will say */
	}
	held = strtoull(line + strlen("\nCapEff:"), NULL, 16);
	return (held & both) == both || (held & UINT64_C(1) << CAP_SYS_ADMIN) != 0;
}

static void refuse(struct ctrace_source_answer *answer, const char *what, int error)
{
	bool is_right = error == EPERM || error == EACCES;

	ctrace_source_refuse(answer, is_right ? REMEDY : "", "%s: %s", what, strerror(error));
}

bool ctrace_bpf_programs_probe(struct ctrace_source_answer *answer)
{
	int map;

	answer->is_available = true;
	if (!has_capabilities()) {
		ctrace_source_refuse(answer, REMEDY, "CAP_BPF and CAP_PERFMON are missing");
		return false;
	}
	if (access(VMLINUX_BTF, R_OK) != 0) {
		ctrace_source_refuse(answer, "a kernel with CONFIG_DEBUG_INFO_BTF",
				     VMLINUX_BTF ": %s", strerror(errno));
		return false;
	}
	map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE),
			     NULL);
	if (map < 0) {
		refuse(answer, "the kernel refuses a ring buffer of BPF", errno);
		return false;
	}
	close(map);
	return true;
}

/* ---- loading ---- */

/* What libbpf has to say last is the reason; the log of a whole program is none. */
static char last_words[120];

__attribute__((format(printf, 2, 0))) static int keep_words(enum libbpf_print_level level,
							    const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && last_words[0] == '\0') {
		vsnprintf(last_words, sizeof(last_words), format, arguments);
		last_words[strcspn(last_words, "\n")] = '\0';
	}
	return 0;
}

/* The tracepoint has its arguments and, first, a pointer of the kernel's own. */
static bool has_switch_state(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf != NULL
			 ? btf__find_by_name_kind(btf, "btf_trace_sched_switch", BTF_KIND_TYPEDEF)
			 : -1;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	bool has = false;

	while (type != NULL && (btf_is_typedef(type) || btf_is_ptr(type))) {
		type = btf__type_by_id(btf, type->type);
	}
	if (type != NULL && btf_is_func_proto(type)) {
		has = btf_vlen(type) > 4;
	}
	btf__free(btf);
	return has;
}

static void set_texts(struct ctrace_watch *watch)
{
	_Static_assert(CTRACE_BPF_CALLS == CTRACE_CALL_LIBRARY_FIRST &&
			       CTRACE_BPF_COMPAT_CALLS == CTRACE_CALL_COMPAT &&
			       CTRACE_BPF_ADDRESS_SHIFT == CTRACE_CALL_ADDRESS_SHIFT,
		       "both sides number calls alike");
	for (uint32_t call = 0; call < CTRACE_BPF_CALLS; call++) {
		const char *name = ctrace_call_name(call);

		watch->rodata->call_texts[call] =
			(uint16_t)(name != NULL ? ctrace_call_texts(name) : 0);
	}
}

static bool load(struct ctrace_watch *watch, unsigned cpus, struct ctrace_source_answer *answer)
{
	int result;

	watch->rodata->cpu_count = cpus;
	watch->rodata->has_switch_state = has_switch_state();
	set_texts(watch);
	bpf_map__set_max_entries(watch->maps.counts, cpus);
	bpf_map__set_max_entries(watch->maps.rings, cpus);
	result = ctrace_watch__load(watch);
	if (result != 0) {
		refuse(answer,
		       last_words[0] != '\0' ? last_words : "the kernel refuses BPF programs",
		       -result);
	}
	return result == 0;
}

struct ctrace_bpf_programs *ctrace_bpf_programs_load(unsigned cpus,
						     struct ctrace_source_answer *answer)
{
	struct ctrace_bpf_programs *programs = calloc(1, sizeof(*programs));

	libbpf_set_print(keep_words);
	last_words[0] = '\0';
	if (programs == NULL || (programs->watch = ctrace_watch__open()) == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
		free(programs);
		return NULL;
	}
	if (!load(programs->watch, cpus, answer)) {
		ctrace_bpf_programs_destroy(programs);
		return NULL;
	}
	return programs;
}

void ctrace_bpf_programs_destroy(struct ctrace_bpf_programs *programs)
{
	if (programs != NULL) {
		ctrace_watch__destroy(programs->watch);
		free(programs);
	}
}

int ctrace_bpf_programs_use(struct ctrace_bpf_programs *programs, uint32_t cpu, int ring)
{
	int map = bpf_map__fd(programs->watch->maps.rings);

	return bpf_map_update_elem(map, &cpu, &ring, BPF_ANY) == 0 ? 0 : -errno;
}

bool ctrace_bpf_programs_attach(struct ctrace_bpf_programs *programs,
				struct ctrace_source_answer *answer)
{
	int result = ctrace_watch__attach(programs->watch);

	if (result != 0) {
		refuse(answer, "the kernel does not run BPF programs at its tracepoints", -result);
	}
	return result == 0;
}

/* ---- while they run: they read these words at their beginning, in no order with anything ---- */

void ctrace_bpf_programs_follow(struct ctrace_bpf_programs *programs, uint32_t tid)
{
	__atomic_store_n(&programs->watch->bss->next_tid, tid, __ATOMIC_RELAXED);
}

void ctrace_bpf_programs_begin(struct ctrace_bpf_programs *programs)
{
	__atomic_store_n(&programs->watch->bss->is_on, true, __ATOMIC_RELAXED);
}

/* A program counts as a reader for RCU, which the kernel waits for. */
void ctrace_bpf_programs_end(struct ctrace_bpf_programs *programs)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	__atomic_store_n(&programs->watch->bss->is_on, false, __ATOMIC_RELAXED);
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
		nanosleep(&pause, NULL);
	}
}

static void empty_places(struct ctrace_bpf_programs *programs)
{
	struct bpf_map *map = programs->watch->maps.places;
	void *nobody = calloc(1, bpf_map__value_size(map));

	for (uint32_t i = 0; nobody != NULL && i < CTRACE_BPF_PLACES; i++) {
		bpf_map_update_elem(bpf_map__fd(map), &i, nobody, BPF_ANY);
	}
	free(nobody);
}

void ctrace_bpf_programs_forget(struct ctrace_bpf_programs *programs)
{
	int map = bpf_map__fd(programs->watch->maps.threads);
	uint64_t key;

	ctrace_bpf_programs_follow(programs, 0);
	while (bpf_map_get_next_key(map, NULL, &key) == 0) {
		bpf_map_delete_elem(map, &key);
	}
	empty_places(programs);
}

/* ---- what they counted ---- */

struct ctrace_bpf_counts ctrace_bpf_programs_counts(const struct ctrace_bpf_programs *programs,
						    uint32_t cpu)
{
	struct ctrace_bpf_counts counts = {.tried = 0};

	bpf_map_lookup_elem(bpf_map__fd(programs->watch->maps.counts), &cpu, &counts);
	return counts;
}

void ctrace_bpf_programs_restart(struct ctrace_bpf_programs *programs, uint32_t cpu)
{
	const struct ctrace_bpf_counts none = {.tried = 0};

	bpf_map_update_elem(bpf_map__fd(programs->watch->maps.counts), &cpu, &none, BPF_ANY);
}

uint64_t ctrace_bpf_programs_unfollowed(const struct ctrace_bpf_programs *programs)
{
	return __atomic_load_n(&programs->watch->bss->unfollowed, __ATOMIC_RELAXED);
}

/* Of those that may run while another of their kind does, on the same CPU: never, as far as known.
 */
uint64_t ctrace_bpf_programs_missed(const struct ctrace_bpf_programs *programs)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, programs->watch->obj)
	{
		struct bpf_prog_info info = {.id = 0};
		uint32_t size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0) {
			missed += info.recursion_misses;
		}
	}
	return missed;
}
