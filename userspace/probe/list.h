/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probes: which code they execute, in which ring, on which state. Included
 * by the probe guest, which executes them, and by the tool's ledger, which
 * knows what must come out.
 */
#ifndef RINGLET_PROBE_LIST_H
#define RINGLET_PROBE_LIST_H

/*
 * CODE(label, text): EBX points to PROBE_SCRATCH; EAX and ECX are given below.
 * The text is shown to people too. 1 is the address behind it.
 */
#define PROBE_CODE_LIST(CODE)                                                                \
	CODE(nothing, "nop")                                                                 \
	CODE(sgdt, "sgdt (%ebx)")                                                            \
	CODE(sidt, "sidt (%ebx)")                                                            \
	CODE(sldt, "sldt %eax")                                                              \
	CODE(str, "str %eax")                                                                \
	CODE(smsw, "smsw %eax")                                                              \
	CODE(pushf, "pushf; pop %eax")                                                       \
	CODE(popf, "push %eax; popf")                                                        \
	CODE(lar, "lar %ecx, %eax")                                                          \
	CODE(lsl, "lsl %ecx, %eax")                                                          \
	CODE(verr, "verr %cx")                                                               \
	CODE(verw, "verw %cx")                                                               \
	CODE(arpl, "arpl %cx, %ax")                                                          \
	CODE(arpl_cs, "push %cs; pop %ecx; arpl %cx, %ax")                                   \
	CODE(mov_from_cs, "mov %cs, %eax")                                                   \
	CODE(mov_from_ss, "mov %ss, %eax")                                                   \
	CODE(mov_from_ds, "mov %ds, %eax")                                                   \
	CODE(push_cs, "push %cs; pop %eax")                                                  \
	CODE(push_ss, "push %ss; pop %eax")                                                  \
	CODE(push_ds, "push %ds; pop %eax")                                                  \
	CODE(push_es, "push %es; pop %eax")                                                  \
	CODE(push_fs, "push %fs; pop %eax")                                                  \
	CODE(push_gs, "push %gs; pop %eax")                                                  \
	CODE(mov_to_ds, "mov %ecx, %ds; mov %ds, %eax")                                      \
	CODE(mov_to_es, "mov %ecx, %es; mov %es, %eax")                                      \
	CODE(mov_to_fs, "mov %ecx, %fs; mov %fs, %eax")                                      \
	CODE(mov_to_gs, "mov %ecx, %gs; mov %gs, %eax")                                      \
	CODE(mov_to_ss, "mov %ecx, %ss")                                                     \
	CODE(pop_ds, "push %ecx; pop %ds; mov %ds, %eax")                                    \
	CODE(pop_es, "push %ecx; pop %es; mov %es, %eax")                                    \
	CODE(pop_fs, "push %ecx; pop %fs; mov %fs, %eax")                                    \
	CODE(pop_gs, "push %ecx; pop %gs; mov %gs, %eax")                                    \
	CODE(pop_ss, "push %ecx; pop %ss")                                                   \
	CODE(lss, "lss 16(%ebx), %esp")                                                      \
	CODE(call_far, "lcall $0x08, $1f")                                                   \
	CODE(call_gate, "lcall $0x38, $0")                                                   \
	CODE(jmp_far, "ljmp $0x08, $1f")                                                     \
	CODE(jmp_far_rpl1, "ljmp $0x09, $1f")                                                \
	CODE(ret_far, "push $0x08; push $1f; lret")                                          \
	CODE(ret_far_user, "push $0x23; push $0x207000; push $0x1b; push $1f; lret")         \
	CODE(int_n, "int $0x51")                                                             \
	CODE(iret, "push $0x3202; push $0x08; push $1f; iret")                               \
	CODE(iret_user, "push $0x23; push $0x207000; push $0x2; push $0x1b; push $1f; iret") \
	CODE(cpuid, "cpuid")                                                                 \
	CODE(rdtsc, "rdtsc")                                                                 \
	CODE(rdtscp, "rdtscp")                                                               \
	CODE(rdpmc, "rdpmc")                                                                 \
	CODE(rdpkru, "rdpkru")                                                               \
	CODE(xgetbv, "xgetbv")                                                               \
	CODE(stac, "stac")                                                                   \
	CODE(clac, "clac")                                                                   \
	CODE(sysenter, "sysenter")                                                           \
	CODE(cli, "cli")                                                                     \
	CODE(sti, "sti")                                                                     \
	CODE(hlt, "hlt")                                                                     \
	CODE(in, "in $0x21, %al")                                                            \
	CODE(out, "out %al, $0x21; in $0x21, %al")                                           \
	CODE(mov_from_cr0, "mov %cr0, %eax")                                                 \
	CODE(mov_to_cr0, "mov %eax, %cr0; mov %cr0, %ecx")                                   \
	CODE(mov_cr2, "mov %eax, %cr2; mov %cr2, %ecx")                                      \
	CODE(mov_cr3, "mov %eax, %cr3; mov %cr3, %ecx")                                      \
	CODE(mov_cr4, "mov %eax, %cr4; mov %cr4, %ecx")                                      \
	CODE(mov_dr0, "mov %eax, %dr0; mov %dr0, %ecx")                                      \
	CODE(mov_from_dr7, "mov %dr7, %eax")                                                 \
	CODE(lgdt, "lgdt 24(%ebx); mov %ecx, %es; mov %es, %eax")                            \
	CODE(lidt, "lidt 32(%ebx)")                                                          \
	CODE(lldt, "lldt %ax; mov %ecx, %es")                                                \
	CODE(ltr, "ltr %ax; mov 0x200044, %ecx")                                             \
	CODE(lmsw, "lmsw %ax; mov %cr0, %ecx")                                               \
	CODE(clts, "clts; mov %cr0, %ecx")                                                   \
	CODE(invlpg, "invlpg (%ebx)")                                                        \
	CODE(wbinvd, "wbinvd")                                                               \
	CODE(rdmsr, "rdmsr")                                                                 \
	CODE(wrmsr, "wrmsr; xor %eax, %eax; rdmsr")

/* PROBE(name, code, ring, EFLAGS besides bit 1, EAX, ECX) */
#define PROBE_LIST(PROBE)                                                      \
	PROBE(NOTHING, nothing, 0, 0, 0, 0)                                    \
	PROBE(NOTHING_3, nothing, 3, PROBE_IF, 0, 0)                           \
	PROBE(SGDT, sgdt, 0, 0, 0, 0)                                          \
	PROBE(SGDT_3, sgdt, 3, PROBE_IF, 0, 0)                                 \
	PROBE(SIDT, sidt, 0, 0, 0, 0)                                          \
	PROBE(SIDT_3, sidt, 3, PROBE_IF, 0, 0)                                 \
	PROBE(SLDT, sldt, 0, 0, 0, 0)                                          \
	PROBE(SLDT_3, sldt, 3, PROBE_IF, 0, 0)                                 \
	PROBE(STR, str, 0, 0, 0, 0)                                            \
	PROBE(STR_3, str, 3, PROBE_IF, 0, 0)                                   \
	PROBE(SMSW, smsw, 0, 0, 0, 0)                                          \
	PROBE(SMSW_3, smsw, 3, PROBE_IF, 0, 0)                                 \
	PROBE(PUSHF_IF0, pushf, 0, 0, 0, 0)                                    \
	PROBE(PUSHF_IF1, pushf, 0, PROBE_IF, 0, 0)                             \
	PROBE(PUSHF_IOPL3, pushf, 0, PROBE_IF | PROBE_IOPL, 0, 0)              \
	PROBE(PUSHF_3, pushf, 3, 0, 0, 0)                                      \
	PROBE(PUSHF_3_IOPL3, pushf, 3, PROBE_IF | PROBE_IOPL, 0, 0)            \
	PROBE(POPF_SETS_IF, popf, 0, 0, PROBE_IF | 2, 0)                       \
	PROBE(POPF_CLEARS_IF, popf, 0, PROBE_IF, 2, 0)                         \
	PROBE(POPF_SETS_IOPL, popf, 0, 0, PROBE_IOPL | 2, 0)                   \
	PROBE(POPF_3, popf, 3, PROBE_IF, 2, 0)                                 \
	PROBE(POPF_3_IOPL3, popf, 3, PROBE_IF | PROBE_IOPL, PROBE_IOPL | 2, 0) \
	PROBE(LAR, lar, 0, 0, 0, PROBE_CODE)                                   \
	PROBE(LAR_RPL1, lar, 0, 0, PROBE_PATTERN, PROBE_CODE | 1)              \
	PROBE(LAR_TSS, lar, 0, 0, 0, PROBE_OTHER_TR)                           \
	PROBE(LAR_3, lar, 3, PROBE_IF, PROBE_PATTERN, PROBE_CODE)              \
	PROBE(LSL, lsl, 0, 0, 0, PROBE_SMALL)                                  \
	PROBE(LSL_RPL1, lsl, 0, 0, PROBE_PATTERN, PROBE_SMALL | 1)             \
	PROBE(LSL_TSS, lsl, 0, 0, PROBE_PATTERN, PROBE_OTHER_TR)               \
	PROBE(VERR, verr, 0, 0, 0, PROBE_DATA)                                 \
	PROBE(VERR_RPL1, verr, 0, 0, 0, PROBE_DATA | 1)                        \
	PROBE(VERR_3, verr, 3, PROBE_IF, 0, PROBE_DATA)                        \
	PROBE(VERW, verw, 0, 0, 0, PROBE_DATA)                                 \
	PROBE(VERW_RPL1, verw, 0, 0, 0, PROBE_DATA | 1)                        \
	PROBE(ARPL, arpl, 0, 0, PROBE_DATA, PROBE_CODE)                        \
	PROBE(ARPL_CS, arpl_cs, 0, 0, PROBE_DATA, 0)                           \
	PROBE(MOV_FROM_CS, mov_from_cs, 0, 0, 0, 0)                            \
	PROBE(MOV_FROM_SS, mov_from_ss, 0, 0, 0, 0)                            \
	PROBE(MOV_FROM_DS, mov_from_ds, 0, 0, 0, 0)                            \
	PROBE(PUSH_CS, push_cs, 0, 0, 0, 0)                                    \
	PROBE(PUSH_SS, push_ss, 0, 0, 0, 0)                                    \
	PROBE(PUSH_DS, push_ds, 0, 0, 0, 0)                                    \
	PROBE(PUSH_ES, push_es, 0, 0, 0, 0)                                    \
	PROBE(PUSH_FS, push_fs, 0, 0, 0, 0)                                    \
	PROBE(PUSH_GS, push_gs, 0, 0, 0, 0)                                    \
	PROBE(MOV_TO_DS, mov_to_ds, 0, 0, 0, PROBE_SMALL)                      \
	PROBE(MOV_TO_DS_RPL1, mov_to_ds, 0, 0, 0, PROBE_SMALL | 1)             \
	PROBE(MOV_TO_DS_3, mov_to_ds, 3, PROBE_IF, 0, PROBE_SMALL)             \
	PROBE(MOV_TO_ES, mov_to_es, 0, 0, 0, PROBE_SMALL)                      \
	PROBE(MOV_TO_FS, mov_to_fs, 0, 0, 0, PROBE_SMALL)                      \
	PROBE(MOV_TO_GS, mov_to_gs, 0, 0, 0, PROBE_SMALL)                      \
	PROBE(MOV_TO_SS, mov_to_ss, 0, 0, 0, PROBE_DATA)                       \
	PROBE(MOV_TO_SS_RPL1, mov_to_ss, 0, 0, 0, PROBE_DATA | 1)              \
	PROBE(POP_DS, pop_ds, 0, 0, 0, PROBE_SMALL)                            \
	PROBE(POP_ES, pop_es, 0, 0, 0, PROBE_SMALL)                            \
	PROBE(POP_FS, pop_fs, 0, 0, 0, PROBE_SMALL)                            \
	PROBE(POP_GS, pop_gs, 0, 0, 0, PROBE_SMALL)                            \
	PROBE(POP_SS, pop_ss, 0, 0, 0, PROBE_DATA)                             \
	PROBE(POP_SS_RPL1, pop_ss, 0, 0, 0, PROBE_DATA | 1)                    \
	PROBE(LSS, lss, 0, 0, 0, 0)                                            \
	PROBE(CALL_FAR, call_far, 0, 0, 0, 0)                                  \
	PROBE(CALL_GATE, call_gate, 0, 0, 0, 0)                                \
	PROBE(JMP_FAR, jmp_far, 0, 0, 0, 0)                                    \
	PROBE(JMP_FAR_RPL1, jmp_far_rpl1, 0, 0, 0, 0)                          \
	PROBE(RET_FAR, ret_far, 0, 0, 0, 0)                                    \
	PROBE(RET_FAR_USER, ret_far_user, 0, 0, 0, 0)                          \
	PROBE(INT_N, int_n, 0, 0, 0, 0)                                        \
	PROBE(INT_N_3, int_n, 3, PROBE_IF, 0, 0)                               \
	PROBE(IRET, iret, 0, 0, 0, 0)                                          \
	PROBE(IRET_USER, iret_user, 0, PROBE_IF, 0, 0)                         \
	PROBE(CPUID, cpuid, 0, 0, 1, 0)                                        \
	PROBE(CPUID_3, cpuid, 3, PROBE_IF, 1, 0)                               \
	PROBE(RDTSC, rdtsc, 0, 0, 0, 0)                                        \
	PROBE(RDTSC_3, rdtsc, 3, PROBE_IF, 0, 0)                               \
	PROBE(RDTSCP, rdtscp, 0, 0, 0, 0)                                      \
	PROBE(RDPMC, rdpmc, 0, 0, 0, 0x3fff)                                   \
	PROBE(RDPMC_3, rdpmc, 3, PROBE_IF, 0, 0x3fff)                          \
	PROBE(RDPKRU, rdpkru, 0, 0, 0, 0)                                      \
	PROBE(XGETBV, xgetbv, 0, 0, 0, 0)                                      \
	PROBE(STAC, stac, 0, 0, 0, 0)                                          \
	PROBE(STAC_3, stac, 3, PROBE_IF, 0, 0)                                 \
	PROBE(CLAC, clac, 0, PROBE_AC, 0, 0)                                   \
	PROBE(CLAC_3, clac, 3, PROBE_AC, 0, 0)                                 \
	PROBE(SYSENTER_3, sysenter, 3, PROBE_IF, 0, 0)                         \
	PROBE(CLI, cli, 0, PROBE_IF, 0, 0)                                     \
	PROBE(CLI_3, cli, 3, PROBE_IF, 0, 0)                                   \
	PROBE(CLI_3_IOPL3, cli, 3, PROBE_IF | PROBE_IOPL, 0, 0)                \
	PROBE(STI, sti, 0, 0, 0, 0)                                            \
	PROBE(STI_3, sti, 3, 0, 0, 0)                                          \
	PROBE(HLT, hlt, 0, PROBE_IF, 0, 0)                                     \
	PROBE(HLT_3, hlt, 3, PROBE_IF, 0, 0)                                   \
	PROBE(IN, in, 0, 0, 0, 0)                                              \
	PROBE(IN_3, in, 3, PROBE_IF, 0, 0)                                     \
	PROBE(OUT, out, 0, 0, 0xfb, 0)                                         \
	PROBE(OUT_3, out, 3, PROBE_IF, 0xfb, 0)                                \
	PROBE(MOV_FROM_CR0, mov_from_cr0, 0, 0, 0, 0)                          \
	PROBE(MOV_FROM_CR0_3, mov_from_cr0, 3, PROBE_IF, 0, 0)                 \
	PROBE(MOV_TO_CR0, mov_to_cr0, 0, 0, PROBE_CR0 | 2, 0)                  \
	PROBE(MOV_TO_CR0_3, mov_to_cr0, 3, PROBE_IF, PROBE_CR0 | 2, 0)         \
	PROBE(MOV_CR2, mov_cr2, 0, 0, 0x11223344, 0)                           \
	PROBE(MOV_CR3, mov_cr3, 0, 0, 0x300000, 0)                             \
	PROBE(MOV_CR4, mov_cr4, 0, 0, 4, 0)                                    \
	PROBE(MOV_DR0, mov_dr0, 0, 0, 0x11223344, 0)                           \
	PROBE(MOV_DR0_3, mov_dr0, 3, PROBE_IF, 0x11223344, 0)                  \
	PROBE(MOV_FROM_DR7, mov_from_dr7, 0, 0, 0, 0)                          \
	PROBE(LGDT, lgdt, 0, 0, 0, PROBE_OTHER_DATA)                           \
	PROBE(LGDT_3, lgdt, 3, PROBE_IF, 0, PROBE_OTHER_DATA)                  \
	PROBE(LIDT, lidt, 0, 0, 0, 0)                                          \
	PROBE(LIDT_3, lidt, 3, PROBE_IF, 0, 0)                                 \
	PROBE(LLDT, lldt, 0, 0, 0, PROBE_LOCAL_DATA)                           \
	PROBE(LLDT_3, lldt, 3, PROBE_IF, 0, PROBE_LOCAL_DATA)                  \
	PROBE(LTR, ltr, 0, 0, PROBE_OTHER_TR, 0)                               \
	PROBE(LTR_3, ltr, 3, PROBE_IF, PROBE_OTHER_TR, 0)                      \
	PROBE(LMSW, lmsw, 0, 0, 0xb, 0)                                        \
	PROBE(LMSW_3, lmsw, 3, PROBE_IF, 0xb, 0)                               \
	PROBE(CLTS, clts, 0, 0, 0, 0)                                          \
	PROBE(CLTS_3, clts, 3, PROBE_IF, 0, 0)                                 \
	PROBE(INVLPG, invlpg, 0, 0, 0, 0)                                      \
	PROBE(INVLPG_3, invlpg, 3, PROBE_IF, 0, 0)                             \
	PROBE(WBINVD, wbinvd, 0, 0, 0, 0)                                      \
	PROBE(WBINVD_3, wbinvd, 3, PROBE_IF, 0, 0)                             \
	PROBE(RDMSR, rdmsr, 0, 0, 0, PROBE_MSR)                                \
	PROBE(RDMSR_3, rdmsr, 3, PROBE_IF, 0, PROBE_MSR)                       \
	PROBE(WRMSR, wrmsr, 0, 0, 0x55667788, PROBE_MSR)                       \
	PROBE(WRMSR_3, wrmsr, 3, PROBE_IF, 0x55667788, PROBE_MSR)

enum probe {
#define PROBE_ENUM(name, ...) PROBE_##name,
	PROBE_LIST(PROBE_ENUM)
#undef PROBE_ENUM
		PROBES
};

#endif /* RINGLET_PROBE_LIST_H */
