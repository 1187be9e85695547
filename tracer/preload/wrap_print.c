/* SPDX-License-Identifier: MIT */

/* printf and its kind, by way of the functions that take a list of arguments. */

#include "tracer/preload/call_table.h"

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __vprintf_chk(int flag, const char *format, va_list list);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list list);

CTRACE_WRAPPER __attribute__((format(printf, 1, 2))) int printf(const char *format, ...)
{
	va_list list;
	int result;

	va_start(list, format);
	result = vprintf(format, list);
	va_end(list);
	return result;
}

CTRACE_WRAPPER __attribute__((format(printf, 2, 3))) int fprintf(FILE *file, const char *format,
								 ...)
{
	va_list list;
	int result;

	va_start(list, format);
	result = vfprintf(file, format, list);
	va_end(list);
	return result;
}

CTRACE_WRAPPER int __printf_chk(int flag, const char *format, ...)
{
	va_list list;
	int result;

	va_start(list, format);
	result = __vprintf_chk(flag, format, list);
	va_end(list);
	return result;
}

CTRACE_WRAPPER int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list list;
	int result;

	va_start(list, format);
	result = __vfprintf_chk(file, flag, format, list);
	va_end(list);
	return result;
}
