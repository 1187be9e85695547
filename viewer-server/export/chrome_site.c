/* SPDX-License-Identifier: MIT */
/* The texts of a call site: its name and category escaped, its argument keys made different from
 * each other. */

#include "viewer-server/export/chrome_site.h"

#include "viewer-server/export/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a site's texts are collected: one piece of memory, as large as it could get. */
struct text_builder {
	char *at;
};

static struct ctrace_bytes literal(const char *text)
{
	return (struct ctrace_bytes){.bytes = text, .size = (uint32_t)strlen(text)};
}

static struct ctrace_bytes string_or(const struct ctrace_trace *trace, uint32_t id,
				     const char *otherwise)
{
	struct ctrace_bytes text = ctrace_trace_string(trace, id);

	return text.size > 0 ? text : literal(otherwise);
}

static void put(struct text_builder *builder, const char *text)
{
	size_t size = strlen(text);

	memcpy(builder->at, text, size);
	builder->at += size;
}

static struct ctrace_chrome_text text_since(const struct text_builder *builder, const char *start)
{
	return (struct ctrace_chrome_text){.bytes = start, .size = (uint32_t)(builder->at - start)};
}

static struct ctrace_chrome_text put_member(struct text_builder *builder, const char *before,
					    struct ctrace_bytes value)
{
	const char *start = builder->at;

	put(builder, before);
	builder->at = ctrace_json_string(builder->at, value.bytes, value.size);
	return text_since(builder, start);
}

/* What the kind of a site is in Chrome's words; spans that do not end are changed when written. */
static const char *phase_of(uint32_t kind)
{
	switch (kind) {
	case CTRACE_KIND_INSTANT:
	case CTRACE_KIND_LOG:
		return ",\"ph\":\"i\",\"s\":\"t\"";
	case CTRACE_KIND_COUNTER:
		return ",\"ph\":\"C\"";
	case CTRACE_KIND_TASK_BEGIN:
		return ",\"ph\":\"b\"";
	case CTRACE_KIND_TASK_STEP:
		return ",\"ph\":\"n\"";
	default:
		return ",\"ph\":\"X\"";
	}
}

static const char *nameless(uint32_t kind)
{
	return kind == CTRACE_KIND_LOG ? "log" : "?";
}

static void make_head(struct ctrace_chrome_site *made, struct text_builder *builder,
		      struct ctrace_bytes name, struct ctrace_bytes category, uint32_t kind)
{
	made->name = put_member(builder, "{\"name\":", name);
	made->cat = put_member(builder, ",\"cat\":", category);
	put(builder, phase_of(kind));
	made->head = text_since(builder, made->name.bytes);
}

static bool is_same(struct ctrace_chrome_text a, struct ctrace_chrome_text b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_taken(const struct ctrace_chrome_site *made, unsigned count,
		     struct ctrace_chrome_text key)
{
	for (unsigned i = 0; i < count; i++) {
		if (is_same(made->keys[i], key)) {
			return true;
		}
	}
	return false;
}

/*
 * A key that none of the first `count` has: JSON objects hold a key once. The
 * second argument of a name gets " 2" behind it, and so on.
 */
static struct ctrace_chrome_text put_key(const struct ctrace_chrome_site *made, unsigned count,
					 struct text_builder *builder, struct ctrace_bytes name)
{
	char *start = builder->at;

	for (unsigned number = 1;; number++) {
		char suffix[16] = "";
		if (number > 1) {
			snprintf(suffix, sizeof(suffix), " %u", number);
		}
		builder->at = start;
		put(builder, "\"");
		builder->at = ctrace_json_escape_key(builder->at, name.bytes, name.size);
		put(builder, suffix);
		put(builder, "\":");
		struct ctrace_chrome_text key = text_since(builder, start);
		if (!is_taken(made, count, key)) {
			return key;
		}
	}
}

static struct ctrace_bytes key_name(const struct ctrace_trace *trace,
				    const struct ctrace_site *site, unsigned i)
{
	if (i == 0 && site->kind == CTRACE_KIND_COUNTER) {
		return string_or(trace, site->arg_names[i], "value");
	}
	if (i == 0 && site->kind == CTRACE_KIND_LOG) {
		return string_or(trace, site->arg_names[i], "message");
	}
	if (i == 1 && site->kind == CTRACE_KIND_TASK_BEGIN) {
		return string_or(trace, site->arg_names[i], "parent");
	}
	return string_or(trace, site->arg_names[i], "arg");
}

static void make_keys(struct ctrace_chrome_site *made, const struct ctrace_trace *trace,
		      struct text_builder *builder)
{
	static const char *const own[CTRACE_CHROME_KEY_COUNT] = {
		[CTRACE_CHROME_KEY_TASK] = "task",
		[CTRACE_CHROME_KEY_BEGAN_BEFORE] = "began_before",
		[CTRACE_CHROME_KEY_UNFINISHED] = "unfinished",
		[CTRACE_CHROME_KEY_RESTATED] = "restated",
	};
	unsigned count = made->site == NULL ? 0 : made->site->arg_count;
	const char *start = builder->at;

	for (unsigned i = 0; i < count; i++) {
		made->keys[i] = put_key(made, i, builder, key_name(trace, made->site, i));
	}
	for (unsigned i = 0; i < CTRACE_CHROME_KEY_COUNT; i++) {
		made->own_keys[i] = put_key(made, count, builder, literal(own[i]));
	}
	made->key_bytes = text_since(builder, start).size;
}

static size_t room_for(const struct ctrace_trace *trace, const struct ctrace_site *site)
{
	size_t bytes = 512 + CTRACE_CHROME_COPY_STEP + CTRACE_JSON_SLACK;

	if (site == NULL) {
		return bytes;
	}
	bytes += CTRACE_JSON_STRING_BYTES(ctrace_trace_string(trace, site->name).size);
	bytes += CTRACE_JSON_STRING_BYTES(ctrace_trace_string(trace, site->category).size);
	for (unsigned i = 0; i < site->arg_count; i++) {
		uint32_t size = ctrace_trace_string(trace, site->arg_names[i]).size;
		bytes += CTRACE_JSON_STRING_BYTES(size) + 32;
	}
	return bytes;
}

/* The site and all its texts in one piece of memory. */
static struct ctrace_chrome_site *make(const struct ctrace_trace *trace,
				       const struct ctrace_site *site)
{
	struct ctrace_bytes name = literal("?"), category = literal("app");
	uint32_t kind = CTRACE_KIND_SPAN_BEGIN;
	struct ctrace_chrome_site *made = calloc(1, sizeof(*made) + room_for(trace, site));
	struct text_builder builder;

	if (made == NULL) {
		return NULL;
	}
	builder = (struct text_builder){.at = (char *)(made + 1)};
	if (site != NULL) {
		kind = site->kind;
		name = string_or(trace, site->name, nameless(kind));
		category = string_or(trace, site->category, "app");
	}
	made->site = site;
	make_head(made, &builder, name, category, kind);
	make_keys(made, trace, &builder);
	return made;
}

enum ctrace_status ctrace_chrome_sites_init(struct ctrace_chrome_sites *sites,
					    const struct ctrace_trace *trace)
{
	*sites = (struct ctrace_chrome_sites){.trace = trace};
	sites->count = ctrace_trace_site_end(trace);
	sites->sites = calloc((size_t)sites->count + 1, sizeof(struct ctrace_chrome_site *));
	sites->unknown = make(trace, NULL);
	if (sites->sites == NULL || sites->unknown == NULL) {
		ctrace_chrome_sites_finish(sites);
		return CTRACE_ERR_NO_MEMORY;
	}
	return CTRACE_OK;
}

void ctrace_chrome_sites_finish(struct ctrace_chrome_sites *sites)
{
	if (sites == NULL) {
		return;
	}
	for (uint32_t i = 0; sites->sites != NULL && i < sites->count; i++) {
		free(sites->sites[i]);
	}
	free(sites->unknown);
	free(sites->sites);
	*sites = (struct ctrace_chrome_sites){0};
}

const struct ctrace_chrome_site *ctrace_chrome_site_make(struct ctrace_chrome_sites *sites,
							 uint32_t id)
{
	const struct ctrace_site *site =
		id < sites->count ? ctrace_trace_site(sites->trace, id) : NULL;

	if (site == NULL) {
		return sites->unknown;
	}
	if (sites->sites[id] == NULL) {
		sites->sites[id] = make(sites->trace, site);
	}
	return sites->sites[id];
}
