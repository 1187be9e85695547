/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_NAMES_H
#define CTRACE_NAMES_H

/* The numbers of names: fixed ones first, then every distinct name of a site, a call, a function, a
 * thread. */

#include "viewer-server/model/model_parts.h"
#include "viewer-server/model/threads/pairing.h"
#include "viewer-server/model/tile.h"

/* Fill names, name_count, site_names, string_names and thread_names; model->threads are there. */
enum ctrace_status ctrace_names_init(struct ctrace_model *model);
void ctrace_names_finish(struct ctrace_model *model);

/* The name of a string that is a site's, a call's or a function's. */
static inline uint32_t ctrace_names_of_string(const struct ctrace_model *model, uint32_t string)
{
	return model->string_names[string < model->string_end ? string : model->string_end];
}

/* Does the call map memory, or give it back? */
static inline bool ctrace_names_is_mapping(const struct ctrace_model *model, uint32_t call)
{
	return call < ctrace_trace_call_end(model->trace) && model->mapping_calls[call] != 0;
}

/* A name made up while lanes are put together; `text` is copied. CTRACE_NONE: no memory. */
uint32_t ctrace_names_add(struct ctrace_model *model, struct ctrace_bytes text);

uint32_t ctrace_names_of_call(const struct ctrace_model *model, uint32_t call);
/* CTRACE_REAL_IS_SYSCALL or CTRACE_REAL_IS_CALL. */
uint32_t ctrace_names_flags_of_call(const struct ctrace_model *model, uint32_t call);
/* Of a stack's innermost function. */
uint32_t ctrace_names_of_stack(const struct ctrace_model *model, uint32_t stack);

/* The name of a site; CTRACE_NAME_UNKNOWN for one that is not defined. */
static inline uint32_t ctrace_names_of_site(const struct ctrace_model *model, uint32_t site)
{
	if (__builtin_expect(ctrace_is_call_site(site), 0)) {
		return ctrace_names_of_call(model, ctrace_call_of_site(site));
	}
	if (__builtin_expect(ctrace_is_collector_site(site), 0)) {
		return CTRACE_NAME_COLLECTOR + ctrace_collector_of_site(site);
	}
	return site < model->site_end ? model->site_names[site] & CTRACE_NAME_MASK
				      : (uint32_t)CTRACE_NAME_UNKNOWN;
}

/* CTRACE_REAL_HAS_ARGS or 0; of a call also which kind it is. */
static inline uint32_t ctrace_names_flags_of_site(const struct ctrace_model *model, uint32_t site)
{
	if (__builtin_expect(ctrace_is_call_site(site), 0)) {
		return CTRACE_REAL_HAS_ARGS |
		       ctrace_names_flags_of_call(model, ctrace_call_of_site(site));
	}
	if (__builtin_expect(ctrace_is_collector_site(site), 0)) {
		return CTRACE_REAL_IS_COLLECTOR;
	}
	return site < model->site_end ? model->site_names[site] >> CTRACE_FLAGS_SHIFT : 0;
}

#endif
