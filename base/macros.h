/* base/macros.h - small things that functions cannot do
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_BASE_MACROS_H
#define FL_BASE_MACROS_H

#include <stddef.h>

#define FL_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FL_MUST_USE __attribute__((warn_unused_result))
#define FL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FL_CLEANUP(fn) __attribute__((cleanup(fn)))
/* A large array of locals that is filled before it is read: not zeroed by -ftrivial-auto-var-init. */
#if defined(__GNUC__) && __GNUC__ >= 12
#define FL_UNINITIALIZED __attribute__((uninitialized))
#else
#define FL_UNINITIALIZED
#endif
#define FL_UNUSED __attribute__((unused))
#define FL_LIKELY(x) __builtin_expect(!!(x), 1)
#define FL_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* The struct of `type` whose `member` is at `ptr`. */
#define FL_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Asserts an invariant of our own, in every build. Never for bytes from outside. */
#define FL_ASSERT(cond)                                                                            \
	do {                                                                                       \
		if (FL_UNLIKELY(!(cond)))                                                          \
			fl_assert_failed(#cond, __FILE__, __LINE__, __func__);                     \
	} while (0)

/* Prints one line to standard error and aborts. Async-signal-safe. */
void fl_assert_failed(const char *cond, const char *file, int line, const char *func)
    __attribute__((noreturn, cold));

#endif
