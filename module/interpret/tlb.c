// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TLB: linear pages to host addresses, for each privilege one. Filled and
 * dropped by the interpreter's owner, between bursts. Pure.
 */
#include "interpret/execute.h"

#define PAGE_OF(linear) ((u32)(linear) & ~(GUEST_PAGE - 1))

/* Paging knows user and supervisor accesses; some of ring 3 are the latter. */
static struct tlb *tlb_for(struct interpreter *interpreter, unsigned int access)
{
	return &interpreter->tlbs[cpu_cpl(interpreter->cpu) == 3 && !(access & ACCESS_SYSTEM)];
}

static void clear_entry(struct tlb *tlb, unsigned int i)
{
	tlb->entries[i].read = TLB_NOTHING;
	tlb->entries[i].write = TLB_NOTHING;
}

/* ---- the victims ---------------------------------------------------------- */

/*
 * Two pages in use may have the same place. The one that is driven out goes to a
 * set by another hash of its number, from where it comes back far cheaper than
 * by another walk. Victims are dropped as the other entries are: each loop over
 * entries goes over both.
 */
static unsigned int victim_set(u32 page)
{
	return TLB_ENTRIES + (page >> GUEST_PAGE_SHIFT) * 0x9e3779b1U /
				     (0x100000000ULL / (TLB_VICTIMS / TLB_WAYS)) * TLB_WAYS;
}

static u32 page_of_entry(const struct tlb_entry *entry)
{
	return entry->read == TLB_NOTHING ? entry->write : entry->read;
}

/* Where @page is among the victims; TLB_ALL: it is not. */
static unsigned int find_victim(const struct tlb *tlb, u32 page)
{
	unsigned int set = victim_set(page);
	unsigned int i;

	for (i = set; i < set + TLB_WAYS; i++) {
		if (page_of_entry(&tlb->entries[i]) == page)
			return i;
	}
	return TLB_ALL;
}

static void copy_entry(struct tlb *tlb, unsigned int to, unsigned int from)
{
	tlb->entries[to] = tlb->entries[from];
	tlb->origins[to] = tlb->origins[from];
}

/* Make place at @i: what is there becomes the newest of its set. */
static void evict(struct tlb *tlb, unsigned int i)
{
	u32 page = page_of_entry(&tlb->entries[i]);
	unsigned int set;

	if (page == TLB_NOTHING)
		return;
	set = victim_set(page);
	if (page_of_entry(&tlb->entries[set]) != TLB_NOTHING)
		copy_entry(tlb, set + 1, set);
	copy_entry(tlb, set, i);
	clear_entry(tlb, i);
	if (!tlb->origins[set].global)
		tlb->victims_local = true;
}

/* @page gets the place at @i. */
static void make_place(struct tlb *tlb, unsigned int i, u32 page)
{
	unsigned int victim = find_victim(tlb, page);

	if (victim != TLB_ALL)
		clear_entry(tlb, victim);
	if (page_of_entry(&tlb->entries[i]) != page)
		evict(tlb, i);
}

static bool allows(const struct tlb_entry *entry, u32 page, unsigned int access)
{
	bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);

	return (write ? entry->write : entry->read) == page;
}

bool tlb_recall(struct interpreter *interpreter)
{
	unsigned int access = interpreter->miss_access;
	struct tlb *tlb = tlb_for(interpreter, access);
	u32 page = PAGE_OF(interpreter->miss_linear);
	unsigned int i = (page >> GUEST_PAGE_SHIFT) % TLB_ENTRIES;
	unsigned int victim = find_victim(tlb, page);
	struct tlb_origin origin;
	struct tlb_entry entry;

	if (victim == TLB_ALL || !allows(&tlb->entries[victim], page, access))
		return false;
	entry = tlb->entries[victim];
	origin = tlb->origins[victim];
	make_place(tlb, i, page);
	tlb->entries[i] = entry;
	tlb->origins[i] = origin;
	return true;
}

static struct tlb_entry *find_entry(struct tlb *tlb, u64 linear, unsigned int access)
{
	struct tlb_entry *entry = tlb_entry(tlb->entries, linear);
	unsigned int victim;

	if (allows(entry, PAGE_OF(linear), access))
		return entry;
	victim = find_victim(tlb, PAGE_OF(linear));
	if (victim == TLB_ALL || !allows(&tlb->entries[victim], PAGE_OF(linear), access))
		return NULL;
	return &tlb->entries[victim];
}

void *tlb_victim(struct interpreter *interpreter, unsigned int bytes)
{
	unsigned int access = interpreter->miss_access;
	u32 linear = interpreter->miss_linear;
	const struct tlb_entry *entry;

	if (access == MISS_SLOW || PAGE_OF(linear + bytes - 1) != PAGE_OF(linear))
		return NULL;
	entry = find_entry(tlb_for(interpreter, access), linear, access);
	return entry ? host_pointer(entry, linear) : NULL;
}

/* ---- what is entered, and used by others ----------------------------------- */

static const struct execute_entry *find_execute(const struct tlb *tlb, u32 linear)
{
	const struct execute_entry *entry;

	entry = &tlb->execute[(linear >> GUEST_PAGE_SHIFT) % EXECUTE_ENTRIES];
	return entry->page == PAGE_OF(linear) ? entry : NULL;
}

const struct execute_entry *tlb_execute(const struct interpreter *interpreter, u32 linear)
{
	return find_execute(&interpreter->tlbs[interpreter->privilege == 3], linear);
}

static void fill_execute(struct tlb *tlb, u32 page, const void *host_page, u64 gfn,
			 unsigned int allowed)
{
	if (!(allowed & INTERPRET_PAGE_GLOBAL))
		tlb->execute_local = true;
	tlb->execute[(page >> GUEST_PAGE_SHIFT) % EXECUTE_ENTRIES] = (struct execute_entry){
		.page = page,
		.global = allowed & INTERPRET_PAGE_GLOBAL,
		.large = allowed & INTERPRET_PAGE_LARGE,
		.gfn = gfn,
		.host = host_page,
	};
}

/**
 * interpreter_tlb_fill() - see interpret.h
 * @interpreter: whose
 * @linear: in the page
 * @host_page: its bytes
 * @gfn: its number
 * @allowed: INTERPRET_PAGE_*
 * @access: what missed
 *
 * Return: whether @access will succeed now.
 */
bool interpreter_tlb_fill(struct interpreter *interpreter, u64 linear, void *host_page, u64 gfn,
			  unsigned int allowed, unsigned int access)
{
	struct tlb *tlb = tlb_for(interpreter, access);
	unsigned int i = ((u32)linear >> GUEST_PAGE_SHIFT) % TLB_ENTRIES;
	u32 page = PAGE_OF(linear);

	tlb->empty = false;
	tlb->large = tlb->large || allowed & INTERPRET_PAGE_LARGE;
	if (allowed & INTERPRET_PAGE_EXECUTE)
		fill_execute(tlb, page, host_page, gfn, allowed);
	if (access & ACCESS_FETCH)
		return allowed & INTERPRET_PAGE_EXECUTE;

	if (!(allowed & INTERPRET_PAGE_GLOBAL))
		tlb->local = true;
	if (code_page_find(interpreter, gfn))
		allowed &= ~INTERPRET_PAGE_WRITE;
	make_place(tlb, i, page);
	tlb->entries[i] = (struct tlb_entry){
		.read = allowed & INTERPRET_PAGE_READ ? page : TLB_NOTHING,
		.write = allowed & INTERPRET_PAGE_WRITE ? page : TLB_NOTHING,
		.addend = (u64)host_page - page,
	};
	tlb->origins[i] = (struct tlb_origin){
		.gfn = gfn,
		.global = allowed & INTERPRET_PAGE_GLOBAL,
		.large = allowed & INTERPRET_PAGE_LARGE,
	};
	return allowed & (access & (ACCESS_WRITE | ACCESS_MODIFY) ? INTERPRET_PAGE_WRITE :
								    INTERPRET_PAGE_READ);
}

/* Where such an access reaches the host's memory; NULL: not by this TLB. */
static void *find_host(struct interpreter *interpreter, u64 linear, unsigned int bytes,
		       unsigned int access)
{
	struct tlb *tlb = tlb_for(interpreter, access);
	const struct tlb_entry *entry;
	u32 page = PAGE_OF(linear);

	if (!bytes || PAGE_OF(linear + bytes - 1) != page)
		return NULL;
	if (access & ACCESS_FETCH) {
		const struct execute_entry *code = find_execute(tlb, linear);

		return code ? (u8 *)code->host + ((u32)linear - page) : NULL;
	}
	entry = find_entry(tlb, linear, access);
	return entry ? host_pointer(entry, linear) : NULL;
}

/* Guest memory is shared with others: what fits a register is one access. */
static void copy(void *to, const void *from, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		*GUEST(u8, to) = *GUEST(u8, from);
		break;
	case 2:
		*GUEST(u16, to) = *GUEST(u16, from);
		break;
	case 4:
		*GUEST(u32, to) = *GUEST(u32, from);
		break;
	case 8:
		*GUEST(u64, to) = *GUEST(u64, from);
		break;
	default:
		memcpy(to, from, bytes);
	}
}

/**
 * interpreter_tlb_read() - read guest memory if the TLB knows where it is
 * @interpreter: whose
 * @linear: where
 * @data: gets the bytes
 * @bytes: how many
 * @access: ACCESS_*
 *
 * Return: false if it does not; nothing was read.
 */
bool interpreter_tlb_read(struct interpreter *interpreter, u64 linear, void *data,
			  unsigned int bytes, unsigned int access)
{
	const void *host = find_host(interpreter, linear, bytes, access);

	if (!host)
		return false;
	copy(data, host, bytes);
	return true;
}

/**
 * interpreter_tlb_write() - write guest memory if the TLB knows where it is
 * @interpreter: whose
 * @linear: where
 * @data: the bytes
 * @bytes: how many
 * @access: ACCESS_*
 *
 * Return: false if it does not; nothing was written.
 */
bool interpreter_tlb_write(struct interpreter *interpreter, u64 linear, const void *data,
			   unsigned int bytes, unsigned int access)
{
	void *host = find_host(interpreter, linear, bytes, access | ACCESS_WRITE);

	if (!host)
		return false;
	copy(host, data, bytes);
	return true;
}

/* ---- what is dropped -------------------------------------------------------- */

static void flush_entries(struct tlb *tlb, bool keep_global)
{
	unsigned int end = keep_global && !tlb->victims_local ? TLB_ENTRIES : TLB_ALL;
	unsigned int i;

	for (i = 0; i < end; i++) {
		if (!keep_global || !tlb->origins[i].global)
			clear_entry(tlb, i);
	}
	tlb->local = false;
	tlb->victims_local = false;
}

static void flush_execute(struct tlb *tlb, bool keep_global)
{
	unsigned int i;

	for (i = 0; i < EXECUTE_ENTRIES; i++) {
		if (!keep_global || !tlb->execute[i].global)
			tlb->execute[i].page = TLB_NOTHING;
	}
	tlb->execute_local = false;
}

/* A kernel's own code is global, so that most flushes have nothing to look for. */
static void flush(struct tlb *tlb, bool keep_global)
{
	if (tlb->empty)
		return;
	if (!keep_global || tlb->local)
		flush_entries(tlb, keep_global);
	if (!keep_global || tlb->execute_local)
		flush_execute(tlb, keep_global);
	if (!keep_global) {
		tlb->empty = true;
		tlb->large = false;
	}
}

/**
 * interpreter_tlb_flush() - drop translations
 * @interpreter: whose
 * @keep_global: those of global pages stay
 */
void interpreter_tlb_flush(struct interpreter *interpreter, bool keep_global)
{
	flush(&interpreter->tlbs[0], keep_global);
	flush(&interpreter->tlbs[1], keep_global);
	/* Where a burst goes on is not known to be global. */
	interpreter->resume = NULL;
	if (!keep_global || interpreter->jumps_local)
		jumps_flush(interpreter);
}

/* A neighbour within 4 MiB may go with it. */
static bool in_large_page(u32 page, u32 linear)
{
	return page != TLB_NOTHING && (page ^ linear) >> LARGE_PAGE_SHIFT == 0;
}

static void flush_large_page(struct tlb *tlb, u32 page)
{
	unsigned int i;

	for (i = 0; i < TLB_ALL; i++) {
		struct tlb_entry *entry = &tlb->entries[i];

		if (tlb->origins[i].large && (in_large_page(entry->read, page) ||
					      in_large_page(entry->write, page)))
			clear_entry(tlb, i);
	}
	for (i = 0; i < EXECUTE_ENTRIES; i++) {
		struct execute_entry *entry = &tlb->execute[i];

		if (entry->large && in_large_page(entry->page, page))
			entry->page = TLB_NOTHING;
	}
}

static void flush_page(struct tlb *tlb, u32 page)
{
	struct execute_entry *code = &tlb->execute[(page >> GUEST_PAGE_SHIFT) % EXECUTE_ENTRIES];
	unsigned int i = (page >> GUEST_PAGE_SHIFT) % TLB_ENTRIES;
	unsigned int victim = find_victim(tlb, page);

	if (page_of_entry(&tlb->entries[i]) == page)
		clear_entry(tlb, i);
	if (victim != TLB_ALL)
		clear_entry(tlb, victim);
	if (code->page == page)
		code->page = TLB_NOTHING;
	if (tlb->large)
		flush_large_page(tlb, page);
}

/**
 * interpreter_tlb_flush_page() - drop the translation of one page
 * @interpreter: whose
 * @linear: in the page
 */
void interpreter_tlb_flush_page(struct interpreter *interpreter, u64 linear)
{
	flush_page(&interpreter->tlbs[0], PAGE_OF(linear));
	flush_page(&interpreter->tlbs[1], PAGE_OF(linear));
	jumps_flush_page(interpreter, linear);
}

static void protect(struct tlb *tlb, u64 gfn)
{
	unsigned int i;

	if (tlb->empty)
		return;
	for (i = 0; i < TLB_ALL; i++) {
		if (tlb->origins[i].gfn == gfn)
			tlb->entries[i].write = TLB_NOTHING;
	}
}

/**
 * interpreter_tlb_protect() - let writes to a guest page miss
 * @interpreter: whose
 * @gfn: the page
 */
void interpreter_tlb_protect(struct interpreter *interpreter, u64 gfn)
{
	protect(&interpreter->tlbs[0], gfn);
	protect(&interpreter->tlbs[1], gfn);
}

static void drop(struct tlb *tlb, u64 gfn)
{
	unsigned int i;

	if (tlb->empty)
		return;
	for (i = 0; i < TLB_ALL; i++) {
		if (tlb->origins[i].gfn == gfn)
			clear_entry(tlb, i);
	}
	for (i = 0; i < EXECUTE_ENTRIES; i++) {
		if (tlb->execute[i].gfn == gfn)
			tlb->execute[i].page = TLB_NOTHING;
	}
}

/**
 * interpreter_tlb_drop() - forget where a guest page is in the host
 * @interpreter: whose
 * @gfn: the page
 */
void interpreter_tlb_drop(struct interpreter *interpreter, u64 gfn)
{
	struct code_page *page = code_page_find(interpreter, gfn);

	drop(&interpreter->tlbs[0], gfn);
	drop(&interpreter->tlbs[1], gfn);
	if (page) {
		page->checked = interpreter->recheck - 1;
		jumps_flush(interpreter);
	}
}
