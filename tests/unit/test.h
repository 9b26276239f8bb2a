/* tests/unit/test.h - what every unit test includes
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_TEST_H
#define FL_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"

/* A case named as a sentence: FL_CASE("deny wins over allow", test_deny_wins) */
#define FL_CASE(sentence, fn) {sentence, fn, NULL, NULL, NULL}
#define FL_CASE_SETUP(sentence, fn, setup, teardown) {sentence, fn, setup, teardown, NULL}

#endif
