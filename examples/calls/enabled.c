/* SPDX-License-Identifier: MIT */
/* TRACE_ENABLED: is anybody recording this category? Guards arguments that are costly to make. */

#include <ctrace/trace.h>
#include <stdio.h>

static int weigh(const int *numbers, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		sum += numbers[i];
	}
	return sum;
}

int main(void)
{
	static int numbers[100000];

	if (TRACE_ENABLED("weights")) {
		TRACE_INSTANT_C("weights", "weighed", TRACE_I64("sum", weigh(numbers, 100000)));
	}
	printf("somebody records: %s\n", TRACE_ENABLED("weights") ? "yes" : "no");
	return 0;
}
