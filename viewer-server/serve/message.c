/* SPDX-License-Identifier: MIT */
/* JSON text of the page to struct ctrace_message; every number is checked before it is kept. */

#include "viewer-server/serve/message.h"

#include "viewer-server/analysis/utilisation.h"
#include "viewer-server/limits.h"
#include "viewer-server/model/tile.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An integer of JSON in [0, max]; page numbers are doubles, so 3.0 counts. */
static bool whole(const json_t *value, uint64_t max, uint64_t *number)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*number = (uint64_t)json_integer_value(value);
		return *number <= max;
	}
	double real = json_is_real(value) ? json_real_value(value) : -1;
	/* Above 2^53 a double is whole anyway; 2^63 bounds the cast. */
	if (!(real >= 0 && real < 9223372036854775808.0)) {
		return false;
	}
	*number = (uint64_t)real;
	return (double)*number == real && *number <= max;
}

static bool whole_u32(const json_t *value, uint32_t max, uint32_t *number)
{
	uint64_t wide;
	if (!whole(value, max, &wide)) {
		return false;
	}
	*number = (uint32_t)wide;
	return true;
}

/* A point in time: before the trace's begin is the begin, beyond all time is the end of time. */
static bool time_of(const json_t *value, uint64_t *ns)
{
	if (!json_is_number(value)) {
		return false;
	}
	double time = json_number_value(value);
	if (json_is_integer(value) && time >= 0) {
		*ns = (uint64_t)json_integer_value(value);
	} else {
		*ns = time <= 0 ? 0 : time >= 9223372036854775808.0 ? INT64_MAX : (uint64_t)time;
	}
	return true;
}

static const char *parse_req(const json_t *root, struct ctrace_message *message)
{
	const json_t *req = json_object_get(root, "req");
	if (!json_is_number(req)) {
		return "req must be a number.";
	}
	message->req.is_there = true;
	message->req.is_real = json_is_real(req);
	if (message->req.is_real) {
		message->req.real = json_real_value(req);
	} else {
		message->req.integer = json_integer_value(req);
	}
	return NULL;
}

/* The number that was wrong, and the limit it broke. */
static const char *too_many(struct ctrace_message *message, const char *what, uint64_t count,
			    unsigned limit)
{
	snprintf(message->complaint, sizeof(message->complaint), "%s: %" PRIu64 ", at most %u.",
		 what, count, limit);
	return message->complaint;
}

static const char *parse_entry(const json_t *value, struct ctrace_view_entry *entry)
{
	uint32_t level;
	if (json_array_size(value) != 4 ||
	    !whole_u32(json_array_get(value, 0), UINT32_MAX - 1, &entry->lane) ||
	    !whole_u32(json_array_get(value, 1), CTRACE_TILE_LEVEL_MAX, &level) ||
	    !whole_u32(json_array_get(value, 2), UINT32_MAX, &entry->first) ||
	    !whole_u32(json_array_get(value, 3), UINT32_MAX, &entry->count)) {
		return "want is a list of [lane, level 0 to 50, first, count].";
	}
	if (entry->count > 0 && entry->first > UINT32_MAX - (entry->count - 1)) {
		return "A tile's number is at most 4294967295.";
	}
	entry->level = (uint8_t)level;
	return NULL;
}

static const char *parse_view(const json_t *root, struct ctrace_message *message)
{
	const json_t *want = json_object_get(root, "want");
	if (!whole_u32(json_object_get(root, "seq"), UINT32_MAX, &message->seq)) {
		return "seq must be a whole number below 2^32.";
	}
	if (!json_is_array(want)) {
		return "want must be a list.";
	}
	if (json_array_size(want) > CTRACE_VIEW_ENTRIES_MAX) {
		return too_many(message, "Entries of want", json_array_size(want),
				CTRACE_VIEW_ENTRIES_MAX);
	}
	uint32_t count = (uint32_t)json_array_size(want);
	message->entries = calloc(count > 0 ? count : 1, sizeof(*message->entries));
	if (message->entries == NULL) {
		return "No memory.";
	}
	uint64_t tiles = 0;
	for (; message->entry_count < count; message->entry_count++) {
		struct ctrace_view_entry *entry = &message->entries[message->entry_count];
		const char *wrong = parse_entry(json_array_get(want, message->entry_count), entry);
		if (wrong != NULL) {
			return wrong;
		}
		tiles += entry->count;
	}
	return tiles > CTRACE_VIEW_TILES_MAX
		       ? too_many(message, "Tiles of a view", tiles, CTRACE_VIEW_TILES_MAX)
		       : NULL;
}

static const char *parse_event(const json_t *root, struct ctrace_message *message)
{
	if (!whole_u32(json_object_get(root, "lane"), UINT32_MAX - 1, &message->lane) ||
	    !whole_u32(json_object_get(root, "index"), UINT32_MAX - 1, &message->index)) {
		return "lane and index must be whole numbers.";
	}
	return NULL;
}

/* Of lanes, or of tracks: what they are in either complaint. */
struct number_list {
	const char *bad, *counted;
};

static const char *parse_numbers(const json_t *lanes, const struct number_list *list,
				 struct ctrace_message *message)
{
	if (!json_is_array(lanes)) {
		return list->bad;
	}
	if (json_array_size(lanes) > CTRACE_RANGE_LANES_MAX) {
		return too_many(message, list->counted, json_array_size(lanes),
				CTRACE_RANGE_LANES_MAX);
	}
	uint32_t count = (uint32_t)json_array_size(lanes);
	message->lanes = calloc(count > 0 ? count : 1, sizeof(*message->lanes));
	if (message->lanes == NULL) {
		return "No memory.";
	}
	for (; message->lane_count < count; message->lane_count++) {
		if (!whole_u32(json_array_get(lanes, message->lane_count), UINT32_MAX - 1,
			       &message->lanes[message->lane_count])) {
			return list->bad;
		}
	}
	return NULL;
}

static const struct number_list range_lanes = {"lanes must be a list of numbers.",
					       "Lanes of a range"};
static const struct number_list lock_tracks = {"tracks must be a list of numbers.",
					       "Tracks of a question"};

static const char *parse_range(const json_t *root, struct ctrace_message *message)
{
	const json_t *order = json_object_get(root, "order");
	const char *by = order == NULL ? "duration" : json_string_value(order);
	const char *wrong = parse_numbers(json_object_get(root, "lanes"), &range_lanes, message);
	if (wrong != NULL) {
		return wrong;
	}
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end) ||
	    message->start > message->end) {
		return "start and end must be numbers, start not after end.";
	}
	if (by == NULL || (strcmp(by, "duration") != 0 && strcmp(by, "start") != 0)) {
		return "order must be duration or start.";
	}
	message->is_by_start = strcmp(by, "start") == 0;
	if (!whole_u32(json_object_get(root, "top"), UINT32_MAX, &message->top)) {
		return "top must be a whole number.";
	}
	return message->top > CTRACE_RANGE_TOP_MAX
		       ? too_many(message, "top", message->top, CTRACE_RANGE_TOP_MAX)
		       : NULL;
}

static const char *parse_search(const json_t *root, struct ctrace_message *message)
{
	const json_t *text = json_object_get(root, "text");
	if (!json_is_string(text) || json_string_length(text) == 0) {
		return "text must be a text of at least one byte.";
	}
	if (json_string_length(text) > CTRACE_SEARCH_TEXT_MAX) {
		return too_many(message, "Bytes of text", json_string_length(text),
				CTRACE_SEARCH_TEXT_MAX);
	}
	message->text_size = json_string_length(text);
	message->text = malloc(message->text_size);
	if (message->text == NULL) {
		return "No memory.";
	}
	memcpy(message->text, json_string_value(text), message->text_size);
	return NULL;
}

static const char *parse_find(const json_t *root, struct ctrace_message *message)
{
	const char *wrong = parse_search(root, message);
	if (wrong != NULL) {
		return wrong;
	}
	const json_t *direction = json_object_get(root, "direction");
	json_int_t step = json_integer_value(direction);
	if (!json_is_integer(direction) || (step != 1 && step != -1)) {
		return "direction must be 1 or -1.";
	}
	message->direction = (int)step;
	if (!time_of(json_object_get(root, "from"), &message->time)) {
		return "from must be a time.";
	}
	/* No place: the search begins at the time itself. */
	message->lane = message->index = CTRACE_NONE;
	if (json_object_get(root, "lane") == NULL || json_object_get(root, "index") == NULL ||
	    json_integer_value(json_object_get(root, "lane")) == -1) {
		return NULL;
	}
	return parse_event(root, message);
}

static const char *parse_at(const json_t *root, struct ctrace_message *message)
{
	if (!whole_u32(json_object_get(root, "lane"), UINT32_MAX - 1, &message->lane) ||
	    !time_of(json_object_get(root, "time"), &message->time)) {
		return "lane and time must be numbers.";
	}
	return NULL;
}

/* An event, or a stretch of a track. */
static const char *parse_split(const json_t *root, struct ctrace_message *message)
{
	message->has_place = json_object_get(root, "lane") != NULL;
	if (message->has_place) {
		return parse_event(root, message);
	}
	if (!whole_u32(json_object_get(root, "track"), UINT32_MAX - 1, &message->track)) {
		return "lane and index, or track, start and end must be given.";
	}
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end)) {
		return "start and end must be times.";
	}
	return NULL;
}

/* The same; track -1 means all threads. */
static const char *parse_flame(const json_t *root, struct ctrace_message *message)
{
	const json_t *track = json_object_get(root, "track");
	if (json_object_get(root, "lane") != NULL || !json_is_integer(track) ||
	    json_integer_value(track) != -1) {
		return parse_split(root, message);
	}
	message->track = UINT32_MAX;
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end)) {
		return "start and end must be times.";
	}
	return NULL;
}

/* A stretch of a thread or of a process. */
static const char *parse_pauses(const json_t *root, struct ctrace_message *message)
{
	const char *what = json_string_value(json_object_get(root, "what"));
	const json_t *window = json_object_get(root, "window");
	message->what = what != NULL ? ctrace_pause_what_of(what) : CTRACE_PAUSE_WHATS;
	if (message->what == CTRACE_PAUSE_WHATS) {
		return "what must be collector, runnable, blocked, lock or allocator.";
	}
	if (!whole_u32(json_object_get(root, "track"), UINT32_MAX - 1, &message->track)) {
		return "track must be a whole number.";
	}
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end)) {
		return "start and end must be times.";
	}
	if (window != NULL &&
	    (!whole(window, INT64_MAX, &message->window) || message->window == 0)) {
		return "window must be a whole number of ns, at least 1.";
	}
	return NULL;
}

static const char *parse_heap(const json_t *root, struct ctrace_message *message)
{
	const json_t *pid = json_object_get(root, "pid");
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end) ||
	    message->start > message->end) {
		return "start and end must be numbers, start not after end.";
	}
	message->has_pid = pid != NULL;
	return pid != NULL && !whole(pid, INT64_MAX, &message->pid) ? "pid must be a whole number."
								    : NULL;
}

/* Of threads, all without; of locks that are held, or all. */
static const char *parse_locks(const json_t *root, struct ctrace_message *message)
{
	const json_t *kinds = json_object_get(root, "kinds"),
		     *tracks = json_object_get(root, "tracks");
	const char *which = kinds == NULL ? "held" : json_string_value(kinds);
	if (!time_of(json_object_get(root, "start"), &message->start) ||
	    !time_of(json_object_get(root, "end"), &message->end) ||
	    message->start > message->end) {
		return "start and end must be numbers, start not after end.";
	}
	if (which == NULL || (strcmp(which, "held") != 0 && strcmp(which, "all") != 0)) {
		return "kinds must be held or all.";
	}
	message->has_unheld = strcmp(which, "all") == 0;
	return tracks == NULL ? NULL : parse_numbers(tracks, &lock_tracks, message);
}

static const char *parse_cancel(const json_t *root, struct ctrace_message *message)
{
	(void)root;
	(void)message;
	return NULL;
}

static const struct {
	const char *name;
	enum ctrace_message_type type;
	bool has_req;
	const char *(*parse)(const json_t *root, struct ctrace_message *message);
} kinds[] = {
	{"view", CTRACE_MESSAGE_VIEW, false, parse_view},
	{"event", CTRACE_MESSAGE_EVENT, true, parse_event},
	{"range", CTRACE_MESSAGE_RANGE, true, parse_range},
	{"search", CTRACE_MESSAGE_SEARCH, true, parse_search},
	{"find", CTRACE_MESSAGE_FIND, true, parse_find},
	{"at", CTRACE_MESSAGE_AT, true, parse_at},
	{"split", CTRACE_MESSAGE_SPLIT, true, parse_split},
	{"flame", CTRACE_MESSAGE_FLAME, true, parse_flame},
	{"pauses", CTRACE_MESSAGE_PAUSES, true, parse_pauses},
	{"heap", CTRACE_MESSAGE_HEAP, true, parse_heap},
	{"locks", CTRACE_MESSAGE_LOCKS, true, parse_locks},
	{"sleeps", CTRACE_MESSAGE_SLEEPS, true, parse_flame},
	{"cancel", CTRACE_MESSAGE_CANCEL, true, parse_cancel},
};

/* A question may say in which view it was asked. */
static const char *parse_seq(const json_t *root, struct ctrace_message *message)
{
	const json_t *seq = json_object_get(root, "seq");
	message->has_seq = seq != NULL;
	if (seq != NULL && !whole_u32(seq, UINT32_MAX, &message->seq)) {
		return "seq must be a whole number below 2^32.";
	}
	return NULL;
}

static const char *parse(const json_t *root, struct ctrace_message *message)
{
	const char *type = json_string_value(json_object_get(root, "type"));
	for (size_t i = 0; type != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(type, kinds[i].name) != 0) {
			continue;
		}
		message->type = kinds[i].type;
		const char *wrong = kinds[i].has_req ? parse_req(root, message) : NULL;
		if (wrong == NULL && kinds[i].has_req) {
			wrong = parse_seq(root, message);
		}
		return wrong != NULL ? wrong : kinds[i].parse(root, message);
	}
	return "type must be view, event, range, search, find, at, split, flame, pauses, heap, "
	       "locks, sleeps or cancel.";
}

const char *ctrace_message_init(struct ctrace_message *message, const char *bytes, size_t size)
{
	*message = (struct ctrace_message){.lane_count = 0};
	if (size > CTRACE_MESSAGE_BYTES_MAX) {
		return too_many(message, "Bytes of a message", size, CTRACE_MESSAGE_BYTES_MAX);
	}
	json_error_t error;
	json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	const char *wrong =
		json_is_object(root) ? parse(root, message) : "A message must be one JSON object.";
	json_decref(root);
	return wrong;
}

void ctrace_message_finish(struct ctrace_message *message)
{
	free(message->text);
	free(message->lanes);
	free(message->entries);
	*message = (struct ctrace_message){.lane_count = 0};
}

bool ctrace_req_is_equal(const struct ctrace_req *a, const struct ctrace_req *b)
{
	if (a->is_there != b->is_there || a->is_real != b->is_real) {
		return false;
	}
	return a->is_real ? a->real == b->real : a->integer == b->integer;
}
