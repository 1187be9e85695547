/* SPDX-License-Identifier: MIT */

/* Streams of libc; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#undef fread_unlocked
#undef fwrite_unlocked

size_t __fread_chk(void *buffer, size_t room, size_t size, size_t count, FILE *file);
size_t __fread_unlocked_chk(void *buffer, size_t room, size_t size, size_t count, FILE *file);
char *__fgets_chk(char *buffer, size_t room, int size, FILE *file);
char *__fgets_unlocked_chk(char *buffer, size_t room, int size, FILE *file);
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __vprintf_chk(int flag, const char *format, va_list list);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list list);

static void print_lists(FILE *file, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	SHOW("vprintf", vprintf(format, list));
	va_end(list);
	va_start(list, format);
	SHOW("vfprintf", vfprintf(file, format, list));
	va_end(list);
	va_start(list, format);
	SHOW("__vprintf_chk", __vprintf_chk(1, format, list));
	va_end(list);
	va_start(list, format);
	SHOW("__vfprintf_chk", __vfprintf_chk(file, 1, format, list));
	va_end(list);
}

static void print_all(FILE *file)
{
	SHOW("printf", printf("printf %d %s %.3f %c %ld\n", 1, "two", 3.0, '4', 5L));
	SHOW("fprintf", fprintf(file, "line %d %g %g %g\n", 1, 1.5, 2.5, 3.5));
	SHOW("__printf_chk", __printf_chk(1, "checked %d %f\n", 6, 7.5));
	SHOW("__fprintf_chk", __fprintf_chk(file, 1, "line %s\n", "two"));
	print_lists(file, "listed %d %d %d %d %d %d %d %g\n", 1, 2, 3, 4, 5, 6, 7, 8.5);
	SHOW("puts", puts("put"));
	SHOW("fputs", fputs("line three\n", file));
	SHOW("fputs_unlocked", fputs_unlocked("line four\n", file));
	SHOW("fwrite", fwrite("abcd", 2, 2, file));
	SHOW("fwrite_unlocked", fwrite_unlocked("\nefgh\n", 3, 2, file));
	SHOW("fflush", fflush(file));
	SHOW("fflush", fflush(stdout));
	SHOW("fflush_unlocked", fflush_unlocked(file));
}

static void read_all(FILE *file)
{
	char buffer[32], *line = NULL;
	size_t size = 0;

	rewind(file);
	SHOW_POINTER("fgets", fgets(buffer, sizeof(buffer), file));
	show(buffer, 0);
	SHOW_POINTER("fgets_unlocked", fgets_unlocked(buffer, 4, file));
	SHOW_POINTER("__fgets_chk", __fgets_chk(buffer, sizeof(buffer), 8, file));
	SHOW_POINTER("__fgets_unlocked_chk", __fgets_unlocked_chk(buffer, sizeof(buffer), 8, file));
	SHOW("fread", fread(buffer, 2, 3, file));
	SHOW("fread_unlocked", fread_unlocked(buffer, 1, 3, file));
	SHOW("__fread_chk", __fread_chk(buffer, sizeof(buffer), 1, 3, file));
	SHOW("__fread_unlocked_chk", __fread_unlocked_chk(buffer, sizeof(buffer), 1, 3, file));
	SHOW("getline", getline(&line, &size, file));
	SHOW("getdelim", getdelim(&line, &size, 'e', file));
	SHOW("fread", fread(buffer, 1, sizeof(buffer), file) <= sizeof(buffer));
	free(line);
}

void call_streams(void)
{
	FILE *file = fopen("stream", "w+"), *other;
	char buffer[16];

	SHOW_POINTER("fopen", file);
	print_all(file);
	read_all(file);
	SHOW("fclose", fclose(file));
	SHOW_POINTER("fopen64", fopen64("nothing", "r"));
	other = fopen("/dev/full", "w");
	SHOW("fputs", fputs("lost", other));
	SHOW("fflush", fflush(other));
	SHOW("fclose", fclose(other));
	other = popen("echo from a pipe; exit 3", "r");
	SHOW_POINTER("popen", other);
	SHOW_POINTER("fgets", fgets(buffer, sizeof(buffer), other));
	SHOW("pclose", pclose(other));
	SHOW("system", system("exit 5"));
	unlink("stream");
}
