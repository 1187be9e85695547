/* SPDX-License-Identifier: MIT */

/* Which recorder takes the calls; see recorder.h. */

#include "tracer/preload/recorder.h"

#include "tracer/preload/alloc_record.h"
#include "tracer/preload/gc_hooks.h"
#include "tracer/preload/lock_stack.h"
#include "tracer/preload/operators.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

const struct ctrace_face *_Atomic ctrace_recorder;

bool ctrace_recorder_has_only_library, ctrace_recorder_has_no_calls;

bool ctrace_recorder_has_locks = true, ctrace_recorder_has_lock_stacks = true;
bool ctrace_recorder_has_gc = true;

/* Where a sanitizer is, whoever it came with. */
__attribute__((weak)) void __asan_init(void);
__attribute__((weak)) void __hwasan_init(void);
__attribute__((weak)) void __lsan_init(void);
__attribute__((weak)) void __msan_init(void);
__attribute__((weak)) void __tsan_init(void);

#ifdef CTRACE_LINKED
const char ctrace_alloc_is_linked = 1;
#define OWN_FACE NULL
#define ITS_NAME "libctrace-alloc"
#else
#define OWN_FACE (&ctrace_face)
#define ITS_NAME "the preload library"
#endif

struct search {
	const struct ctrace_face *but, *found;
};

static size_t padded_to_4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static bool is_of_a_face(const ElfW(Nhdr) * note)
{
	return note->n_type == CTRACE_FACE_NOTE && note->n_namesz == sizeof(CTRACE_FACE_OWNER) &&
	       note->n_descsz == sizeof(int32_t) &&
	       memcmp(note + 1, CTRACE_FACE_OWNER, sizeof(CTRACE_FACE_OWNER)) == 0;
}

/* The first one in a segment of notes. */
static const struct ctrace_face *find_in(const char *at, const char *end,
					 const struct ctrace_face *but)
{
	while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		const char *words = at + sizeof(*note) + padded_to_4(note->n_namesz);
		const struct ctrace_face *face = NULL;
		int32_t offset;

		if (is_of_a_face(note)) {
			memcpy(&offset, words, sizeof(offset));
			face = (const void *)(words + offset);
		}
		if (face != NULL && face != but) {
			return face;
		}
		at = words + padded_to_4(note->n_descsz);
	}
	return NULL;
}

static int look_at(struct dl_phdr_info *object, size_t unused, void *context)
{
	struct search *search = context;

	(void)unused;
	for (unsigned i = 0; i < object->dlpi_phnum && search->found == NULL; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		/* NOLINTNEXTLINE: the loader tells addresses as numbers */
		const char *at = (const char *)(object->dlpi_addr + segment->p_vaddr);

		if (segment->p_type == PT_NOTE) {
			search->found = find_in(at, at + segment->p_memsz, search->but);
		}
	}
	return search->found != NULL;
}

/* The program's own, or of a library it was linked with. */
static const struct ctrace_face *find_other(void)
{
	struct search search = {.but = OWN_FACE};

	dl_iterate_phdr(look_at, &search);
	return search.found;
}

bool ctrace_recorder_is_beside_sanitizer(void)
{
	return __asan_init != NULL || __hwasan_init != NULL || __lsan_init != NULL ||
	       __msan_init != NULL || __tsan_init != NULL;
}

#ifndef CTRACE_LINKED
bool ctrace_library_gives_way(void)
{
	return getauxval(AT_SECURE) != 0 || ctrace_recorder_is_beside_sanitizer() ||
	       find_other() != NULL;
}
#endif

static void complain(const struct ctrace_face *other)
{
	fprintf(stderr,
		"ctrace: this program carries ctrace %s, " ITS_NAME " is of %s: its calls "
		"are not recorded\n",
		other->release, CTRACE_VERSION);
}

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

static void read_calls(const char *calls)
{
	if (!is_set(calls)) {
		return;
	}
	ctrace_recorder_has_only_library = strcmp(calls, "library") == 0;
	ctrace_recorder_has_no_calls = strcmp(calls, "none") == 0;
	if (!ctrace_recorder_has_only_library && !ctrace_recorder_has_no_calls &&
	    strcmp(calls, "all") != 0) {
		fprintf(stderr, "ctrace: CTRACE_CALLS=%s: must be all, library or none\n", calls);
	}
}

/* "on" or "off"; on without it. */
static bool is_switched_on(const char *name)
{
	const char *text = getenv(name);

	if (!is_set(text) || strcmp(text, "on") == 0) {
		return true;
	}
	if (strcmp(text, "off") != 0) {
		fprintf(stderr, "ctrace: %s=%s: must be on or off\n", name, text);
		return true;
	}
	return false;
}

/* NULL: there is none for this program. */
static const struct ctrace_face *find_recorder(void)
{
	const struct ctrace_face *other;

	if (getauxval(AT_SECURE) != 0 || ctrace_recorder_is_beside_sanitizer()) {
		return NULL;
	}
	read_calls(getenv("CTRACE_CALLS"));
	ctrace_recorder_has_locks = is_switched_on("CTRACE_LOCKS");
	ctrace_recorder_has_lock_stacks = is_switched_on("CTRACE_LOCK_STACKS");
	ctrace_recorder_has_gc = is_switched_on("CTRACE_GC");
	other = find_other();
	if (other != NULL && other->version != CTRACE_FACE_VERSION) {
		complain(other);
		return NULL;
	}
	return other != NULL ? other : OWN_FACE;
}

__attribute__((constructor)) static void choose_recorder(void)
{
	const struct ctrace_face *recorder = find_recorder();

	ctrace_operators_start();
	/* [R] release: what the recorder has made of itself, before calls use it. */
	atomic_store_explicit(&ctrace_recorder, recorder, memory_order_release);
	ctrace_alloc_start(recorder);
	ctrace_lock_stack_start(recorder);
#ifndef CTRACE_LINKED
	ctrace_gc_start(recorder);
#endif
}
