/* SPDX-License-Identifier: MIT */

/* ctrace_flight_start, ctrace_flight_stop and ctrace_snapshot of <ctrace/trace.h>. */

#include "tracer/src/collect/collect.h"
#include "tracer/src/flight/flight.h"
#include "tracer/src/library/api.h"
#include "tracer/src/library/library.h"
#include "tracer/src/sites/quiet.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the settings leave open; a time without memory is bounded by the usual memory. */
static int plan_size(struct ctrace_flight_plan *plan, const struct ctrace_flight_settings *settings)
{
	double ns = settings->seconds * 1e9;

	if (!(ns >= 0 && ns <= (double)CTRACE_FLIGHT_NS_MAX)) {
		return -EINVAL;
	}
	plan->span_ns = (uint64_t)ns;
	if (plan->span_ns == 0 && settings->bytes == 0) {
		plan->span_ns = CTRACE_FLIGHT_SECONDS_DEFAULT * UINT64_C(1000000000);
	}
	plan->bytes = settings->bytes != 0 ? settings->bytes : CTRACE_FLIGHT_BYTES_DEFAULT;
	return plan->bytes >= CTRACE_FLIGHT_BYTES_MIN && plan->bytes <= CTRACE_FLIGHT_BYTES_MAX
		       ? 0
		       : -EINVAL;
}

static int plan_occasions(struct ctrace_flight_plan *plan,
			  const struct ctrace_flight_settings *settings)
{
	plan->pattern = settings->file != NULL ? settings->file : CTRACE_FLIGHT_PATTERN_DEFAULT;
	plan->signal = settings->signal;
	plan->on_crash = settings->on_crash != 0;
	if (ctrace_flight_rules_parse(settings->rules, &plan->rules) != NULL ||
	    ctrace_flight_pattern_check(plan->pattern) != NULL ||
	    (plan->signal != 0 && ctrace_flight_signal_check(plan->signal) != NULL)) {
		return -EINVAL;
	}
	return 0;
}

int ctrace_flight_start(const struct ctrace_flight_settings *settings)
{
	const struct ctrace_flight_settings none = {0};
	struct ctrace_flight_plan plan = {0};
	char categories[CTRACE_API_CATEGORIES_MAX];
	int result, saved = errno;

	if (settings == NULL) {
		settings = &none;
	}
	if (ctrace_collect_is_self() || plan_size(&plan, settings) != 0 ||
	    plan_occasions(&plan, settings) != 0) {
		return -EINVAL;
	}
	ctrace_quiet_begin();
	ctrace_library_init();
	plan.categories = settings->categories;
	if (plan.categories == NULL && ctrace_api_get_categories(categories)) {
		plan.categories = categories;
	}
	result = ctrace_flight_begin(&plan);
	ctrace_quiet_end();
	errno = saved;
	return result;
}

int ctrace_flight_stop(void)
{
	int result, saved = errno;

	ctrace_quiet_begin();
	result = ctrace_collect_is_self() ? -EINVAL : ctrace_flight_end();
	ctrace_quiet_end();
	errno = saved;
	return result;
}

struct callback {
	int (*write)(void *context, const void *bytes, size_t size);
	void *context;
};

static enum ctrace_status call_back(void *sink, const void *bytes, size_t size)
{
	const struct callback *callback = sink;

	return callback->write(callback->context, bytes, size) == 0 ? CTRACE_OK : CTRACE_ERR_IO;
}

static int write_snapshot(const struct ctrace_snapshot *snapshot,
			  const struct ctrace_snapshot_settings *settings)
{
	struct callback callback = {.write = settings->write, .context = settings->context};
	enum ctrace_status status;

	if (settings->file != NULL) {
		return ctrace_flight_file_write(settings->file, snapshot);
	}
	status = ctrace_snapshot_write(snapshot, call_back, &callback);
	return status == CTRACE_OK ? 0 : status == CTRACE_ERR_NO_MEMORY ? -ENOMEM : -EIO;
}

static int take_snapshot(const struct ctrace_snapshot_settings *settings, uint64_t last_ns)
{
	struct ctrace_snapshot snapshot = {.last_ns = last_ns, .reason = "api"};
	int result;

	if (settings->file == NULL && settings->write == NULL) {
		return ctrace_flight_take_file("api", "api", last_ns);
	}
	result = ctrace_flight_take(&snapshot);
	if (result == 0) {
		result = write_snapshot(&snapshot, settings);
	}
	ctrace_snapshot_finish(&snapshot);
	return result;
}

int ctrace_snapshot(const struct ctrace_snapshot_settings *settings)
{
	const struct ctrace_snapshot_settings none = {0};
	double ns;
	int result, saved = errno;

	if (settings == NULL) {
		settings = &none;
	}
	ns = settings->seconds * 1e9;
	if (ctrace_collect_is_self() || !(ns >= 0 && ns <= (double)CTRACE_FLIGHT_NS_MAX) ||
	    (settings->file != NULL && settings->write != NULL)) {
		return -EINVAL;
	}
	ctrace_quiet_begin();
	result = take_snapshot(settings, (uint64_t)ns);
	ctrace_quiet_end();
	errno = saved;
	return result;
}
