/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a probe saw, in words. For the printers of `ringlet holes`.
 */
#ifndef RINGLET_TOOL_HOLES_TEXT_H
#define RINGLET_TOOL_HOLES_TEXT_H

#include "holes.h"

#define TEXT_BYTES 96

/**
 * describe_value() - a probe's answer: "base 00200000 limit 00ff", "IF=0 IOPL=3"
 */
void describe_value(unsigned int probe, uint64_t value, char *text);

/**
 * describe_end() - how a probe ended: with that answer, or by an exception
 * @has_answer: false: nobody asks for an answer, only whether it faults
 */
void describe_end(uint32_t vector, uint32_t error, unsigned int probe, bool has_answer,
		  uint64_t value, char *text);

/**
 * describe_flags() - IF and IOPL of EFLAGS
 */
void describe_flags(uint32_t eflags, char *text);

/**
 * describe_outcome() - what a column's guest saw, and what is right
 */
void describe_outcome(const struct hole_column *column, unsigned int probe,
		      const struct judgement *judgement, char *text, size_t bytes);

#endif /* RINGLET_TOOL_HOLES_TEXT_H */
