/* SPDX-License-Identifier: MIT */

/* Recording blocks of memory; see alloc_record.h. The shapes of records are in memory_shape.h. */

#include "tracer/preload/alloc_record.h"

#include "format/kinds.h"
#include "tracer/preload/alloc_chance.h"
#include "tracer/preload/alloc_live.h"
#include "tracer/preload/alloc_stacks.h"
#include "tracer/preload/told_stack.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/sites/memory_shape.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before it is known what is wanted, and while nobody records: looked at again after so much. */
#define LOOK_AGAIN_BYTES (1u << 20)

enum mode { UNDECIDED, OFF, SAMPLED, FULL, STACKS };
enum site {
	SITE_STACK,
	SITE_CALLER,
	SITE_REALLOC,
	SITE_FREE,
	SITE_KNOWN,
	SITE_TOLD,
	SITE_REALLOC_KNOWN,
	SITE_REALLOC_TOLD,
	SITES
};

__thread struct ctrace_alloc_self ctrace_alloc_self __attribute__((tls_model("initial-exec")));

static _Atomic int mode = UNDECIDED;
static const struct ctrace_face *face; /* set before the mode */
static uint64_t mean = CTRACE_ALLOC_MEAN_DEFAULT;
static uint64_t seed;
static _Atomic uint32_t threads_seen;

/* Of one module for ever: never unloaded. */
static char own_module = 0;
static uint16_t states[SITES];

#ifdef CTRACE_LINKED
#define CATEGORY     CTRACE_NAMED_ALLOC
#define WITHOUT_WORD SAMPLED
/* A recording that begins when numbers have been told would not know them. */
#define STACKS_START() false
#define STACKS_NEED    "a recorder that is there from the beginning, as `ctrace record` is"
#else
#define STACKS_START() ctrace_alloc_stacks_start()
#define STACKS_NEED    "x86-64, Linux 4.14 and glibc 2.35"
#define CATEGORY       CTRACE_MEMORY_OF_MALLOC
#define WITHOUT_WORD   OFF
#endif

#define SITE(index, what, letters)                                                                 \
	{                                                                                          \
		.state = &states[index], .module = &own_module, .name = "malloc",                  \
		.category = CATEGORY, .file = "", .function = "", .schema = (letters),             \
		.name_size = 6, .schema_size = sizeof(letters) - 1, .kind = (what)                 \
	}

static const struct ctrace_site_info sites[SITES] = {
	SITE(SITE_STACK, CTRACE_KIND_ALLOC, "u\0u\0u\0" CTRACE_MEMORY_TOLD_SCHEMA),
	SITE(SITE_CALLER, CTRACE_KIND_ALLOC, "u\0u\0p\0"),
	SITE(SITE_REALLOC, CTRACE_KIND_REALLOC, "u\0u\0u\0p\0"),
	SITE(SITE_FREE, CTRACE_KIND_FREE, "u\0"),
	SITE(SITE_KNOWN, CTRACE_KIND_ALLOC, "u\0u\0h\0"),
	SITE(SITE_TOLD, CTRACE_KIND_ALLOC, "u\0u\0h\0s\0"),
	SITE(SITE_REALLOC_KNOWN, CTRACE_KIND_REALLOC, "u\0u\0u\0h\0"),
	SITE(SITE_REALLOC_TOLD, CTRACE_KIND_REALLOC, "u\0u\0u\0h\0s\0"),
};

/* The recorder switches it; 0: nobody wants it. */
static unsigned state_of(enum site site)
{
	return __atomic_load_n(&states[site], __ATOMIC_RELAXED);
}

/* ---- what is wanted ---- */

static uint64_t number_of(const char *name, uint64_t usual, uint64_t most)
{
	const char *text = getenv(name);
	char *end = NULL;
	uint64_t number;

	if (text == NULL || *text == '\0') {
		return usual;
	}
	number = strtoull(text, &end, 10);
	if (*end != '\0' || *text == '-' || number == 0 || number > most) {
		fprintf(stderr, "ctrace: %s=%s: must be a number from 1 to %llu\n", name, text,
			(unsigned long long)most);
		return usual;
	}
	return number;
}

static enum mode stacks_or_callers(void)
{
	if (STACKS_START()) {
		return STACKS;
	}
	fprintf(stderr, "ctrace: CTRACE_ALLOC=stacks needs " STACKS_NEED ": full is taken\n");
	return FULL;
}

static enum mode wanted_mode(void)
{
	const char *text = getenv("CTRACE_ALLOC");

	if (text == NULL || *text == '\0') {
		return WITHOUT_WORD;
	}
	if (strcmp(text, "off") == 0) {
		return OFF;
	}
	if (strcmp(text, "sampled") == 0) {
		return SAMPLED;
	}
	if (strcmp(text, "full") == 0) {
		return FULL;
	}
	if (strcmp(text, "stacks") == 0) {
		return stacks_or_callers();
	}
	fprintf(stderr, "ctrace: CTRACE_ALLOC=%s: must be sampled, full, stacks or off\n", text);
	return OFF;
}

static void set_mode(enum mode wanted)
{
	/* [L] release: sites, face and numbers before it. */
	atomic_store_explicit(&mode, wanted, memory_order_release);
	ctrace_alloc_self.left = 0;
}

void ctrace_alloc_start(const struct ctrace_face *recorder)
{
	enum mode wanted = recorder != NULL ? wanted_mode() : OFF;

	if (wanted == OFF) {
		set_mode(OFF);
		return;
	}
	face = recorder;
	mean = number_of("CTRACE_ALLOC_BYTES", CTRACE_ALLOC_MEAN_DEFAULT, CTRACE_ALLOC_MEAN_MAX);
	seed = number_of("CTRACE_ALLOC_SEED", 0, UINT64_MAX);
	for (unsigned i = 0; i < SITES; i++) {
		states[i] = face->meet(&sites[i]);
	}
	face->tell_maps();
	ctrace_told_stack_start();
	if (wanted == FULL || wanted == STACKS) {
		ctrace_live_mark_all();
	}
	set_mode(wanted);
}

/* ---- which are chosen ---- */

/* Of a thread's own, whatever it was before. */
static uint64_t first_random(void)
{
	uint64_t number = atomic_fetch_add_explicit(&threads_seen, 1, memory_order_relaxed);
	uint64_t state = seed;

	if (seed == 0) {
		state = ctrace_clock_ticks() ^ (uint64_t)(uintptr_t)&ctrace_alloc_self << 20;
	}
	state += number << 32;
	return ctrace_chance_random(&state);
}

static enum ctrace_alloc_choice choose_by_chance(struct ctrace_alloc_self *self, size_t size)
{
	if (!self->has_drawn) {
		self->has_drawn = true;
		self->random = first_random();
		self->left = ctrace_chance_draw(&self->random, mean);
		if (size < self->left) {
			self->left -= size;
			return CTRACE_ALLOC_PASS;
		}
	}
	self->left = ctrace_chance_draw(&self->random, mean);
	return state_of(SITE_STACK) != 0 ? CTRACE_ALLOC_SAMPLED : CTRACE_ALLOC_PASS;
}

enum ctrace_alloc_choice ctrace_alloc_choose(size_t size)
{
	struct ctrace_alloc_self *self = &ctrace_alloc_self;

	/* [L] acquire. */
	switch (atomic_load_explicit(&mode, memory_order_acquire)) {
	case FULL:
		self->left = 0;
		return state_of(SITE_CALLER) != 0 ? CTRACE_ALLOC_FULL : CTRACE_ALLOC_PASS;
	case STACKS:
		self->left = 0;
		return state_of(SITE_KNOWN) != 0 ? CTRACE_ALLOC_STACKS : CTRACE_ALLOC_PASS;
	case SAMPLED:
		return choose_by_chance(self, size);
	case OFF:
		self->left = UINT64_MAX;
		return CTRACE_ALLOC_PASS;
	default:
		self->left = LOOK_AGAIN_BYTES;
		return CTRACE_ALLOC_PASS;
	}
}

/* ---- records ---- */

static bool record_with_stack(const void *block, size_t size,
			      const struct ctrace_caller_frame *frame)
{
	struct ctrace_arg args[CTRACE_MEMORY_STACK_LEAD + CTRACE_MEMORY_TOLD_ARGS] = {
		{.word = (uintptr_t)block},
		{.word = size},
		{.word = ctrace_chance_weight(size, mean)},
	};
	struct ctrace_told_stack stack;

	ctrace_told_stack(&args[CTRACE_MEMORY_STACK_LEAD], &stack, frame);
	return face->record(state_of(SITE_STACK), args, sizeof(args) / sizeof(args[0]));
}

static void got_sampled(const void *block, size_t size, const struct ctrace_caller_frame *frame)
{
	/* One that there is no place for is passed over: nothing would tell of its end. */
	if (ctrace_live_add(block) && !record_with_stack(block, size, frame)) {
		ctrace_live_remove(block);
	}
}

/* A record of these words and of where; behind it the stack's addresses, if they are not known. */
static void record_numbered(enum site known, enum site told, const uint64_t *lead, unsigned count,
			    const struct ctrace_caller_frame *frame)
{
	struct ctrace_alloc_stack stack;
	struct ctrace_arg args[CTRACE_MEMORY_NUMBERED_LEAD_MAX + 2];
	uint64_t words[CTRACE_MEMORY_NUMBERED_LEAD_MAX + 1];
	bool is_recorded;

	ctrace_alloc_stack_begin(&stack, frame);
	if (stack.size == 0) {
		memcpy(words, lead, count * sizeof(words[0]));
		words[count] = stack.where;
		is_recorded = face->enter(state_of(known), words, count + 1) != 0;
	} else {
		for (unsigned i = 0; i < count; i++) {
			args[i] = (struct ctrace_arg){.word = lead[i]};
		}
		args[count] = (struct ctrace_arg){.word = stack.where};
		args[count + 1] = (struct ctrace_arg){.word = stack.size, .bytes = stack.bytes};
		is_recorded = face->record(state_of(told), args, count + 2) != 0;
	}
	ctrace_alloc_stack_end(&stack, is_recorded);
}

void ctrace_alloc_got(enum ctrace_alloc_choice choice, const void *block, size_t size,
		      const struct ctrace_caller_frame *frame)
{
	const uint64_t words[] = {(uintptr_t)block, size, frame->caller};

	if (choice == CTRACE_ALLOC_PASS || block == NULL) {
		return;
	}
	if (choice == CTRACE_ALLOC_FULL) {
		face->enter(state_of(SITE_CALLER), words, 3);
	} else if (choice == CTRACE_ALLOC_STACKS) {
		record_numbered(SITE_KNOWN, SITE_TOLD, words, 2, frame);
	} else {
		got_sampled(block, size, frame);
	}
}

bool ctrace_alloc_gives_back(const void *block)
{
	const uint64_t word = (uintptr_t)block;
	int now = atomic_load_explicit(&mode, memory_order_acquire); /* [L] */
	unsigned state;

	if (block == NULL || block == ctrace_alloc_self.told ||
	    (now != FULL && now != STACKS && (now != SAMPLED || !ctrace_live_remove(block)))) {
		return false;
	}
	state = state_of(SITE_FREE);
	return state != 0 && face->enter(state, &word, 1) != 0;
}

void ctrace_alloc_moved(const void *from, const void *to, size_t size,
			const struct ctrace_caller_frame *frame)
{
	const uint64_t words[] = {(uintptr_t)from, (uintptr_t)to, size, frame->caller};
	unsigned state = state_of(SITE_REALLOC);

	if (state == 0) {
		return;
	}
	/* [L] acquire. */
	if (atomic_load_explicit(&mode, memory_order_acquire) == STACKS) {
		record_numbered(SITE_REALLOC_KNOWN, SITE_REALLOC_TOLD, words, 3, frame);
	} else {
		face->enter(state, words, 4);
	}
}

void ctrace_alloc_kept(const void *block)
{
	const struct ctrace_caller_frame nowhere = {.caller = 0};

	if (atomic_load_explicit(&mode, memory_order_acquire) == SAMPLED) { /* [L] */
		ctrace_live_add(block);
	}
	ctrace_alloc_moved(block, block, 0, &nowhere);
}
