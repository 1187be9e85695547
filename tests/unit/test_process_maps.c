/* SPDX-License-Identifier: MIT */

/* Mappings of processes, against an array with a cell for each page. */

#include "tests/unit/unit.h"

#include "tracer/sources/perf/proc_maps.h"
#include "tracer/sources/perf/process_maps.h"

#include <unistd.h>

#define PAGES 64u

static uint32_t module_at(const struct ctrace_process_maps *maps, uint32_t pid, uint64_t address)
{
	struct ctrace_mapping mapping;

	return ctrace_process_maps_find(maps, pid, address, &mapping) ? mapping.module : 0;
}

static void map(struct ctrace_process_maps *maps, uint32_t pid, uint64_t start, uint64_t end,
		uint32_t module)
{
	const struct ctrace_mapping mapping = {
		.start = start, .end = end, .file_offset = 1000 * module, .module = module};

	ctrace_process_maps_map(maps, pid, &mapping);
}

static void the_newest_mapping_of_a_page_is_found(void **unused)
{
	struct ctrace_process_maps *maps = ctrace_process_maps_create();
	uint32_t module_of[PAGES] = {0};
	uint64_t offset_of[PAGES] = {0};

	(void)unused;
	srand(1);
	for (uint32_t round = 1; round < 5000; round++) {
		uint64_t start = (uint64_t)rand() % PAGES;
		uint64_t end = start + 1 + (uint64_t)rand() % (PAGES - start);

		map(maps, 1, start, end, round);
		for (uint64_t page = start; page < end; page++) {
			module_of[page] = round;
			offset_of[page] = 1000u * round + (page - start);
		}
		for (uint64_t page = 0; page < PAGES; page++) {
			struct ctrace_mapping mapping;
			bool is_there = ctrace_process_maps_find(maps, 1, page, &mapping);

			assert_int_equal(is_there, module_of[page] != 0);
			if (is_there) {
				assert_int_equal(mapping.module, module_of[page]);
				assert_int_equal(mapping.file_offset + (page - mapping.start),
						 offset_of[page]);
			}
		}
	}
	ctrace_process_maps_destroy(maps);
}

static void a_child_has_its_parents_mappings_and_its_own(void **unused)
{
	struct ctrace_process_maps *maps = ctrace_process_maps_create();

	(void)unused;
	map(maps, 1, 10, 20, 5);
	ctrace_process_maps_fork(maps, 1, 2);
	map(maps, 2, 15, 25, 6);
	assert_int_equal(module_at(maps, 1, 15), 5);
	assert_int_equal(module_at(maps, 2, 14), 5);
	assert_int_equal(module_at(maps, 2, 15), 6);
	assert_int_equal(module_at(maps, 1, 20), 0);
	ctrace_process_maps_destroy(maps);
}

static void nothing_is_left_of_the_program_before_exec(void **unused)
{
	struct ctrace_process_maps *maps = ctrace_process_maps_create();

	(void)unused;
	map(maps, 1, 10, 20, 5);
	ctrace_process_maps_exec(maps, 1);
	assert_int_equal(module_at(maps, 1, 15), 0);
	map(maps, 1, 30, 40, 6);
	assert_int_equal(module_at(maps, 1, 35), 6);
	ctrace_process_maps_destroy(maps);
}

static void a_late_sample_finds_the_mappings_of_a_process_that_is_gone(void **unused)
{
	struct ctrace_process_maps *maps = ctrace_process_maps_create();

	(void)unused;
	map(maps, 1, 10, 20, 5);
	ctrace_process_maps_exit(maps, 1);
	assert_int_equal(module_at(maps, 1, 15), 5);
	ctrace_process_maps_fork(maps, 9, 1); /* the number is used again */
	assert_int_equal(module_at(maps, 1, 15), 0);
	ctrace_process_maps_destroy(maps);
}

static void processes_that_are_gone_take_bounded_memory(void **unused)
{
	struct ctrace_process_maps *maps = ctrace_process_maps_create();

	(void)unused;
	for (uint32_t pid = 1; pid <= 10000; pid++) {
		map(maps, pid, 10, 20, 5);
		ctrace_process_maps_exit(maps, pid);
	}
	assert_int_equal(module_at(maps, 1, 15), 0);
	assert_int_equal(module_at(maps, 10000, 15), 5);
	ctrace_process_maps_destroy(maps);
}

/* ---- as /proc says ---- */

static bool has_self, has_other_rights;

static void look_for_self(void *context, const struct ctrace_perf_map *map)
{
	uintptr_t address = (uintptr_t)context;

	has_self |= map->start <= address && address - map->start < map->size &&
		    strstr(map->path, "test_process_maps") != NULL && map->inode != 0;
	has_other_rights |= map->size == 0;
}

static void this_program_is_found_in_its_own_maps(void **unused)
{
	(void)unused;
	ctrace_proc_maps((uint32_t)getpid(), look_for_self,
			 (void *)(uintptr_t)this_program_is_found_in_its_own_maps);
	assert_true(has_self);
	assert_false(has_other_rights);
	ctrace_proc_maps(UINT32_MAX, look_for_self, NULL); /* nobody */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_mapping_of_a_page_is_found),
		cmocka_unit_test(a_child_has_its_parents_mappings_and_its_own),
		cmocka_unit_test(nothing_is_left_of_the_program_before_exec),
		cmocka_unit_test(a_late_sample_finds_the_mappings_of_a_process_that_is_gone),
		cmocka_unit_test(processes_that_are_gone_take_bounded_memory),
		cmocka_unit_test(this_program_is_found_in_its_own_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
