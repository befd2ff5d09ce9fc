/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations that the decoder tells apart, one name each. Everything that
 * looks at a decoded instruction includes it through decode.h. Integer and
 * system instructions have a name of their own; floating-point and vector ones
 * are groups, apart from those that manage state.
 *
 * One list makes both the enum and the names, so they cannot disagree:
 * X(ADD, "add") is OPERATION_ADD.
 */
#ifndef RINGLET_DECODE_OPERATIONS_H
#define RINGLET_DECODE_OPERATIONS_H

/* clang-format off */
#define FOR_EACH_OPERATION(X) \
	/* Placeholders. */ \
	X(INVALID, "(invalid)") \
	/* Arithmetic and logic. */ \
	X(ADD, "add") \
	X(OR, "or") \
	X(ADC, "adc") \
	X(SBB, "sbb") \
	X(AND, "and") \
	X(SUB, "sub") \
	X(XOR, "xor") \
	X(CMP, "cmp") \
	X(INC, "inc") \
	X(DEC, "dec") \
	X(NEG, "neg") \
	X(NOT, "not") \
	X(TEST, "test") \
	X(MUL, "mul") \
	X(IMUL, "imul") \
	X(DIV, "div") \
	X(IDIV, "idiv") \
	X(ADCX, "adcx") \
	X(ADOX, "adox") \
	/* Decimal arithmetic; not in 64-bit mode. */ \
	X(DAA, "daa") \
	X(DAS, "das") \
	X(AAA, "aaa") \
	X(AAS, "aas") \
	X(AAM, "aam") \
	X(AAD, "aad") \
	/* Shifts and rotations; SHL is SAL too. */ \
	X(ROL, "rol") \
	X(ROR, "ror") \
	X(RCL, "rcl") \
	X(RCR, "rcr") \
	X(SHL, "shl") \
	X(SHR, "shr") \
	X(SAR, "sar") \
	X(SHLD, "shld") \
	X(SHRD, "shrd") \
	/* Bits and bytes. */ \
	X(BT, "bt") \
	X(BTS, "bts") \
	X(BTR, "btr") \
	X(BTC, "btc") \
	X(BSF, "bsf") \
	X(BSR, "bsr") \
	X(LZCNT, "lzcnt") \
	X(TZCNT, "tzcnt") \
	X(POPCNT, "popcnt") \
	X(BSWAP, "bswap") \
	X(CRC32, "crc32") \
	/* Data movement. MOV_SEGMENT loads or stores a segment register, XLAT is XLATB; CBW is \
	 * CWDE and CDQE too, CWD is CDQ and CQO too: insn.operand_size decides. */ \
	X(MOV, "mov") \
	X(MOV_SEGMENT, "mov") \
	X(MOV_CONTROL, "mov") \
	X(MOV_DEBUG, "mov") \
	X(MOVSX, "movsx") \
	X(MOVSXD, "movsxd") \
	X(MOVZX, "movzx") \
	X(MOVBE, "movbe") \
	X(MOVNTI, "movnti") \
	X(MOVDIRI, "movdiri") \
	X(MOVDIR64B, "movdir64b") \
	X(LEA, "lea") \
	X(XCHG, "xchg") \
	X(XADD, "xadd") \
	X(CMPXCHG, "cmpxchg") \
	X(CMPXCHG8B, "cmpxchg8b") \
	X(CMPXCHG16B, "cmpxchg16b") \
	X(XLAT, "xlat") \
	X(CBW, "cbw") \
	X(CWD, "cwd") \
	X(CMOVCC, "cmovcc") \
	X(SETCC, "setcc") \
	X(LDS, "lds") \
	X(LES, "les") \
	X(LSS, "lss") \
	X(LFS, "lfs") \
	X(LGS, "lgs") \
	/* The stack. */ \
	X(PUSH, "push") \
	X(POP, "pop") \
	X(PUSH_SEGMENT, "push") \
	X(POP_SEGMENT, "pop") \
	X(PUSHA, "pusha") \
	X(POPA, "popa") \
	X(PUSHF, "pushf") \
	X(POPF, "popf") \
	X(ENTER, "enter") \
	X(LEAVE, "leave") \
	/* String instructions, with or without a repeat prefix. */ \
	X(MOVS, "movs") \
	X(CMPS, "cmps") \
	X(STOS, "stos") \
	X(LODS, "lods") \
	X(SCAS, "scas") \
	X(INS, "ins") \
	X(OUTS, "outs") \
	/* Control transfer. JCC, SETCC and CMOVCC: the condition is insn.opcode & 15. Far \
	 * transfers: an OPERAND_FAR or an OPERAND_MEMORY that holds the pointer. */ \
	X(JCC, "jcc") \
	X(JMP_NEAR, "jmp") \
	X(JMP_NEAR_INDIRECT, "jmp") \
	X(JMP_FAR, "jmp") \
	X(CALL_NEAR, "call") \
	X(CALL_NEAR_INDIRECT, "call") \
	X(CALL_FAR, "call") \
	X(RET_NEAR, "ret") \
	X(RET_FAR, "retf") \
	X(IRET, "iret") \
	X(LOOP, "loop") \
	X(LOOPE, "loope") \
	X(LOOPNE, "loopne") \
	X(JCXZ, "jcxz") \
	X(INT, "int") \
	X(INT3, "int3") \
	X(INTO, "into") \
	X(INT1, "int1") \
	X(BOUND, "bound") \
	X(SYSCALL, "syscall") \
	X(SYSRET, "sysret") \
	X(SYSENTER, "sysenter") \
	X(SYSEXIT, "sysexit") \
	X(XBEGIN, "xbegin") \
	X(XABORT, "xabort") \
	X(XEND, "xend") \
	X(XTEST, "xtest") \
	/* Flags. */ \
	X(CLC, "clc") \
	X(STC, "stc") \
	X(CMC, "cmc") \
	X(CLD, "cld") \
	X(STD, "std") \
	X(CLI, "cli") \
	X(STI, "sti") \
	X(LAHF, "lahf") \
	X(SAHF, "sahf") \
	X(SALC, "salc") \
	X(CLAC, "clac") \
	X(STAC, "stac") \
	/* Input and output. */ \
	X(IN, "in") \
	X(OUT, "out") \
	/* Descriptor tables, segments and protection. */ \
	X(SGDT, "sgdt") \
	X(SIDT, "sidt") \
	X(SLDT, "sldt") \
	X(STR, "str") \
	X(SMSW, "smsw") \
	X(LGDT, "lgdt") \
	X(LIDT, "lidt") \
	X(LLDT, "lldt") \
	X(LTR, "ltr") \
	X(LMSW, "lmsw") \
	X(LAR, "lar") \
	X(LSL, "lsl") \
	X(VERR, "verr") \
	X(VERW, "verw") \
	X(ARPL, "arpl") \
	X(CLTS, "clts") \
	X(SWAPGS, "swapgs") \
	X(RDFSBASE, "rdfsbase") \
	X(RDGSBASE, "rdgsbase") \
	X(WRFSBASE, "wrfsbase") \
	X(WRGSBASE, "wrgsbase") \
	X(LKGS, "lkgs") \
	/* Caches, TLBs, memory order. */ \
	X(INVD, "invd") \
	X(WBINVD, "wbinvd") \
	X(WBNOINVD, "wbnoinvd") \
	X(INVLPG, "invlpg") \
	X(INVPCID, "invpcid") \
	X(CLFLUSH, "clflush") \
	X(CLFLUSHOPT, "clflushopt") \
	X(CLWB, "clwb") \
	X(CLDEMOTE, "cldemote") \
	X(CLZERO, "clzero") \
	X(LFENCE, "lfence") \
	X(MFENCE, "mfence") \
	X(SFENCE, "sfence") \
	X(SERIALIZE, "serialize") \
	X(PREFETCH, "prefetch") \
	X(XSUSLDTRK, "xsusldtrk") \
	X(XRESLDTRK, "xresldtrk") \
	/* Model-specific registers, counters, identification, random numbers. */ \
	X(RDMSR, "rdmsr") \
	X(WRMSR, "wrmsr") \
	X(RDTSC, "rdtsc") \
	X(RDTSCP, "rdtscp") \
	X(RDPMC, "rdpmc") \
	X(RDPID, "rdpid") \
	X(RDPRU, "rdpru") \
	X(CPUID, "cpuid") \
	X(RDRAND, "rdrand") \
	X(RDSEED, "rdseed") \
	X(PTWRITE, "ptwrite") \
	X(HRESET, "hreset") \
	X(PCONFIG, "pconfig") \
	/* Waiting and doing nothing. NOP is every hint of 0F 19..1F too, ENDBR both forms. */ \
	X(NOP, "nop") \
	X(PAUSE, "pause") \
	X(ENDBR, "endbr") \
	X(HLT, "hlt") \
	X(MONITOR, "monitor") \
	X(MWAIT, "mwait") \
	X(MONITORX, "monitorx") \
	X(MWAITX, "mwaitx") \
	X(UMONITOR, "umonitor") \
	X(UMWAIT, "umwait") \
	X(TPAUSE, "tpause") \
	/* Opcodes that are defined to be undefined. */ \
	X(UD0, "ud0") \
	X(UD1, "ud1") \
	X(UD2, "ud2") \
	/* Extended state and protection keys. */ \
	X(FXSAVE, "fxsave") \
	X(FXRSTOR, "fxrstor") \
	X(XSAVE, "xsave") \
	X(XSAVEC, "xsavec") \
	X(XSAVEOPT, "xsaveopt") \
	X(XSAVES, "xsaves") \
	X(XRSTOR, "xrstor") \
	X(XRSTORS, "xrstors") \
	X(XGETBV, "xgetbv") \
	X(XSETBV, "xsetbv") \
	X(LDMXCSR, "ldmxcsr") \
	X(STMXCSR, "stmxcsr") \
	X(RDPKRU, "rdpkru") \
	X(WRPKRU, "wrpkru") \
	X(FWAIT, "fwait") \
	X(EMMS, "emms") \
	/* Shadow stacks and user interrupts. */ \
	X(INCSSP, "incssp") \
	X(RDSSP, "rdssp") \
	X(SAVEPREVSSP, "saveprevssp") \
	X(RSTORSSP, "rstorssp") \
	X(SETSSBSY, "setssbsy") \
	X(CLRSSBSY, "clrssbsy") \
	X(WRSS, "wrss") \
	X(WRUSS, "wruss") \
	X(UIRET, "uiret") \
	X(TESTUI, "testui") \
	X(CLUI, "clui") \
	X(STUI, "stui") \
	X(SENDUIPI, "senduipi") \
	/* Work queues. */ \
	X(ENQCMD, "enqcmd") \
	X(ENQCMDS, "enqcmds") \
	/* Intel's virtualisation, enclaves, system management, measured launch. */ \
	X(VMCALL, "vmcall") \
	X(VMLAUNCH, "vmlaunch") \
	X(VMRESUME, "vmresume") \
	X(VMXOFF, "vmxoff") \
	X(VMXON, "vmxon") \
	X(VMCLEAR, "vmclear") \
	X(VMPTRLD, "vmptrld") \
	X(VMPTRST, "vmptrst") \
	X(VMREAD, "vmread") \
	X(VMWRITE, "vmwrite") \
	X(VMFUNC, "vmfunc") \
	X(INVEPT, "invept") \
	X(INVVPID, "invvpid") \
	X(SEAMCALL, "seamcall") \
	X(SEAMRET, "seamret") \
	X(SEAMOPS, "seamops") \
	X(TDCALL, "tdcall") \
	X(ENCLS, "encls") \
	X(ENCLU, "enclu") \
	X(ENCLV, "enclv") \
	X(RSM, "rsm") \
	X(GETSEC, "getsec") \
	/* AMD's virtualisation. */ \
	X(VMRUN, "vmrun") \
	X(VMMCALL, "vmmcall") \
	X(VMLOAD, "vmload") \
	X(VMSAVE, "vmsave") \
	X(STGI, "stgi") \
	X(CLGI, "clgi") \
	X(SKINIT, "skinit") \
	X(INVLPGA, "invlpga") \
	X(INVLPGB, "invlpgb") \
	X(TLBSYNC, "tlbsync") \
	X(MCOMMIT, "mcommit") \
	X(PSMASH, "psmash") \
	X(PVALIDATE, "pvalidate") \
	X(RMPADJUST, "rmpadjust") \
	X(RMPUPDATE, "rmpupdate") \
	/* Groups: insn.map, opcode, prefixes and modrm tell which. VEX is VEX, EVEX and XOP; \
	 * X87 includes FNINIT, FNSTCW and their like, PADLOCK is VIA's 0F A6 and A7. */ \
	X(X87, "x87") \
	X(MMX, "mmx") \
	X(SSE, "sse") \
	X(AMD3DNOW, "3dnow") \
	X(VEX, "vex") \
	X(PADLOCK, "padlock")
/* clang-format on */

enum operation {
#define OPERATION_ENUMERATOR(name, text) OPERATION_##name,
	FOR_EACH_OPERATION(OPERATION_ENUMERATOR)
#undef OPERATION_ENUMERATOR
	OPERATIONS,
};

#endif /* RINGLET_DECODE_OPERATIONS_H */
