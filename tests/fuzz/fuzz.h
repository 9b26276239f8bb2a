/* tests/fuzz/fuzz.h - the one function of a fuzz target
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_FUZZ_FUZZ_H
#define FL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
