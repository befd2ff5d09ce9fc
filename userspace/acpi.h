/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest firmware tables by which a kernel can switch the machine off and
 * reset it: RSDP, RSDT, FADT, FACS, and a DSDT with nothing but the state S5.
 * There is no MADT: interrupts come from the pair of PICs.
 */
#ifndef RINGLET_TOOL_ACPI_H
#define RINGLET_TOOL_ACPI_H

#include "guest_memory.h"

/*
 * What the tables and device_acpi.c must agree on. QEMU's PC has the same ports
 * and sleep type, so that a kernel in plain QEMU can be given these tables.
 */
#define ACPI_PM1_EVENT_PORT   0x600u
#define ACPI_PM1_CONTROL_PORT 0x604u
#define ACPI_SLEEP_TYPE_OFF   0u
#define ACPI_SCI_IRQ	      9u
#define ACPI_RESET_PORT	      0xcf9u
#define ACPI_RESET_VALUE      6u

/* Where kernels look for the RSDP: from here on, every 16 bytes. */
#define ACPI_AREA      ROM_START
#define ACPI_AREA_SIZE 0x1000u

/**
 * acpi_write_tables() - put the tables into memory
 * @area: where; ACPI_AREA unless the kernel is told
 */
void acpi_write_tables(struct guest_memory *memory, uint32_t area);

#endif /* RINGLET_TOOL_ACPI_H */
