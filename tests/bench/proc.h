/* tests/bench/proc.h - what a process has used, from /proc
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_BENCH_PROC_H
#define FL_TESTS_BENCH_PROC_H

#include <stdint.h>

/* CPU time of all its threads that still run, from schedstat: nanoseconds, not ticks. 0 when the
 * process is gone. */
uint64_t bench_proc_cpu_ns(int pid);

#endif
