/* SPDX-License-Identifier: MIT */
/* The sources of one recording; see source_set.h. */

#include "tracer/sources/source_set.h"

#include "format/writer.h"

#include <stdio.h>
#include <string.h>

/* ---- which ---- */

static struct ctrace_source_member *find(struct ctrace_source_set *set,
					 const struct ctrace_source *source)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].source == source) {
			return &set->members[i];
		}
	}
	return NULL;
}

static void want_all(struct ctrace_source_set *set, enum ctrace_member_state state)
{
	for (size_t i = 0; i < set->count; i++) {
		set->members[i].state = state;
		set->members[i].is_named = false;
	}
}

/* All but those that are only asked for. */
static void want_best(struct ctrace_source_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		set->members[i].state = set->members[i].source->is_asked_for
						? CTRACE_MEMBER_UNWANTED
						: CTRACE_MEMBER_WANTED;
	}
}

static bool is_word(const char *word, size_t size, const char *text)
{
	return strlen(text) == size && memcmp(word, text, size) == 0;
}

/* One word of a list. The first name without a sign says that only names count. */
static bool take_word(struct ctrace_source_set *set, const char *word, size_t size,
		      bool *is_by_name)
{
	bool is_out = size > 0 && word[0] == '-', is_more = size > 0 && word[0] == '+';
	size_t signs = is_out || is_more;
	const struct ctrace_source *source = ctrace_source_find(word + signs, size - signs);
	struct ctrace_source_member *member;

	if (signs == 0 && !*is_by_name) {
		*is_by_name = true;
		want_all(set, CTRACE_MEMBER_UNWANTED);
	}
	if (is_word(word, size, "none")) {
		return true;
	}
	if (is_word(word, size, "best")) {
		want_best(set);
		return true;
	}
	if (source == NULL) {
		return false;
	}
	member = find(set, source);
	member->state = is_out ? CTRACE_MEMBER_UNWANTED : CTRACE_MEMBER_WANTED;
	member->is_named = !is_out;
	return true;
}

bool ctrace_source_set_choose(struct ctrace_source_set *set, const char *list, const char **bad,
			      size_t *bad_size)
{
	bool is_by_name = false;

	*set = (struct ctrace_source_set){.count = 0};
	while (set->count < CTRACE_SOURCE_MEMBERS_MAX && ctrace_source_list[set->count] != NULL) {
		const struct ctrace_source *source = ctrace_source_list[set->count];

		set->members[set->count++] = (struct ctrace_source_member){
			.source = source,
			.state = source->is_asked_for ? CTRACE_MEMBER_UNWANTED
						      : CTRACE_MEMBER_WANTED,
		};
	}
	while (list != NULL && *list != '\0') {
		size_t size = strcspn(list, ",");

		if (!take_word(set, list, size, &is_by_name)) {
			*bad = list;
			*bad_size = size;
			return false;
		}
		list += size + (list[size] == ',');
	}
	return true;
}

/* ---- their life ---- */

static bool was_wanted(const struct ctrace_source_set *set, const struct ctrace_source *source)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].source == source) {
			return set->members[i].state != CTRACE_MEMBER_UNWANTED;
		}
	}
	return false;
}

/* Asked for by name, or it gives what none before it gives. */
static bool is_needed(const struct ctrace_source_set *set,
		      const struct ctrace_source_member *member, unsigned given)
{
	const struct ctrace_source *source = member->source;

	if (member->is_named) {
		return true;
	}
	if (source->instead_of != NULL && !was_wanted(set, source->instead_of)) {
		return false;
	}
	return (source->gives & ~given) != 0;
}

/* Returns what it will give. */
static unsigned prepare_member(const struct ctrace_source_set *set,
			       struct ctrace_source_member *member,
			       const struct ctrace_source_before *before)
{
	if (member->source->prepare == NULL) {
		member->source->probe(&member->answer);
		return member->answer.is_available ? member->source->gives : 0;
	}
	/* What has to be decided before it is known whether those before it do open. */
	if (!is_needed(set, member, before->given)) {
		member->state = CTRACE_MEMBER_UNWANTED;
		return 0;
	}
	if (!member->source->prepare(before, &member->answer)) {
		member->state = CTRACE_MEMBER_MISSING;
		return 0;
	}
	return member->source->gives;
}

void ctrace_source_set_prepare(struct ctrace_source_set *set, const char *program)
{
	struct ctrace_source_before before = {.program = program};

	for (size_t i = 0; i < set->count; i++) {
		struct ctrace_source_member *member = &set->members[i];

		if (member->state == CTRACE_MEMBER_WANTED) {
			before.given |= prepare_member(set, member, &before);
		}
	}
}

static void open_member(struct ctrace_source_member *member,
			const struct ctrace_source_target *target)
{
	if (member->source->open == NULL) {
		member->source->probe(&member->answer);
		member->state =
			member->answer.is_available ? CTRACE_MEMBER_OPEN : CTRACE_MEMBER_MISSING;
		return;
	}
	member->opened = member->source->open(target, &member->answer);
	member->state = member->opened != NULL ? CTRACE_MEMBER_OPEN : CTRACE_MEMBER_MISSING;
}

void ctrace_source_set_open(struct ctrace_source_set *set,
			    const struct ctrace_source_target *target)
{
	unsigned given = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct ctrace_source_member *member = &set->members[i];

		if (member->state != CTRACE_MEMBER_WANTED) {
			continue;
		}
		if (!is_needed(set, member, given)) {
			member->state = CTRACE_MEMBER_UNWANTED;
			continue;
		}
		open_member(member, target);
		given |= member->state == CTRACE_MEMBER_OPEN ? member->source->gives : 0;
	}
}

void ctrace_source_set_drain(struct ctrace_source_set *set, struct ctrace_source_pass *pass)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].opened != NULL) {
			set->members[i].source->drain(set->members[i].opened, pass);
		}
	}
}

void ctrace_source_set_look(const struct ctrace_source_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct ctrace_source_member *member = &set->members[i];

		if (member->opened != NULL && member->source->look != NULL) {
			member->source->look(member->opened);
		}
	}
}

void ctrace_source_set_close(struct ctrace_source_set *set)
{
	struct ctrace_source_pass last = {.is_last = true};

	ctrace_source_set_drain(set, &last);
	for (size_t i = 0; i < set->count; i++) {
		struct ctrace_source_member *member = &set->members[i];

		if (member->opened != NULL) {
			member->source->close(member->opened, &member->counts);
			member->opened = NULL;
		}
	}
}

bool ctrace_source_set_has(const struct ctrace_source_set *set, const struct ctrace_source *source)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].source == source) {
			return set->members[i].state == CTRACE_MEMBER_WANTED ||
			       set->members[i].state == CTRACE_MEMBER_OPEN;
		}
	}
	return false;
}

bool ctrace_source_set_is_open(const struct ctrace_source_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->members[i].opened != NULL) {
			return true;
		}
	}
	return false;
}

/* So far, or in all. */
static const struct ctrace_source_counts *counts_of(const struct ctrace_source_member *member)
{
	return member->opened != NULL ? &member->opened->counts : &member->counts;
}

struct ctrace_source_counts ctrace_source_set_counts(const struct ctrace_source_set *set)
{
	struct ctrace_source_counts sums = {.events = 0};

	for (size_t i = 0; i < set->count; i++) {
		const struct ctrace_source_counts *counts = counts_of(&set->members[i]);

		sums.events += counts->events;
		sums.lost += counts->lost;
	}
	return sums;
}

void ctrace_source_member_why(const struct ctrace_source_member *member, char *text, size_t size)
{
	if (member->state != CTRACE_MEMBER_MISSING) {
		snprintf(text, size, "%s", member->counts.remark);
	} else if (member->answer.remedy[0] == '\0') {
		snprintf(text, size, "%s", member->answer.why);
	} else {
		snprintf(text, size, "%s; %s", member->answer.why, member->answer.remedy);
	}
}

void ctrace_source_set_remark(struct ctrace_source_set *set, unsigned gives, const char *text)
{
	for (size_t i = 0; i < set->count && text[0] != '\0'; i++) {
		struct ctrace_source_member *member = &set->members[i];

		if (member->source->gives == gives && member->state == CTRACE_MEMBER_OPEN) {
			snprintf(member->counts.remark, sizeof(member->counts.remark), "%s", text);
		}
	}
}

void ctrace_source_set_state(const struct ctrace_source_set *set, struct ctrace_writer *writer)
{
	static const enum ctrace_source_state states[] = {
		[CTRACE_MEMBER_WANTED] = CTRACE_SOURCE_NOT_ASKED,
		[CTRACE_MEMBER_OPEN] = CTRACE_SOURCE_RECORDED,
		[CTRACE_MEMBER_MISSING] = CTRACE_SOURCE_MISSING,
		[CTRACE_MEMBER_UNWANTED] = CTRACE_SOURCE_NOT_ASKED,
	};

	for (size_t i = 0; i < set->count; i++) {
		const struct ctrace_source_member *member = &set->members[i];
		const struct ctrace_source_counts *counts = counts_of(member);
		const char *name = member->source->name;
		char why[2 * CTRACE_SOURCE_TEXT_BYTES + 4];

		ctrace_source_member_why(member, why, sizeof(why));
		ctrace_writer_source(
			writer, &(struct ctrace_source_row){
					.name = ctrace_writer_string(writer, name, strlen(name)),
					.state = states[member->state],
					.why = ctrace_writer_string(writer, why, strlen(why)),
					.events = counts->events,
					.lost = counts->lost,
					.checks = counts->checks,
					.misses = counts->misses,
					.slack = counts->slack,
				});
	}
}
