/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ringlet info`.
 */
#ifndef RINGLET_TOOL_INFO_H
#define RINGLET_TOOL_INFO_H

#include <stdbool.h>
#include <stddef.h>

/**
 * info() - print what this machine and the loaded module can do
 * @device: path of the device to look at
 *
 * Return: the exit status: 0 if guests can run, 1 if not.
 */
int info(const char *device);

/**
 * info_host() - the half that is about the machine
 *
 * Return: how many reasons the module has to refuse this machine.
 */
unsigned int info_host(void);

/**
 * flags_contain() - whether a list of words, as in /proc/cpuinfo, has @word
 */
bool flags_contain(const char *flags, const char *word);

/**
 * choice_is() - whether a sysfs line such as "none [integrity] confidentiality"
 * has @word in brackets
 */
bool choice_is(const char *line, const char *word);

#endif /* RINGLET_TOOL_INFO_H */
