// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the ACPI tables; called by machine_init(). Offsets are those of the
 * ACPI specification, "Fixed ACPI Description Table" and its neighbours.
 */
#include <string.h>

#include "acpi.h"

/* Offsets in the area. A FACS is aligned to 64 bytes. */
#define RSDP_AT		  0x000
#define RSDT_AT		  0x040
#define FACS_AT		  0x080
#define FADT_AT		  0x100
#define DSDT_AT		  0x200

#define HEADER_SIZE	  36
#define HEADER_LENGTH	  4
#define HEADER_REVISION	  8
#define HEADER_CHECKSUM	  9
#define HEADER_OEM	  10
#define HEADER_OEM_TABLE  16
#define HEADER_CREATOR	  28

#define RSDP_SIZE	  20
#define RSDP_CHECKSUM	  8
#define RSDP_OEM	  9
#define RSDP_RSDT	  16

#define FACS_SIZE	  64

#define FADT_SIZE	  244
#define FADT_REVISION	  3
#define FADT_FACS	  36
#define FADT_DSDT	  40
#define FADT_SCI	  46
#define FADT_PM1_EVENT	  56
#define FADT_PM1_CONTROL  64
#define FADT_EVENT_SIZE	  88
#define FADT_CONTROL_SIZE 89
#define FADT_C2_LATENCY	  96
#define FADT_C3_LATENCY	  98
#define FADT_CENTURY	  108
#define FADT_BOOT_FLAGS	  109
#define FADT_FLAGS	  112
#define FADT_RESET	  116
#define FADT_RESET_VALUE  128

#define LATENCY_NONE	  0xffffu /* such a state does not exist */
#define CMOS_CENTURY	  0x32

/* Serial port, parallel port; keyboard controller. */
#define BOOT_LEGACY 0x01u
#define BOOT_8042   0x02u

/* WBINVD works, C1 is HLT, no buttons, the RTC's alarm has no bit of its own. */
#define FLAGS	   (0x01u | 0x04u | 0x10u | 0x20u | 0x40u | FLAG_RESET)
#define FLAG_RESET 0x400u

#define SPACE_IO   1

/* Name (_S5, Package (4) { 0, 0, 0, 0 }): what goes into SLP_TYP to switch off. */
static const uint8_t dsdt_code[] = {
	0x08, '_',
	'S',  '5',
	'_',  0x12,
	0x08, 0x04,
	0x0a, ACPI_SLEEP_TYPE_OFF,
	0x0a, ACPI_SLEEP_TYPE_OFF,
	0x00, 0x00,
};

static uint8_t sum(const uint8_t *bytes, uint32_t length)
{
	uint8_t total = 0;

	while (length--)
		total += *bytes++;
	return total;
}

static void finish_table(uint8_t *table, const char *signature, uint32_t length, uint8_t revision)
{
	memcpy(table, signature, 4);
	put32(table + HEADER_LENGTH, length);
	table[HEADER_REVISION] = revision;
	memcpy(table + HEADER_OEM, "RINGLT", 6);
	memcpy(table + HEADER_OEM_TABLE, "RINGLET ", 8);
	memcpy(table + HEADER_CREATOR, "RGLT", 4);
	table[HEADER_CHECKSUM] = 0;
	table[HEADER_CHECKSUM] = (uint8_t)-sum(table, length);
}

static void write_fadt(uint8_t *fadt, uint32_t area)
{
	put32(fadt + FADT_FACS, area + FACS_AT);
	put32(fadt + FADT_DSDT, area + DSDT_AT);
	put16(fadt + FADT_SCI, ACPI_SCI_IRQ);
	put32(fadt + FADT_PM1_EVENT, ACPI_PM1_EVENT_PORT);
	put32(fadt + FADT_PM1_CONTROL, ACPI_PM1_CONTROL_PORT);
	fadt[FADT_EVENT_SIZE] = 4;
	fadt[FADT_CONTROL_SIZE] = 2;
	put16(fadt + FADT_C2_LATENCY, LATENCY_NONE);
	put16(fadt + FADT_C3_LATENCY, LATENCY_NONE);
	fadt[FADT_CENTURY] = CMOS_CENTURY;
	put16(fadt + FADT_BOOT_FLAGS, BOOT_LEGACY | BOOT_8042);
	put32(fadt + FADT_FLAGS, FLAGS);
	fadt[FADT_RESET] = SPACE_IO;
	fadt[FADT_RESET + 1] = 8; /* bits */
	fadt[FADT_RESET + 3] = 1; /* by bytes */
	put64(fadt + FADT_RESET + 4, ACPI_RESET_PORT);
	fadt[FADT_RESET_VALUE] = ACPI_RESET_VALUE;
	finish_table(fadt, "FACP", FADT_SIZE, FADT_REVISION);
}

void acpi_write_tables(struct guest_memory *memory, uint32_t area)
{
	uint8_t *base = memory->base + area;
	uint8_t *rsdp = base + RSDP_AT, *rsdt = base + RSDT_AT, *facs = base + FACS_AT;
	uint8_t *dsdt = base + DSDT_AT;

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + RSDP_OEM, "RINGLT", 6);
	put32(rsdp + RSDP_RSDT, area + RSDT_AT);
	rsdp[RSDP_CHECKSUM] = (uint8_t)-sum(rsdp, RSDP_SIZE);

	put32(rsdt + HEADER_SIZE, area + FADT_AT);
	finish_table(rsdt, "RSDT", HEADER_SIZE + 4, 1);

	memcpy(facs, "FACS", 4);
	put32(facs + HEADER_LENGTH, FACS_SIZE);

	write_fadt(base + FADT_AT, area);

	memcpy(dsdt + HEADER_SIZE, dsdt_code, sizeof(dsdt_code));
	finish_table(dsdt, "DSDT", HEADER_SIZE + sizeof(dsdt_code), 1);
}
