/* SPDX-License-Identifier: MIT */
/* Waits for locks from the events of threads; see lock_waits.h. */

#include "viewer-server/analysis/lock_waits.h"

#include "format/limits.h"
#include "format/lock_events.h"
#include "format/map.h"

#include <stdlib.h>
#include <string.h>

/* Who let go: of a barrier, who came to it. */
struct release {
	uint64_t pid, lock, time, tid;
	unsigned family;
};

struct gathering {
	const struct ctrace_trace *trace;
	struct ctrace_lock_waits *waits;
	struct release *releases;
	size_t release_count, release_room;
	struct ctrace_map open; /* stream -> its innermost open wait, from 1 */
	uint64_t last;		/* ns, of all events */
	bool is_out_of_memory;
};

unsigned ctrace_lock_family(unsigned kind)
{
	return kind == CTRACE_LOCK_RWLOCK_READ ? CTRACE_LOCK_RWLOCK_WRITE : kind;
}

const char *ctrace_lock_kind_name(unsigned kind)
{
	static const char *const names[CTRACE_LOCK_KINDS] = {
		"unknown", "mutex", "rwlock", "rwlock", "condition", "semaphore",
		"barrier", "join",  "mtx",    "cnd",	"thrd_join",
	};

	return names[kind < CTRACE_LOCK_KINDS ? kind : 0];
}

bool ctrace_lock_is_held(unsigned kind)
{
	return kind == CTRACE_LOCK_MUTEX || kind == CTRACE_LOCK_MTX ||
	       ctrace_lock_family(kind) == CTRACE_LOCK_RWLOCK_WRITE;
}

static bool is_join(unsigned kind)
{
	return kind == CTRACE_LOCK_JOIN || kind == CTRACE_LOCK_THRD_JOIN;
}

/* One more item; NULL: no memory. */
static void *grow(void **items, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		size_t more = *room == 0 ? 256 : 2 * *room;
		void *grown = realloc(*items, more * size);

		if (grown == NULL) {
			return NULL;
		}
		*items = grown;
		*room = more;
	}
	return (char *)*items + (*count)++ * size;
}

static void add_release(struct gathering *all, const struct release *release)
{
	struct release *made = grow((void **)&all->releases, &all->release_count,
				    &all->release_room, sizeof(*made));

	if (made == NULL) {
		all->is_out_of_memory = true;
	} else {
		*made = *release;
	}
}

static uint32_t innermost(const struct gathering *all, uint32_t stream)
{
	uint32_t place = ctrace_map_get(&all->open, stream);

	return place == CTRACE_MAP_NONE ? 0 : place;
}

static void set_innermost(struct gathering *all, uint32_t stream, uint32_t place)
{
	if (!ctrace_map_put(&all->open, stream, place)) {
		all->is_out_of_memory = true;
	}
}

static void begin_wait(struct gathering *all, const struct ctrace_thread_row *thread,
		       const struct ctrace_value *values, uint64_t now)
{
	struct ctrace_seen_wait *wait = grow((void **)&all->waits->items, &all->waits->count,
					     &all->waits->room, sizeof(*wait));

	if (wait == NULL) {
		all->is_out_of_memory = true;
		return;
	}
	*wait = (struct ctrace_seen_wait){
		.pid = thread->pid,
		.tid = thread->tid,
		.lock = values[0].u64,
		.kind = (unsigned)values[1].u64,
		.call = (uint32_t)values[2].u64,
		.holder = values[3].u64,
		.begin = now,
		.outer = innermost(all, thread->stream),
	};
	set_innermost(all, thread->stream, (uint32_t)all->waits->count);
	if (wait->kind == CTRACE_LOCK_BARRIER) {
		add_release(all, &(struct release){thread->pid, wait->lock, now, thread->tid,
						   wait->kind});
	}
}

/* The innermost one of that call; those within it were left. */
static void end_wait(struct gathering *all, uint32_t stream, const struct ctrace_value *values,
		     uint64_t now)
{
	uint32_t place = innermost(all, stream);

	while (place != 0 && all->waits->items[place - 1].call != values[2].u64) {
		place = all->waits->items[place - 1].outer;
	}
	if (place == 0) {
		return;
	}
	all->waits->items[place - 1].end = now;
	all->waits->items[place - 1].result = values[3].i64;
	all->waits->items[place - 1].is_over = true;
	set_innermost(all, stream, all->waits->items[place - 1].outer);
}

/* Whatever a thread does within a wait says that it has gone on, until the wait's end says that it
 * was a handler. */
static void go_on(struct gathering *all, uint32_t stream)
{
	uint32_t place = innermost(all, stream);

	if (place != 0) {
		all->waits->items[place - 1].is_left = true;
	}
}

static void take_event(struct gathering *all, const struct ctrace_thread_row *thread,
		       const struct ctrace_event *event)
{
	uint64_t now = ctrace_trace_ns(all->trace, event->ticks);
	struct ctrace_value values[16];

	all->last = now > all->last ? now : all->last;
	switch (event->kind) {
	case CTRACE_KIND_LOCK_WAIT:
		ctrace_event_values(all->trace, event, values);
		go_on(all, thread->stream);
		begin_wait(all, thread, values, now);
		break;
	case CTRACE_KIND_LOCK_ACQUIRED:
		ctrace_event_values(all->trace, event, values);
		end_wait(all, thread->stream, values, now);
		break;
	case CTRACE_KIND_LOCK_RELEASED:
		ctrace_event_values(all->trace, event, values);
		go_on(all, thread->stream);
		add_release(all, &(struct release){thread->pid, values[0].u64, now, thread->tid,
						   ctrace_lock_family((unsigned)values[1].u64)});
		break;
	default:
		go_on(all, thread->stream);
		break;
	}
}

static void take_chunk(struct gathering *all, const struct ctrace_chunk *chunk)
{
	const struct ctrace_thread_row *thread =
		ctrace_trace_thread(all->trace, chunk->entry->stream);
	struct ctrace_error error = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	if (thread == NULL || ctrace_chunk_check(all->trace, chunk, &error) != CTRACE_OK ||
	    ctrace_cursor_init(&cursor, all->trace, chunk, &error) != CTRACE_OK) {
		return;
	}
	while (!all->is_out_of_memory && ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
		take_event(all, thread, &event);
	}
}

static void take_chunks(struct gathering *all)
{
	uint32_t count = ctrace_trace_info(all->trace)->chunk_count;
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error = {0};

	for (uint32_t i = 0; i < count && !all->is_out_of_memory; i++) {
		if (ctrace_trace_chunk(all->trace, i)->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_chunk_load(&chunk, all->trace, i, &error) == CTRACE_OK) {
			take_chunk(all, &chunk);
		}
	}
	ctrace_chunk_unload(&chunk);
}

/* ---- who let go ---- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int by_lock(const struct release *a, const struct release *b)
{
	int order = ORDER(a->pid, b->pid);

	order = order != 0 ? order : ORDER(a->lock, b->lock);
	return order != 0 ? order : ORDER(a->family, b->family);
}

static int by_lock_and_time(const void *a, const void *b)
{
	const struct release *x = a, *y = b;
	int order = by_lock(x, y);

	return order != 0 ? order : ORDER(x->time, y->time);
}

/* Behind the last one that is not after `key`. */
static size_t upper(const struct gathering *all, const struct release *key)
{
	size_t low = 0, high = all->release_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_lock_and_time(&all->releases[middle], key) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct release key_of(const struct ctrace_seen_wait *wait)
{
	return (struct release){.pid = wait->pid,
				.lock = wait->lock,
				.time = wait->end,
				.family = ctrace_lock_family(wait->kind)};
}

/* The latest one by another thread between begin and end; NULL: none. */
static const struct release *latest(const struct gathering *all,
				    const struct ctrace_seen_wait *wait)
{
	struct release key = key_of(wait);

	for (size_t i = upper(all, &key); i > 0; i--) {
		const struct release *release = &all->releases[i - 1];

		if (by_lock(release, &key) != 0 || release->time < wait->begin) {
			return NULL;
		}
		if (release->tid != wait->tid) {
			return release;
		}
	}
	return NULL;
}

static void settle(const struct gathering *all, struct ctrace_seen_wait *wait)
{
	const struct release *release;

	wait->end = wait->is_over ? wait->end : all->last;
	wait->is_left = wait->is_left && !wait->is_over;
	release = latest(all, wait);
	if (!wait->is_over) {
		wait->has_let_go = release != NULL;
	} else if (wait->result == 0) {
		wait->waker = is_join(wait->kind) ? wait->holder
			      : release != NULL	  ? release->tid
						  : 0;
	}
}

static int by_lock_and_begin(const void *a, const void *b)
{
	const struct ctrace_seen_wait *x = a, *y = b;
	int order = ORDER(x->pid, y->pid);

	order = order != 0 ? order : ORDER(x->lock, y->lock);
	order = order != 0 ? order
			   : ORDER(ctrace_lock_family(x->kind), ctrace_lock_family(y->kind));
	order = order != 0 ? order : ORDER(x->begin, y->begin);
	return order != 0 ? order : ORDER(x->tid, y->tid);
}

enum ctrace_status ctrace_lock_waits_init(struct ctrace_lock_waits *waits,
					  const struct ctrace_trace *trace)
{
	struct gathering all = {.trace = trace, .waits = waits};

	*waits = (struct ctrace_lock_waits){0};
	take_chunks(&all);
	if (all.release_count > 0) {
		qsort(all.releases, all.release_count, sizeof(*all.releases), by_lock_and_time);
	}
	for (size_t i = 0; i < waits->count; i++) {
		settle(&all, &waits->items[i]);
	}
	if (waits->count > 0) {
		qsort(waits->items, waits->count, sizeof(*waits->items), by_lock_and_begin);
	}
	free(all.releases);
	ctrace_map_finish(&all.open);
	return all.is_out_of_memory ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

void ctrace_lock_waits_finish(struct ctrace_lock_waits *waits)
{
	free(waits->items);
	*waits = (struct ctrace_lock_waits){0};
}
