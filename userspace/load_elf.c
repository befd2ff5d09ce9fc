// SPDX-License-Identifier: GPL-2.0-only
/*
 * ELF images for i386: segments go to their physical addresses. Called by
 * load_guest() for plain ELF files and by the multiboot loader.
 */
#include <elf.h>
#include <string.h>

#include "load.h"

static bool has_elf_magic(const struct load_request *request)
{
	return request->kernel_size >= EI_NIDENT && !memcmp(request->kernel, ELFMAG, SELFMAG);
}

bool is_elf(const struct load_request *request)
{
	return has_elf_magic(request);
}

static bool check_elf_header(const struct load_request *request, Elf32_Ehdr *header,
			     struct message *error)
{
	const char *name = request->kernel_name;

	if (!has_elf_magic(request))
		return refuse(error, "%s is not an ELF file", name);
	if (request->kernel[EI_CLASS] == ELFCLASS64)
		return refuse(error,
			      "%s is a 64-bit ELF image; ringlet runs 32-bit kernels (i386), "
			      "so build or fetch that",
			      name);
	if (request->kernel[EI_CLASS] != ELFCLASS32 || request->kernel[EI_DATA] != ELFDATA2LSB)
		return refuse(error, "%s is an ELF file of an unknown class or byte order", name);
	if (request->kernel_size < sizeof(*header))
		return refuse(error, "%s is truncated: it ends within its ELF header", name);

	memcpy(header, request->kernel, sizeof(*header));
	if (header->e_machine != EM_386)
		return refuse(error, "%s is an ELF file for another machine (%u), not for i386",
			      name, header->e_machine);
	if (header->e_type != ET_EXEC)
		return refuse(error,
			      "%s is not an executable ELF file (type %u); link it at fixed "
			      "addresses",
			      name, header->e_type);
	if (header->e_phentsize != sizeof(Elf32_Phdr) || !header->e_phnum)
		return refuse(error, "%s has no program headers, so there is nothing to load",
			      name);
	if (header->e_phoff > request->kernel_size ||
	    (uint64_t)header->e_phnum * sizeof(Elf32_Phdr) > request->kernel_size - header->e_phoff)
		return refuse(error, "%s is truncated: it ends within its program headers", name);
	return true;
}

static bool load_segment(const struct load_request *request, struct guest_memory *memory,
			 const Elf32_Phdr *segment, struct message *error)
{
	uint8_t *target;

	if (segment->p_filesz > segment->p_memsz)
		return refuse(error, "%s has a segment that is larger in the file than in memory",
			      request->kernel_name);
	if (segment->p_offset > request->kernel_size ||
	    segment->p_filesz > request->kernel_size - segment->p_offset)
		return refuse(error, "%s is truncated: it ends within a segment",
			      request->kernel_name);
	target = load_range(memory, segment->p_paddr, segment->p_memsz, request->kernel_name,
			    "a segment", error);
	if (!target)
		return false;
	memcpy(target, request->kernel + segment->p_offset, segment->p_filesz);
	memset(target + segment->p_filesz, 0, segment->p_memsz - segment->p_filesz);
	return true;
}

/*
 * The entry is a physical address by the multiboot specification, but many
 * linkers put the virtual one there: translate it if it is in no segment as is.
 */
static bool find_entry(const struct load_request *request, const Elf32_Ehdr *header,
		       uint32_t *entry_address, struct message *error)
{
	Elf32_Phdr segment;
	bool found = false;

	for (unsigned int i = 0; i < header->e_phnum; i++) {
		memcpy(&segment, request->kernel + header->e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type != PT_LOAD)
			continue;
		if (header->e_entry - segment.p_paddr < segment.p_memsz) {
			*entry_address = header->e_entry;
			return true;
		}
		if (header->e_entry - segment.p_vaddr < segment.p_memsz) {
			*entry_address = header->e_entry - segment.p_vaddr + segment.p_paddr;
			found = true;
		}
	}
	if (!found)
		return refuse(error, "%s: the entry point 0x%x is in none of its segments",
			      request->kernel_name, header->e_entry);
	return true;
}

bool load_elf_segments(const struct load_request *request, struct guest_memory *memory,
		       uint32_t *entry_address, uint32_t *image_end, struct message *error)
{
	Elf32_Ehdr header;
	Elf32_Phdr segment;

	if (!check_elf_header(request, &header, error))
		return false;

	*image_end = 0;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		memcpy(&segment, request->kernel + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		if (!load_segment(request, memory, &segment, error))
			return false;
		if (segment.p_paddr + segment.p_memsz > *image_end)
			*image_end = segment.p_paddr + segment.p_memsz;
	}
	if (!*image_end)
		return refuse(error, "%s has no segment to load", request->kernel_name);
	return find_entry(request, &header, entry_address, error);
}

bool load_elf(const struct load_request *request, struct guest_memory *memory,
	      struct entry_state *entry, struct message *error)
{
	uint32_t image_end;

	if (request->initrd)
		return refuse(error,
			      "%s: a plain ELF kernel has no way to receive an initrd; leave "
			      "--initrd out or give a bzImage or multiboot kernel",
			      request->kernel_name);
	return load_elf_segments(request, memory, &entry->eip, &image_end, error);
}
