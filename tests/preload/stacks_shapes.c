/* SPDX-License-Identifier: MIT */

/* Functions whose frames compilers make in many ways; see stacks_host.h. */

#include "tests/preload/stacks_host.h"

#include <malloc.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile unsigned zero;
static unsigned many = 3;

/* ---- deep ---- */

APART static unsigned recurse(unsigned depth)
{
	volatile unsigned below = depth;

	if (depth == 0) {
		GET_BLOCK();
		return 0;
	}
	below += recurse(depth - 1);
	return below;
}

/* Two that call one another, with frames of different sizes. */
APART static unsigned odd(unsigned depth);

APART static unsigned even(unsigned depth)
{
	volatile char room[200];

	room[depth % sizeof(room)] = 1;
	if (depth == 0) {
		GET_BLOCK();
	} else {
		room[1] = (char)odd(depth - 1);
	}
	GET_BLOCK();
	return (unsigned)room[zero];
}

APART static unsigned odd(unsigned depth)
{
	unsigned kept = depth * 3;

	GET_BLOCK();
	kept += even(depth - 1);
	return kept;
}

/* ---- frames that go by the frame pointer, in whatever way it is compiled ---- */

APART static unsigned with_variable_room(unsigned size, unsigned depth)
{
	volatile char *room = __builtin_alloca(size + 1);

	room[size] = (char)depth;
	GET_BLOCK();
	if (depth > 0) {
		room[0] = (char)with_variable_room(size + 40, depth - 1);
	}
	GET_BLOCK();
	return (unsigned)room[size];
}

/* Its stack pointer is moved to where 64 divides it. */
APART static unsigned realigned(unsigned depth)
{
	_Alignas(64) volatile char room[128];

	room[depth % sizeof(room)] = 1;
	GET_BLOCK();
	if (depth > 0) {
		room[0] = (char)realigned(depth - 1);
		room[1] = (char)with_variable_room(depth * 24, 1);
	}
	GET_BLOCK();
	return (unsigned)room[zero];
}

APART static unsigned realigned_and_variable(unsigned size)
{
	_Alignas(32) volatile char room[64];
	volatile char *more = __builtin_alloca(size + 1);

	more[size] = 1;
	room[zero] = more[size];
	GET_BLOCK();
	room[1] = (char)realigned(2);
	GET_BLOCK();
	return (unsigned)room[zero];
}

APART static unsigned large(void)
{
	volatile char room[200000];

	room[0] = 1;
	GET_BLOCK();
	room[1] = (char)recurse(2);
	GET_BLOCK();
	return (unsigned)room[zero];
}

/* ---- through the C library ---- */

static int compare(const void *left, const void *right)
{
	GET_BLOCK();
	return *(const int *)left - *(const int *)right;
}

static void visit(const void *node, VISIT which, int depth)
{
	(void)node;
	if (which == leaf || depth == 0) {
		GET_BLOCK();
	}
}

APART static void call_back(void)
{
	static int keys[] = {5, 3, 9, 1};
	void *tree = NULL;
	int list[] = {4, 2, 8, 1};

	qsort(list, 4, sizeof(list[0]), compare);
	for (unsigned i = 0; i < 4; i++) {
		tsearch(&keys[i], &tree, compare);
	}
	twalk(tree, visit);
}

/* ---- all ways of getting ---- */

APART static void get_each_way(void)
{
	char *block = calloc(1, note_stack());

	block = realloc(block, note_stack());
	block = reallocarray(block, 1, note_stack());
	AFTER_CALL();
	free(block);
	block = memalign(64, note_stack());
	free(block);
	if (posix_memalign((void **)&block, 64, note_stack()) == 0) {
		free(block);
	}
	AFTER_CALL();
}

/* The same again and again, and now and then another one. */
APART static void take_turns(void)
{
	for (unsigned i = 0; i < 40; i++) {
		GET_BLOCK();
		if (i % 5 == 0) {
			recurse(i % 7);
		}
		if (i % 8 == 0) {
			with_variable_room(i, i % 3);
		}
	}
}

void get_in_shapes(void)
{
	for (unsigned i = 0; i < many; i++) {
		recurse(3);
		even(6);
		realigned_and_variable(i * 100);
		with_variable_room(i * 16, 3);
		get_each_way();
		call_back();
		large();
		take_turns();
		recurse(40);
	}
}
