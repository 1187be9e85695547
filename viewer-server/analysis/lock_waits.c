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
	uint32_t stack;
};

/* Places are told with one bit beside them. */
#define WAITS_MAX (UINT32_MAX >> 2)

/* Where a stream's next stack belongs to: a wait or a release, from 1. */
#define OF_RELEASE 1u
#define OF_WAIT	   0u

struct gathering {
	const struct ctrace_trace *trace;
	struct ctrace_lock_waits *waits;
	struct release *releases;
	size_t release_count, release_room;
	struct ctrace_map open;	  /* stream -> its innermost open wait, from 1 */
	struct ctrace_map behind; /* stream -> its last event of a lock, as `OF_…`; 0: none */
	size_t kept;		  /* waits that are in the scope, as far as is known */
	uint32_t free;		  /* the first place of waits that have passed, from 1 */
	struct ctrace_lock_scope scope;
	uint64_t last;		   /* ns, of all events */
	enum ctrace_status status; /* the first failure */
};

static void fail(struct gathering *all, enum ctrace_status status)
{
	all->status = all->status == CTRACE_OK ? status : all->status;
}

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

static void set_behind(struct gathering *all, uint32_t stream, size_t place, unsigned what)
{
	if (!ctrace_map_put(&all->behind, stream, (uint32_t)place << 1 | what)) {
		fail(all, CTRACE_ERR_NO_MEMORY);
	}
}

static void add_release(struct gathering *all, const struct release *release)
{
	struct release *made;

	if (all->release_count >= all->scope.max) {
		fail(all, CTRACE_ERR_LIMIT);
		return;
	}
	made = grow((void **)&all->releases, &all->release_count, &all->release_room,
		    sizeof(*made));
	if (made == NULL) {
		fail(all, CTRACE_ERR_NO_MEMORY);
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
		fail(all, CTRACE_ERR_NO_MEMORY);
	}
}

/* One more wait, which is in the scope, or else will be gone when it ends. */
static bool may_add(struct gathering *all, bool is_kept)
{
	if (is_kept ? all->kept >= all->scope.max : all->waits->count >= 2 * all->scope.max) {
		fail(all, CTRACE_ERR_LIMIT);
		return false;
	}
	all->kept += is_kept;
	return true;
}

/* A place for one more wait; NULL: none. */
static struct ctrace_seen_wait *need_wait(struct gathering *all)
{
	struct ctrace_lock_waits *waits = all->waits;
	struct ctrace_seen_wait *wait;

	if (all->free != 0) {
		wait = &waits->items[all->free - 1];
		all->free = wait->outer;
		return wait;
	}
	wait = grow((void **)&waits->items, &waits->count, &waits->room, sizeof(*wait));
	if (wait == NULL) {
		fail(all, CTRACE_ERR_NO_MEMORY);
	}
	return wait;
}

static void begin_wait(struct gathering *all, const struct ctrace_thread_row *thread,
		       const struct ctrace_event *event, const struct ctrace_value *values,
		       uint64_t now)
{
	struct ctrace_seen_wait *wait = may_add(all, now <= all->scope.end) ? need_wait(all) : NULL;
	size_t place;

	if (wait == NULL) {
		return;
	}
	place = (size_t)(wait - all->waits->items) + 1;
	*wait = (struct ctrace_seen_wait){
		.pid = thread->pid,
		.tid = thread->tid,
		.lock = values[0].u64,
		.kind = (unsigned)values[1].u64,
		.call = (uint32_t)values[2].u64,
		.holder = values[3].u64,
		.ticks = event->ticks,
		.begin = now,
		.stream = thread->stream,
		.outer = innermost(all, thread->stream),
	};
	set_innermost(all, thread->stream, (uint32_t)place);
	set_behind(all, thread->stream, place, OF_WAIT);
	if (wait->kind == CTRACE_LOCK_BARRIER) {
		add_release(all, &(struct release){.pid = thread->pid,
						   .lock = wait->lock,
						   .time = now,
						   .tid = thread->tid,
						   .family = wait->kind});
	}
}

/* The innermost one of that call; those within it were left. */
static void end_wait(struct gathering *all, uint32_t stream, const struct ctrace_value *values,
		     uint64_t now)
{
	uint32_t place = innermost(all, stream);
	struct ctrace_seen_wait *wait;

	while (place != 0 && all->waits->items[place - 1].call != values[2].u64) {
		all->waits->items[place - 1].is_left = true;
		place = all->waits->items[place - 1].outer;
	}
	set_behind(all, stream, 0, OF_WAIT);
	if (place == 0) {
		return;
	}
	wait = &all->waits->items[place - 1];
	wait->end = now;
	wait->result = values[3].i64;
	wait->is_over = true;
	set_innermost(all, stream, wait->outer);
	if (now < all->scope.start || wait->begin > all->scope.end) {
		wait->is_passed = true;
		all->kept -= wait->begin <= all->scope.end;
		wait->outer = all->free;
		all->free = place;
	}
}

/* The stack of the lock's event before. */
static void take_stack(struct gathering *all, uint32_t stream, uint64_t stack)
{
	uint32_t behind = ctrace_map_get(&all->behind, stream);
	uint32_t place = behind == CTRACE_MAP_NONE ? 0 : behind >> 1;

	if (place == 0 || stack > UINT32_MAX) {
		return;
	}
	if ((behind & OF_RELEASE) != 0) {
		all->releases[place - 1].stack = (uint32_t)stack;
	} else {
		all->waits->items[place - 1].stack = (uint32_t)stack;
	}
	set_behind(all, stream, 0, OF_WAIT);
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

	switch (event->kind) {
	case CTRACE_KIND_LOCK_WAIT:
		ctrace_event_values(all->trace, event, values);
		go_on(all, thread->stream);
		begin_wait(all, thread, event, values, now);
		break;
	case CTRACE_KIND_LOCK_ACQUIRED:
		ctrace_event_values(all->trace, event, values);
		end_wait(all, thread->stream, values, now);
		break;
	case CTRACE_KIND_LOCK_RELEASED:
		ctrace_event_values(all->trace, event, values);
		go_on(all, thread->stream);
		add_release(all, &(struct release){
					 .pid = thread->pid,
					 .lock = values[0].u64,
					 .time = now,
					 .tid = thread->tid,
					 .family = ctrace_lock_family((unsigned)values[1].u64)});
		set_behind(all, thread->stream, all->release_count, OF_RELEASE);
		break;
	case CTRACE_KIND_LOCK_STACK:
		ctrace_event_values(all->trace, event, values);
		take_stack(all, thread->stream, values[0].u64);
		break;
	case CTRACE_KIND_LOST:
		set_behind(all, thread->stream, 0, OF_WAIT);
		go_on(all, thread->stream);
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
	while (all->status == CTRACE_OK &&
	       ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) {
		take_event(all, thread, &event);
	}
}

static bool goes_on(struct gathering *all)
{
	const struct ctrace_patience *patience = all->scope.patience;

	if (patience != NULL && !patience->go_on(patience->context)) {
		fail(all, CTRACE_END);
	}
	return all->status == CTRACE_OK;
}

/* The trace ends when its last chunk does, of whatever stream. */
static void see_end(struct gathering *all, const struct ctrace_chunk_entry *entry)
{
	uint64_t end = ctrace_trace_ns(all->trace, entry->base + entry->span);

	all->last = end > all->last ? end : all->last;
}

static void take_chunks(struct gathering *all)
{
	uint32_t count = ctrace_trace_info(all->trace)->chunk_count;
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error = {0};

	for (uint32_t i = 0; i < count && goes_on(all); i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(all->trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS) {
			see_end(all, entry);
		}
		if (entry->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_trace_thread(all->trace, entry->stream) != NULL &&
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

/* Of the waiting thread's own, by handlers in it, that are passed over. */
#define OWN_MAX 1000u

/* The latest one by another thread between begin and end; NULL: none. */
static const struct release *latest(const struct gathering *all,
				    const struct ctrace_seen_wait *wait)
{
	struct release key = key_of(wait);
	size_t from = upper(all, &key), least = from > OWN_MAX ? from - OWN_MAX : 0;

	for (size_t i = from; i > least; i--) {
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

	wait->end = wait->is_over ? wait->end : all->last > wait->begin ? all->last : wait->begin;
	wait->is_left = wait->is_left && !wait->is_over;
	release = latest(all, wait);
	if (!wait->is_over) {
		wait->has_let_go = release != NULL;
	} else if (wait->result == 0) {
		wait->waker = is_join(wait->kind) ? wait->holder
			      : release != NULL	  ? release->tid
						  : 0;
		wait->given_at = release != NULL ? release->time : 0;
		wait->given = release != NULL ? release->stack : 0;
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

/* Without those that have passed, or come later; the rest in no order. */
static void close_up(struct ctrace_lock_waits *waits, uint64_t end)
{
	for (size_t i = 0; i < waits->count;) {
		if (waits->items[i].is_passed || waits->items[i].begin > end) {
			waits->items[i] = waits->items[--waits->count];
		} else {
			i++;
		}
	}
}

enum ctrace_status ctrace_lock_waits_init(struct ctrace_lock_waits *waits,
					  const struct ctrace_trace *trace,
					  const struct ctrace_lock_scope *scope)
{
	struct gathering all = {.trace = trace, .waits = waits, .scope = {.end = UINT64_MAX}};

	*waits = (struct ctrace_lock_waits){0};
	all.scope = scope != NULL ? *scope : all.scope;
	all.scope.max = all.scope.max != 0 ? all.scope.max : WAITS_MAX;
	take_chunks(&all);
	close_up(waits, all.scope.end);
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
	ctrace_map_finish(&all.behind);
	return all.status;
}

void ctrace_lock_waits_finish(struct ctrace_lock_waits *waits)
{
	free(waits->items);
	*waits = (struct ctrace_lock_waits){0};
}
