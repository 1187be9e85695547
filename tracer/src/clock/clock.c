/* SPDX-License-Identifier: MIT */

/* Chooses the clock and takes snapshots of all clocks; see clock.h. */

#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SNAPSHOT_TRIES 50
#define COST_TRIES     64
/* A hypervisor that traps the instruction makes it cost microseconds. */
#define COUNTER_COST_MAX_NS 100
/* The slope is then good to 5e-8; the trace's own snapshots make it better. */
#define FREQUENCY_SPAN_NS 10000000u
/* A clock that stands still, or was set, is not waited for. */
#define FREQUENCY_RESTS 10
/* No counter is slower or faster; a measure beyond says that a clock was set meanwhile. */
#define FREQUENCY_MIN 1000000u
#define FREQUENCY_MAX 100000000000u
/* How far ticks and nanoseconds may part before it counts as a jump: reading them, and how far a
 * counter may be from its nominal frequency. */
#define JUMP_NS	   10000.0
#define JUMP_SHARE 50e-6

_Atomic bool ctrace_clock_is_counter;

/* Ticks and nanoseconds of when the library was loaded. */
static uint64_t first_ticks, first_ns;

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now = {0};

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t ctrace_clock_raw_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC_RAW);
}

/* What the kernel itself goes by; empty if it does not say. */
static void read_clock_source(char *name, size_t size)
{
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd >= 0) {
		got = read(fd, name, size - 1);
		close(fd);
	}
	name[got > 0 ? got : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

/* The kernel watches the counter and leaves it when it proves unsteady: follow its judgement. */
static bool does_kernel_trust_counter(void)
{
	const char *const *source = ctrace_counter_sources();
	char name[64];

	read_clock_source(name, sizeof(name));
	if (name[0] == '\0') {
		return true;
	}
	while (*source != NULL && strcmp(*source, name) != 0) {
		source++;
	}
	return *source != NULL;
}

static bool is_counter_forbidden(void)
{
#ifdef PR_GET_TSC
	int how = PR_TSC_ENABLE;

	return prctl(PR_GET_TSC, &how) == 0 && how == PR_TSC_SIGSEGV;
#else
	return false;
#endif
}

static bool is_counter_cheap(void)
{
	uint64_t begin = ctrace_clock_raw_ns();
	uint64_t end;

	for (int i = 0; i < COST_TRIES; i++) {
		(void)ctrace_counter_read();
	}
	end = ctrace_clock_raw_ns();
	return end - begin < (uint64_t)COST_TRIES * COUNTER_COST_MAX_NS;
}

static bool can_counter_be_trusted(void)
{
	return ctrace_counter_is_invariant() && !is_counter_forbidden() &&
	       does_kernel_trust_counter() && is_counter_cheap();
}

static void use_counter(bool yes)
{
	atomic_store_explicit(&ctrace_clock_is_counter, yes, memory_order_relaxed);
	first_ns = ctrace_clock_raw_ns();
	first_ticks = ctrace_clock_ticks();
}

void ctrace_clock_choose(void)
{
	int saved = errno;

	use_counter(can_counter_be_trusted());
	errno = saved;
}

int ctrace_clock_force(const char *name)
{
	if (strcmp(name, "monotonic_raw") == 0) {
		use_counter(false);
		return 0;
	}
	if (strcmp(name, "tsc") == 0 && CTRACE_COUNTER_KIND != CTRACE_CLOCK_MONOTONIC_RAW &&
	    !is_counter_forbidden()) {
		use_counter(true);
		return 0;
	}
	return -EINVAL;
}

bool ctrace_clock_is(const char *name)
{
	return strcmp(name, atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed)
				    ? "tsc"
				    : "monotonic_raw") == 0;
}

enum ctrace_clock_kind ctrace_clock_kind(void)
{
	return atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed)
		       ? CTRACE_COUNTER_KIND
		       : CTRACE_CLOCK_MONOTONIC_RAW;
}

/* Ticks a second since `ticks` and `ns`; 0 if the clocks make no sense. */
static uint64_t measure(uint64_t ticks, uint64_t ns)
{
	struct ctrace_clock_row now;
	unsigned __int128 frequency;

	ctrace_clock_snapshot(&now);
	if (now.raw_ns <= ns || now.ticks <= ticks) {
		return 0;
	}
	frequency = (unsigned __int128)(now.ticks - ticks) * 1000000000u / (now.raw_ns - ns);
	return frequency >= FREQUENCY_MIN && frequency <= FREQUENCY_MAX ? (uint64_t)frequency : 0;
}

uint64_t ctrace_clock_frequency_now(void)
{
	if (!atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed)) {
		return 1000000000u;
	}
	if (ctrace_counter_nominal() != 0) {
		return ctrace_counter_nominal();
	}
	if (ctrace_clock_raw_ns() - first_ns < FREQUENCY_SPAN_NS) {
		return 0;
	}
	return measure(first_ticks, first_ns);
}

uint64_t ctrace_clock_frequency(void)
{
	const struct timespec rest = {0, FREQUENCY_SPAN_NS};
	uint64_t frequency = ctrace_clock_frequency_now();
	struct ctrace_clock_row since;

	for (int i = 0; i < FREQUENCY_RESTS && frequency == 0; i++) {
		nanosleep(&rest, NULL);
		frequency = ctrace_clock_frequency_now();
	}
	if (frequency == 0) {
		ctrace_clock_snapshot(&since); /* one of them was set: look only at now */
		nanosleep(&rest, NULL);
		frequency = measure(since.ticks, since.raw_ns);
	}
	return frequency != 0 ? frequency : 1000000000u;
}

/* Another clock at the moment `raw_ns`: read between two readings of the raw clock. */
static uint64_t clock_at(clockid_t id, uint64_t raw_ns)
{
	uint64_t shortest = UINT64_MAX, value = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t before = ctrace_clock_raw_ns();
		uint64_t now = clock_ns(id);
		uint64_t after = ctrace_clock_raw_ns();

		if (after - before < shortest) {
			shortest = after - before;
			value = now - (before + (after - before) / 2 - raw_ns);
		}
	}
	return value;
}

struct ctrace_clock_pair ctrace_clock_now(void)
{
	uint64_t before = ctrace_clock_ticks();
	uint64_t raw_ns = ctrace_clock_raw_ns();
	uint64_t after = ctrace_clock_ticks();

	return (struct ctrace_clock_pair){.ticks = before + (after - before) / 2,
					  .raw_ns = raw_ns,
					  .uncertainty = after - before};
}

bool ctrace_clock_has_jumped(const struct ctrace_clock_pair *then,
			     const struct ctrace_clock_pair *now, uint64_t ticks_per_second)
{
	double passed_ns = (double)(int64_t)(now->raw_ns - then->raw_ns);
	double ns_per_tick = 1e9 / (double)ticks_per_second;
	double counted_ns = (double)(int64_t)(now->ticks - then->ticks) * ns_per_tick;
	double limit_ns = JUMP_NS + passed_ns * JUMP_SHARE;

	if ((double)now->uncertainty * ns_per_tick > JUMP_NS) {
		return false;
	}
	return counted_ns - passed_ns > limit_ns || passed_ns - counted_ns > limit_ns;
}

void ctrace_clock_snapshot(struct ctrace_clock_row *row)
{
	*row = (struct ctrace_clock_row){.uncertainty = UINT64_MAX};
	if (!atomic_load_explicit(&ctrace_clock_is_counter, memory_order_relaxed)) {
		row->ticks = row->raw_ns = ctrace_clock_raw_ns();
		row->uncertainty = 0;
	}
	for (int i = 0; i < SNAPSHOT_TRIES && row->uncertainty > 0; i++) {
		uint64_t before = ctrace_counter_read();
		uint64_t raw_ns = ctrace_clock_raw_ns();
		uint64_t after = ctrace_counter_read();

		if (after - before < row->uncertainty) {
			row->uncertainty = after - before;
			row->ticks = before + (after - before) / 2;
			row->raw_ns = raw_ns;
		}
	}
	row->monotonic_ns = clock_at(CLOCK_MONOTONIC, row->raw_ns);
	row->boottime_ns = clock_at(CLOCK_BOOTTIME, row->raw_ns);
	row->realtime_ns = clock_at(CLOCK_REALTIME, row->raw_ns);
}
