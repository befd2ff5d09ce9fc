/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the runner of the KUnit suites shares with the list of suites, which
 * scripts/kunit-build generates, and with the suite that tests the runner.
 */
#ifndef RINGLET_KUNIT_RUNNER_H
#define RINGLET_KUNIT_RUNNER_H

#include <linux/types.h>

struct kunit_suite;

/* The arrays of suites of all files, then NULL; each array ends with NULL. */
extern struct kunit_suite *const *const ringlet_suite_lists[];

/**
 * ringlet_runner_must_fail() - Was a failure asked for at load?
 *
 * Return: the module parameter selftest_fails.
 */
bool ringlet_runner_must_fail(void);

/**
 * ringlet_misbehave() - Do something that a detector must report.
 * @kind: which; see misbehave.c.
 */
void ringlet_misbehave(const char *kind);

#endif /* RINGLET_KUNIT_RUNNER_H */
