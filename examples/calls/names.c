/* SPDX-License-Identifier: MIT */
/* TRACE_PROCESS_NAME, TRACE_THREAD_NAME: any string; also before anybody records. */

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdio.h>

static void *worker(void *argument)
{
	char name[32];

	snprintf(name, sizeof(name), "worker %d", *(const int *)argument);
	TRACE_THREAD_NAME(name);
	TRACE_INSTANT("here");
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	int numbers[3];

	TRACE_PROCESS_NAME("the names example");
	TRACE_THREAD_NAME("main thread");
	TRACE_INSTANT("here");
	for (int i = 0; i < 3; i++) {
		numbers[i] = i + 1;
		pthread_create(&threads[i], NULL, worker, &numbers[i]);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
	}
	return 0;
}
