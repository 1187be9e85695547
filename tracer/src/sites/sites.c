/* SPDX-License-Identifier: MIT */

/* The states of call sites; see sites.h. Their entries and codes are in intern.c. */

#include "tracer/src/sites/sites.h"

#include "tracer/src/limits.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/intern.h"
#include "tracer/src/sites/site_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Where a state word is. Free while `state` is NULL. */
struct place {
	_Atomic(uint16_t *) state;
	_Atomic uint32_t code;
	const char *_Atomic module;
};

/* The category lists that sessions want; replaced whole. */
struct wishes {
	struct wishes *next_old;
	unsigned count;
	const char *lists[];
};

static struct place places[CTRACE_PLACES_MAX];
static _Atomic uint32_t places_end;  /* all used ones are below */
static _Atomic uint32_t places_hint; /* a free one may be here */
static _Atomic(struct wishes *) wishes;
static _Atomic uint32_t readers; /* of wishes, now */
static struct wishes *old_wishes;
static const char *_Atomic always; /* NULL: nothing */
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

unsigned char ctrace_armed;

static bool is_wanted(const struct wishes *now, const struct ctrace_entry *entry)
{
	const char *list = atomic_load_explicit(&always, memory_order_acquire);

	if (entry == NULL || ctrace_site_log_lacks(entry->code)) {
		return false;
	}
	if (list != NULL && ctrace_entry_is_in(entry, list)) {
		return true;
	}
	for (unsigned i = 0; now != NULL && i < now->count; i++) {
		if (ctrace_entry_is_in(entry, now->lists[i])) {
			return true;
		}
	}
	return false;
}

static void set_state(uint16_t *state, uint16_t value)
{
	__atomic_store_n(state, value, __ATOMIC_RELAXED);
}

static void raise_places_end(uint32_t to)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_relaxed);

	while (end < to &&
	       !atomic_compare_exchange_weak_explicit(&places_end, &end, to, memory_order_seq_cst,
						      memory_order_relaxed)) {
	}
}

static bool try_place(struct place *place, uint16_t *state)
{
	uint16_t *none = NULL;

	return atomic_load_explicit(&place->state, memory_order_relaxed) == NULL &&
	       atomic_compare_exchange_strong_explicit(&place->state, &none, state,
						       memory_order_acq_rel, memory_order_relaxed);
}

static struct place *take_place(uint16_t *state)
{
	uint32_t first = atomic_load_explicit(&places_hint, memory_order_relaxed);

	for (uint32_t i = 0; i < CTRACE_PLACES_MAX; i++) {
		uint32_t index = (first + i) % CTRACE_PLACES_MAX;

		if (try_place(&places[index], state)) {
			atomic_store_explicit(&places_hint, index + 1, memory_order_relaxed);
			raise_places_end(index + 1);
			return &places[index];
		}
	}
	return NULL;
}

/*
 * The switcher stores wishes, then walks the places; we publish the place, then
 * read wishes. Whoever comes second sees the other; if wishes changed while we
 * stored, store again. All of this sequentially consistent: it is rare.
 */
static uint16_t settle_state(uint16_t *state, const struct ctrace_entry *entry)
{
	const struct wishes *now;
	uint16_t value;

	atomic_fetch_add_explicit(&readers, 1, memory_order_seq_cst);
	do {
		now = atomic_load_explicit(&wishes, memory_order_seq_cst);
		value = is_wanted(now, entry) ? entry->code : 0;
		set_state(state, value);
	} while (now != atomic_load_explicit(&wishes, memory_order_seq_cst));
	atomic_fetch_sub_explicit(&readers, 1, memory_order_seq_cst);
	return value;
}

uint16_t ctrace_sites_meet(const struct ctrace_site_info *site)
{
	bool is_gone = *site->module == CTRACE_MODULE_GONE;
	const struct ctrace_entry *entry = NULL;
	struct place *place;

	/* A child whose fork ran no handlers would append to its parent's site log. */
	ctrace_gate_notice_fork();
	if (!is_gone) {
		entry = ctrace_sites_intern(site);
	}
	place = entry != NULL ? take_place(site->state) : NULL;
	if (entry != NULL) {
		ctrace_site_log_add(entry);
	}
	if (place == NULL) {
		set_state(site->state, 0);
		return 0;
	}
	atomic_store_explicit(&place->module, site->module, memory_order_relaxed);
	atomic_store_explicit(&place->code, entry->code, memory_order_seq_cst);
	return settle_state(site->state, entry);
}

static void switch_places(const struct wishes *now)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_seq_cst);

	for (uint32_t i = 0; i < end; i++) {
		uint16_t *state = atomic_load_explicit(&places[i].state, memory_order_acquire);
		uint32_t code = atomic_load_explicit(&places[i].code, memory_order_seq_cst);

		if (state != NULL && code != 0) {
			set_state(state,
				  is_wanted(now, ctrace_sites_entry(code)) ? (uint16_t)code : 0);
		}
	}
}

/* Old wishes go once no site is just being met. */
static void free_old_wishes(void)
{
	while (old_wishes != NULL && atomic_load_explicit(&readers, memory_order_seq_cst) == 0) {
		struct wishes *next = old_wishes->next_old;

		free(old_wishes);
		old_wishes = next;
	}
}

static struct wishes *copy_wishes(const char *const *lists, unsigned count)
{
	size_t bytes = sizeof(struct wishes) + count * sizeof(char *);
	size_t texts = bytes;
	struct wishes *made;

	for (unsigned i = 0; i < count; i++) {
		bytes += strlen(lists[i]) + 1;
	}
	made = calloc(1, bytes);
	if (made == NULL) {
		return NULL;
	}
	made->count = count;
	for (unsigned i = 0; i < count; i++) {
		made->lists[i] = strcpy((char *)made + texts, lists[i]);
		texts += strlen(lists[i]) + 1;
	}
	return made;
}

int ctrace_sites_switch(const char *const *lists, unsigned count)
{
	struct wishes *made = copy_wishes(lists, count);
	struct wishes *old;

	if (made == NULL) {
		return -ENOMEM;
	}
	if (count > 0) {
		__atomic_store_n(&ctrace_armed, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_lock(&places_lock);
	old = atomic_exchange_explicit(&wishes, made, memory_order_seq_cst);
	switch_places(made);
	if (old != NULL) {
		old->next_old = old_wishes;
		old_wishes = old;
	}
	free_old_wishes();
	pthread_mutex_unlock(&places_lock);
	return 0;
}

void ctrace_sites_want_always(const char *list)
{
	__atomic_store_n(&ctrace_armed, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&places_lock);
	atomic_store_explicit(&always, list, memory_order_seq_cst);
	switch_places(atomic_load_explicit(&wishes, memory_order_seq_cst));
	pthread_mutex_unlock(&places_lock);
}

bool ctrace_sites_try_want_no_more(void)
{
	if (pthread_mutex_trylock(&places_lock) != 0) {
		return false;
	}
	atomic_store_explicit(&always, NULL, memory_order_seq_cst);
	switch_places(atomic_load_explicit(&wishes, memory_order_seq_cst));
	pthread_mutex_unlock(&places_lock);
	return true;
}

bool ctrace_sites_are_always_wanted(void)
{
	return atomic_load_explicit(&always, memory_order_relaxed) != NULL;
}

bool ctrace_sites_log_all(void)
{
	uint32_t end = ctrace_sites_count() + 1;
	bool has_room = true;

	for (uint32_t code = 1; code < end && has_room; code++) {
		const struct ctrace_entry *entry = ctrace_sites_entry(code);

		has_room = entry == NULL || ctrace_site_log_add(entry);
	}
	return has_room;
}

__attribute__((no_sanitize_thread)) void ctrace_sites_fork_child(void)
{
	places_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store_explicit(&readers, 0, memory_order_seq_cst);
	atomic_store_explicit(&wishes, NULL, memory_order_seq_cst);
	switch_places(NULL);
}

/* ---- modules ---- */

static void leave_place(struct place *place)
{
	atomic_store_explicit(&place->code, 0, memory_order_relaxed);
	atomic_store_explicit(&place->module, NULL, memory_order_relaxed);
	atomic_store_explicit(&place->state, NULL, memory_order_release);
}

void ctrace_module_leave(char *module)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_seq_cst);

	if (*module != CTRACE_MODULE_KNOWN) {
		return;
	}
	*module = CTRACE_MODULE_GONE;
	pthread_mutex_lock(&places_lock);
	for (uint32_t i = 0; i < end; i++) {
		if (atomic_load_explicit(&places[i].module, memory_order_relaxed) == module) {
			leave_place(&places[i]);
		}
	}
	atomic_store_explicit(&places_hint, 0, memory_order_relaxed);
	pthread_mutex_unlock(&places_lock);
}
