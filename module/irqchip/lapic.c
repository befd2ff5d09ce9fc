// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC but its timer. Called with the irqchip's lock held when it
 * belongs to a VM. Pure.
 */
#include "irqchip/lapic_internal.h"

/* Six entries of the local vector table. */
#define VERSION (0x14 | 5 << 16)

#define SPURIOUS_ENABLED BIT(8)
#define SPURIOUS_WRITABLE 0x3ff
#define SPURIOUS_AT_RESET 0xff

#define ID_SHIFT 24
#define HIGH_BYTE 0xff000000

#define DFR_MODEL_SHIFT 28
#define DFR_FLAT 0xf
#define DFR_CLUSTER 0x0
#define DFR_FIXED_BITS 0x0fffffff

#define ESR_SEND_ILLEGAL_VECTOR BIT(5)
#define ESR_RECEIVE_ILLEGAL_VECTOR BIT(6)
#define ESR_ILLEGAL_REGISTER BIT(7)

#define ICR_LOGICAL BIT(11)
#define ICR_ASSERT BIT(14)
#define ICR_LEVEL BIT(15)
#define ICR_WRITABLE 0xccfff
/* Its shorthand: to whom. */
#define ICR_SHORTHAND_SHIFT 18
enum shorthand {
	TO_DESTINATION = 0,
	TO_SELF = 1,
	TO_ALL = 2,
	TO_OTHERS = 3,
};

/* What can be written to an entry of the local vector table. */
#define LVT_PLAIN (0xff | LVT_MASKED)
#define LVT_WITH_DELIVERY (LVT_PLAIN | LVT_DELIVERY)
#define LVT_PIN (LVT_WITH_DELIVERY | BIT(13) | BIT(15))

#define PRIORITY_CLASS 0xf0

/* ---- sets of vectors ----------------------------------------------------- */

static u32 *vector_word(struct lapic *lapic, unsigned int set, u8 vector)
{
	return lapic_register(lapic, set + vector / 32 * 16);
}

static u32 vector_bit(u8 vector)
{
	return (u32)1 << vector % 32;
}

static void add_vector(struct lapic *lapic, unsigned int set, u8 vector)
{
	*vector_word(lapic, set, vector) |= vector_bit(vector);
}

static void remove_vector(struct lapic *lapic, unsigned int set, u8 vector)
{
	*vector_word(lapic, set, vector) &= ~vector_bit(vector);
}

static bool has_vector(const struct lapic *lapic, unsigned int set, u8 vector)
{
	return lapic_get(lapic, set + vector / 32 * 16) & vector_bit(vector);
}

static int highest_vector(const struct lapic *lapic, unsigned int set)
{
	unsigned int word = VECTOR_WORDS;
	u32 bits;

	while (word--) {
		bits = lapic_get(lapic, set + word * 16);
		if (bits)
			return (int)word * 32 + 31 - __builtin_clz(bits);
	}
	return LAPIC_NO_VECTOR;
}

/* ---- priorities ---------------------------------------------------------- */

static u32 processor_priority(const struct lapic *lapic)
{
	int serving = highest_vector(lapic, REG_ISR);
	u32 task = lapic_get(lapic, REG_TPR);
	u32 service = serving < 0 ? 0 : (u32)serving & PRIORITY_CLASS;

	return (task & PRIORITY_CLASS) >= service ? task : service;
}

static bool software_enabled(const struct lapic *lapic)
{
	return lapic_is_enabled(lapic) && lapic_get(lapic, REG_SPURIOUS) & SPURIOUS_ENABLED;
}

int lapic_wanted_vector(const struct lapic *lapic)
{
	int vector;

	if (!software_enabled(lapic))
		return LAPIC_NO_VECTOR;
	vector = highest_vector(lapic, REG_IRR);
	if (vector < 0 ||
	    ((u32)vector & PRIORITY_CLASS) <= (processor_priority(lapic) & PRIORITY_CLASS))
		return LAPIC_NO_VECTOR;
	return vector;
}

int lapic_acknowledge(struct lapic *lapic)
{
	int vector = lapic_wanted_vector(lapic);

	if (vector >= 0) {
		remove_vector(lapic, REG_IRR, vector);
		add_vector(lapic, REG_ISR, vector);
	}
	return vector;
}

static int end_of_interrupt(struct lapic *lapic)
{
	int vector = highest_vector(lapic, REG_ISR);

	if (vector < 0)
		return LAPIC_NO_VECTOR;
	remove_vector(lapic, REG_ISR, vector);
	return has_vector(lapic, REG_TMR, vector) ? vector : LAPIC_NO_VECTOR;
}

bool lapic_is_requested(const struct lapic *lapic, u8 vector)
{
	return has_vector(lapic, REG_IRR, vector);
}

bool lapic_is_serving(const struct lapic *lapic, u8 vector)
{
	return has_vector(lapic, REG_ISR, vector);
}

u8 lapic_cr8(const struct lapic *lapic)
{
	return lapic_get(lapic, REG_TPR) >> 4 & 0xf;
}

void lapic_set_cr8(struct lapic *lapic, u8 cr8)
{
	*lapic_register(lapic, REG_TPR) = (cr8 & 0xf) << 4;
}

/* ---- what comes in ------------------------------------------------------- */

/* The error's own interrupt cannot be the error again. */
static void report_error(struct lapic *lapic, u8 error)
{
	u32 entry = lapic_get(lapic, LAPIC_LOCAL_ERROR);

	lapic->errors |= error;
	if (!software_enabled(lapic) || entry & LVT_MASKED)
		return;
	if ((entry & 0xff) < APIC_FIRST_VECTOR) {
		lapic->errors |= ESR_RECEIVE_ILLEGAL_VECTOR;
		return;
	}
	remove_vector(lapic, REG_TMR, entry & 0xff);
	add_vector(lapic, REG_IRR, entry & 0xff);
}

static int accept_vector(struct lapic *lapic, u8 vector, bool level)
{
	bool pending;

	if (!software_enabled(lapic))
		return -1;
	if (vector < APIC_FIRST_VECTOR) {
		report_error(lapic, ESR_RECEIVE_ILLEGAL_VECTOR);
		return -1;
	}
	pending = has_vector(lapic, REG_IRR, vector);
	if (level)
		add_vector(lapic, REG_TMR, vector);
	else
		remove_vector(lapic, REG_TMR, vector);
	add_vector(lapic, REG_IRR, vector);
	return !pending;
}

static int accept_event(struct lapic *lapic, u8 event)
{
	bool pending = lapic->events & event;

	lapic->events |= event;
	return !pending;
}

static int deliver(struct lapic *lapic, u8 delivery, u8 vector, bool level)
{
	switch (delivery) {
	case APIC_FIXED:
	case APIC_LOWEST_PRIORITY: return accept_vector(lapic, vector, level);
	case APIC_SMI: return accept_event(lapic, LAPIC_EVENT_SMI);
	case APIC_NMI: return accept_event(lapic, LAPIC_EVENT_NMI);
	case APIC_INIT: return accept_event(lapic, LAPIC_EVENT_INIT);
	case APIC_STARTUP:
		lapic->startup_page = vector;
		return accept_event(lapic, LAPIC_EVENT_STARTUP);
	case APIC_EXTINT: return accept_event(lapic, LAPIC_EVENT_EXTINT);
	default: return -1;
	}
}

static bool matches_logical(const struct lapic *lapic, u8 destination)
{
	u8 mine = lapic_get(lapic, REG_LDR) >> ID_SHIFT;

	switch (lapic_get(lapic, REG_DFR) >> DFR_MODEL_SHIFT) {
	case DFR_FLAT: return mine & destination;
	/* The cluster's number, then the members of it. */
	case DFR_CLUSTER: return mine >> 4 == destination >> 4 && mine & destination & 0xf;
	default: return false;
	}
}

bool lapic_matches(const struct lapic *lapic, const struct apic_message *message)
{
	if (!lapic_is_enabled(lapic))
		return false;
	if (message->destination == APIC_BROADCAST)
		return true;
	if (message->logical)
		return matches_logical(lapic, message->destination);
	return lapic_get(lapic, REG_ID) >> ID_SHIFT == message->destination;
}

int lapic_accept(struct lapic *lapic, const struct apic_message *message)
{
	if (!lapic_matches(lapic, message))
		return -1;
	return deliver(lapic, message->delivery, message->vector, message->level);
}

/* The timer and the errors come by vector; a pin may be level-triggered. */
int lapic_signal_local(struct lapic *lapic, enum lapic_local source)
{
	u32 entry = lapic_get(lapic, source);
	u8 delivery = (entry & LVT_DELIVERY) >> 8;
	bool pin = source == LAPIC_LOCAL_LINT0 || source == LAPIC_LOCAL_LINT1;

	if (!lapic_is_enabled(lapic) || entry & LVT_MASKED)
		return -1;
	if (delivery == APIC_LOWEST_PRIORITY || delivery == APIC_STARTUP)
		return -1;
	return deliver(lapic, delivery, entry & 0xff, pin && entry & BIT(15));
}

bool lapic_passes_pic(const struct lapic *lapic)
{
	u32 entry = lapic_get(lapic, LAPIC_LOCAL_LINT0);

	if (!lapic_is_enabled(lapic))
		return true;
	return !(entry & LVT_MASKED) && (entry & LVT_DELIVERY) >> 8 == APIC_EXTINT;
}

/* ---- what goes out ------------------------------------------------------- */

/*
 * There is one processor. A message by the ICR reaches it, or nobody. INIT
 * level de-assert only sets arbitration IDs.
 */
static void send(struct lapic *lapic, u32 command)
{
	const struct apic_message message = {
		.vector = command & 0xff,
		.delivery = (command & LVT_DELIVERY) >> 8,
		.logical = command & ICR_LOGICAL,
		.destination = lapic_get(lapic, REG_ICR_HIGH) >> ID_SHIFT,
	};
	enum shorthand shorthand = command >> ICR_SHORTHAND_SHIFT & 3;

	if (message.delivery == APIC_INIT && command & ICR_LEVEL && !(command & ICR_ASSERT))
		return;
	if (message.delivery <= APIC_LOWEST_PRIORITY && message.vector < APIC_FIRST_VECTOR) {
		report_error(lapic, ESR_SEND_ILLEGAL_VECTOR);
		return;
	}
	/* An IPI is not the way of the PIC's interrupts. */
	if (shorthand == TO_OTHERS || message.delivery == APIC_EXTINT)
		return;
	if (shorthand == TO_DESTINATION && !lapic_matches(lapic, &message))
		return;
	deliver(lapic, message.delivery, message.vector, false);
}

/* ---- registers ----------------------------------------------------------- */

static const u16 local_entries[] = {
	LAPIC_LOCAL_TIMER, LAPIC_LOCAL_THERMAL, LAPIC_LOCAL_PERFORMANCE,
	LAPIC_LOCAL_LINT0, LAPIC_LOCAL_LINT1,	LAPIC_LOCAL_ERROR,
};

static u32 local_writable(const struct lapic *lapic, unsigned int offset)
{
	switch (offset) {
	case LAPIC_LOCAL_TIMER:
		return LVT_PLAIN | LVT_TIMER_PERIODIC |
		       (lapic->has_deadline ? LVT_TIMER_DEADLINE : 0);
	case LAPIC_LOCAL_ERROR: return LVT_PLAIN;
	case LAPIC_LOCAL_LINT0:
	case LAPIC_LOCAL_LINT1: return LVT_PIN;
	default: return LVT_WITH_DELIVERY;
	}
}

static void write_local(struct lapic *lapic, unsigned int offset, u32 value, u64 now)
{
	value &= local_writable(lapic, offset);
	if (!(lapic_get(lapic, REG_SPURIOUS) & SPURIOUS_ENABLED))
		value |= LVT_MASKED;
	if (offset == LAPIC_LOCAL_TIMER)
		lapic_timer_write_mode(lapic, value, now);
	else
		*lapic_register(lapic, offset) = value;
}

static void mask_local(struct lapic *lapic)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(local_entries); i++)
		*lapic_register(lapic, local_entries[i]) |= LVT_MASKED;
}

static void write_spurious(struct lapic *lapic, u32 value)
{
	*lapic_register(lapic, REG_SPURIOUS) = value & SPURIOUS_WRITABLE;
	if (!(value & SPURIOUS_ENABLED))
		mask_local(lapic);
}

static bool is_vector_set(unsigned int offset)
{
	return offset >= REG_ISR && offset < REG_IRR + VECTOR_WORDS * 16;
}

static bool is_readable(unsigned int offset)
{
	switch (offset) {
	case REG_ID:
	case REG_VERSION:
	case REG_TPR:
	case REG_APR:
	case REG_PPR:
	case REG_EOI:
	case REG_LDR:
	case REG_DFR:
	case REG_SPURIOUS:
	case REG_ESR:
	case REG_ICR:
	case REG_ICR_HIGH:
	case LAPIC_LOCAL_TIMER:
	case LAPIC_LOCAL_THERMAL:
	case LAPIC_LOCAL_PERFORMANCE:
	case LAPIC_LOCAL_LINT0:
	case LAPIC_LOCAL_LINT1:
	case LAPIC_LOCAL_ERROR:
	case REG_INITIAL_COUNT:
	case REG_CURRENT_COUNT:
	case REG_DIVIDE: return true;
	default: return is_vector_set(offset);
	}
}

u32 lapic_read(struct lapic *lapic, unsigned int offset, u64 now)
{
	/* Software reads the first four of sixteen bytes; the others are none. */
	if (offset & 0xf || offset >= LAPIC_BYTES)
		return 0;
	if (!is_readable(offset)) {
		report_error(lapic, ESR_ILLEGAL_REGISTER);
		return 0;
	}
	switch (offset) {
	case REG_EOI: return 0;
	case REG_APR:
	case REG_PPR: return processor_priority(lapic);
	case REG_CURRENT_COUNT: return lapic_timer_count(lapic, now);
	default: return lapic_get(lapic, offset);
	}
}

int lapic_write(struct lapic *lapic, unsigned int offset, u32 value, u64 now)
{
	if (offset & 0xf || offset >= LAPIC_BYTES)
		return LAPIC_NO_VECTOR;
	switch (offset) {
	case REG_ID:
	case REG_LDR: *lapic_register(lapic, offset) = value & HIGH_BYTE; break;
	case REG_TPR: *lapic_register(lapic, offset) = value & 0xff; break;
	case REG_EOI: return end_of_interrupt(lapic);
	case REG_DFR: *lapic_register(lapic, offset) = value | DFR_FIXED_BITS; break;
	case REG_SPURIOUS: write_spurious(lapic, value); break;
	/* The write latches what has come since the last one. */
	case REG_ESR:
		*lapic_register(lapic, offset) = lapic->errors;
		lapic->errors = 0;
		break;
	case REG_ICR:
		*lapic_register(lapic, offset) = value & ICR_WRITABLE;
		send(lapic, value);
		break;
	case REG_ICR_HIGH: *lapic_register(lapic, offset) = value & HIGH_BYTE; break;
	case LAPIC_LOCAL_TIMER:
	case LAPIC_LOCAL_THERMAL:
	case LAPIC_LOCAL_PERFORMANCE:
	case LAPIC_LOCAL_LINT0:
	case LAPIC_LOCAL_LINT1:
	case LAPIC_LOCAL_ERROR: write_local(lapic, offset, value, now); break;
	case REG_INITIAL_COUNT: lapic_timer_write_count(lapic, value, now); break;
	case REG_DIVIDE: lapic_timer_write_divide(lapic, value, now); break;
	default:
		/* The others can be read, but not be written. */
		if (!is_readable(offset))
			report_error(lapic, ESR_ILLEGAL_REGISTER);
	}
	return LAPIC_NO_VECTOR;
}

/* ---- state --------------------------------------------------------------- */

void lapic_reset(struct lapic *lapic)
{
	u32 id = lapic_get(lapic, REG_ID);

	memset(lapic->registers, 0, sizeof(lapic->registers));
	*lapic_register(lapic, REG_ID) = id;
	*lapic_register(lapic, REG_VERSION) = VERSION;
	*lapic_register(lapic, REG_DFR) = 0xffffffff;
	*lapic_register(lapic, REG_SPURIOUS) = SPURIOUS_AT_RESET;
	mask_local(lapic);
	/* As KVM's and a PC's firmware's: the PIC reaches the boot processor at once. */
	if (lapic->base & LAPIC_BASE_BSP)
		*lapic_register(lapic, LAPIC_LOCAL_LINT0) = APIC_EXTINT << 8;
	lapic->errors = 0;
	lapic->events = 0;
	lapic->timer_armed = false;
	lapic->deadline = 0;
}

void lapic_init(struct lapic *lapic, u8 id)
{
	memset(lapic, 0, sizeof(*lapic));
	lapic->base = LAPIC_BASE | LAPIC_BASE_ENABLED;
	if (!id)
		lapic->base |= LAPIC_BASE_BSP;
	*lapic_register(lapic, REG_ID) = (u32)id << ID_SHIFT;
	lapic_reset(lapic);
}

void lapic_set_base(struct lapic *lapic, u64 base)
{
	bool was_enabled = lapic_is_enabled(lapic);

	lapic->base = base;
	if (was_enabled && !lapic_is_enabled(lapic))
		lapic_reset(lapic);
}

void lapic_settle(struct lapic *lapic, u64 now)
{
	*lapic_register(lapic, REG_CURRENT_COUNT) = lapic_timer_count(lapic, now);
	*lapic_register(lapic, REG_PPR) = processor_priority(lapic);
}

void lapic_replaced(struct lapic *lapic, u64 now)
{
	unsigned int i;

	*lapic_register(lapic, REG_ID) &= HIGH_BYTE;
	*lapic_register(lapic, REG_LDR) &= HIGH_BYTE;
	*lapic_register(lapic, REG_ICR_HIGH) &= HIGH_BYTE;
	*lapic_register(lapic, REG_VERSION) = VERSION;
	*lapic_register(lapic, REG_TPR) &= 0xff;
	*lapic_register(lapic, REG_DFR) |= DFR_FIXED_BITS;
	*lapic_register(lapic, REG_SPURIOUS) &= SPURIOUS_WRITABLE;
	*lapic_register(lapic, REG_ICR) &= ICR_WRITABLE;
	*lapic_register(lapic, REG_ESR) &= 0xff;
	for (i = 0; i < ARRAY_SIZE(local_entries); i++)
		*lapic_register(lapic, local_entries[i]) &=
			local_writable(lapic, local_entries[i]);
	/* Vectors below 16 do not exist. */
	*lapic_register(lapic, REG_ISR) &= 0xffff0000;
	*lapic_register(lapic, REG_TMR) &= 0xffff0000;
	*lapic_register(lapic, REG_IRR) &= 0xffff0000;
	lapic->errors = 0;
	lapic_timer_resume(lapic, now);
}
