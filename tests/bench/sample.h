/* tests/bench/sample.h - times of single calls, and their calls for memory
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_BENCH_SAMPLE_H
#define FL_TESTS_BENCH_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct bench_quantiles {
	uint32_t p50, p99;
};

/* Medians over the parts of the run: what disturbs the machine for a while disturbs one part. Sorts
 * the parts of `ns`; at least 500. */
struct bench_quantiles bench_quantiles(uint32_t *ns, size_t n);
/* How often the process called malloc(), calloc() or realloc() so far, the C library's own calls
 * included: this module stands in for them. */
uint64_t bench_allocations(void);

#endif
