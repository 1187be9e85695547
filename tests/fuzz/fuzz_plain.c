/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files and folders of files, and over each file with
 * some bytes changed: what CI does where no fuzz engine is.
 *
 *     fuzz-TARGET [--changes N] PATH…
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static unsigned changes, cases;
static uint64_t random_state = 1;

static uint64_t next_random(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return random_state >> 33;
}

static void run_changed(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	for (unsigned i = 0; copy != NULL && size > 0 && i < changes; i++) {
		memcpy(copy, bytes, size);
		for (unsigned k = 0; k < 1 + i % 4; k++) {
			copy[next_random() % size] = (uint8_t)next_random();
		}
		LLVMFuzzerTestOneInput(copy, i % 8 == 7 ? next_random() % size : size);
	}
	free(copy);
}

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	if (file == NULL || bytes == NULL) {
		fprintf(stderr, "%s: cannot read it\n", path);
		exit(1);
	}
	size_t size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
	run_changed(bytes, size);
	free(bytes);
	cases++;
}

static void run_path(const char *path)
{
	struct stat status;
	struct dirent **names;

	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
		run_file(path);
		return;
	}
	int count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char inner[4096];
		snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			run_path(inner);
		}
		free(names[i]);
	}
	if (count >= 0) {
		free(names);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--changes") == 0 && i + 1 < argc) {
			changes = (unsigned)strtoul(argv[++i], NULL, 10);
		} else {
			run_path(argv[i]);
		}
	}
	printf("%u passed, 0 failed\n", cases);
	return cases == 0;
}
