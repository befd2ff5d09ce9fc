// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator's door and its dispatch table. Called by the run loop with an
 * instruction that decode_insn() understood. Pure.
 *
 * The table is the allow-list: what has no row is refused with a sentence
 * before it has any effect. Handlers stand in files by topic; internal.h
 * lists them.
 */
#include "emulate/internal.h"
#include "emulate/watch.h"

#define DEBUG_STATUS_SINGLE_STEP BIT_ULL(14) /* DR6.BS */

/**
 * struct emulate_entry - how one operation is executed
 * @run: the handler
 * @compute: its arithmetic, if the handler serves several operations
 * @fpu: the real processor does it, on the guest's FPU state
 */
struct emulate_entry {
	emulate_handler run;
	emulate_compute compute;
	bool fpu;
};

#define UNDEFINED                        \
	{                                \
		.run = emulate_undefined \
	}

/* clang-format off */
static const struct emulate_entry entries[OPERATIONS] = {
	/* Arithmetic and logic. */
	[OPERATION_ADD] = { emulate_binary, compute_add },
	[OPERATION_OR] = { emulate_binary, compute_or },
	[OPERATION_ADC] = { emulate_binary, compute_adc },
	[OPERATION_SBB] = { emulate_binary, compute_sbb },
	[OPERATION_AND] = { emulate_binary, compute_and },
	[OPERATION_SUB] = { emulate_binary, compute_sub },
	[OPERATION_XOR] = { emulate_binary, compute_xor },
	[OPERATION_CMP] = { emulate_compare, compute_sub },
	[OPERATION_TEST] = { emulate_compare, compute_and },
	[OPERATION_INC] = { emulate_unary, compute_inc },
	[OPERATION_DEC] = { emulate_unary, compute_dec },
	[OPERATION_NEG] = { emulate_unary, compute_neg },
	[OPERATION_NOT] = { emulate_unary, compute_not },
	[OPERATION_ADCX] = { emulate_binary, compute_adcx },
	[OPERATION_ADOX] = { emulate_binary, compute_adox },
	[OPERATION_XCHG] = { emulate_exchange, compute_xchg },
	[OPERATION_XADD] = { emulate_exchange, compute_add },
	[OPERATION_CMPXCHG] = { emulate_cmpxchg, compute_cmpxchg },
	[OPERATION_CMPXCHG8B] = { emulate_cmpxchg8b, compute_cmpxchg8b },
	[OPERATION_MUL] = { emulate_mul },
	[OPERATION_IMUL] = { emulate_imul },
	[OPERATION_DIV] = { emulate_div },
	[OPERATION_IDIV] = { emulate_idiv },
	[OPERATION_DAA] = { emulate_daa },
	[OPERATION_DAS] = { emulate_das },
	[OPERATION_AAA] = { emulate_aaa },
	[OPERATION_AAS] = { emulate_aas },
	[OPERATION_AAM] = { emulate_aam },
	[OPERATION_AAD] = { emulate_aad },

	/* Shifts and bits. */
	[OPERATION_ROL] = { emulate_shift, compute_rol },
	[OPERATION_ROR] = { emulate_shift, compute_ror },
	[OPERATION_RCL] = { emulate_shift, compute_rcl },
	[OPERATION_RCR] = { emulate_shift, compute_rcr },
	[OPERATION_SHL] = { emulate_shift, compute_shl },
	[OPERATION_SHR] = { emulate_shift, compute_shr },
	[OPERATION_SAR] = { emulate_shift, compute_sar },
	[OPERATION_SHLD] = { emulate_double_shift, compute_shld },
	[OPERATION_SHRD] = { emulate_double_shift, compute_shrd },
	[OPERATION_BT] = { emulate_bit_test, compute_bt },
	[OPERATION_BTS] = { emulate_bit_test, compute_bts },
	[OPERATION_BTR] = { emulate_bit_test, compute_btr },
	[OPERATION_BTC] = { emulate_bit_test, compute_btc },
	[OPERATION_BSF] = { emulate_bit_scan },
	[OPERATION_BSR] = { emulate_bit_scan },
	[OPERATION_LZCNT] = { emulate_bit_scan },
	[OPERATION_TZCNT] = { emulate_bit_scan },
	[OPERATION_POPCNT] = { emulate_popcnt },
	[OPERATION_CRC32] = { emulate_crc32 },

	/* Data movement. */
	[OPERATION_MOV] = { emulate_mov },
	[OPERATION_MOVZX] = { emulate_mov },
	[OPERATION_MOVNTI] = { emulate_mov },
	[OPERATION_MOVDIRI] = { emulate_mov },
	[OPERATION_MOVSX] = { emulate_movsx },
	[OPERATION_MOVBE] = { emulate_movbe },
	[OPERATION_BSWAP] = { emulate_bswap },
	[OPERATION_MOVDIR64B] = { emulate_movdir64b },
	[OPERATION_LEA] = { emulate_lea },
	[OPERATION_XLAT] = { emulate_xlat },
	[OPERATION_CBW] = { emulate_cbw },
	[OPERATION_CWD] = { emulate_cwd },
	[OPERATION_CMOVCC] = { emulate_cmov },
	[OPERATION_SETCC] = { emulate_setcc },
	[OPERATION_CLC] = { emulate_flag },
	[OPERATION_STC] = { emulate_flag },
	[OPERATION_CMC] = { emulate_flag },
	[OPERATION_CLD] = { emulate_flag },
	[OPERATION_STD] = { emulate_flag },
	[OPERATION_LAHF] = { emulate_lahf },
	[OPERATION_SAHF] = { emulate_sahf },
	[OPERATION_SALC] = { emulate_salc },

	/* Strings and ports. */
	[OPERATION_MOVS] = { emulate_movs },
	[OPERATION_CMPS] = { emulate_cmps },
	[OPERATION_STOS] = { emulate_stos },
	[OPERATION_LODS] = { emulate_lods },
	[OPERATION_SCAS] = { emulate_scas },
	[OPERATION_INS] = { emulate_ins },
	[OPERATION_OUTS] = { emulate_outs },
	[OPERATION_IN] = { emulate_in },
	[OPERATION_OUT] = { emulate_out },

	/* The stack. */
	[OPERATION_PUSH] = { emulate_push },
	[OPERATION_POP] = { emulate_pop },
	[OPERATION_PUSHA] = { emulate_pusha },
	[OPERATION_POPA] = { emulate_popa },
	[OPERATION_PUSHF] = { emulate_pushf },
	[OPERATION_POPF] = { emulate_popf },
	[OPERATION_ENTER] = { emulate_enter },
	[OPERATION_LEAVE] = { emulate_leave },

	/* Control transfer. */
	[OPERATION_JCC] = { emulate_jcc },
	[OPERATION_JMP_NEAR] = { emulate_jmp },
	[OPERATION_JMP_NEAR_INDIRECT] = { emulate_jmp },
	[OPERATION_CALL_NEAR] = { emulate_call },
	[OPERATION_CALL_NEAR_INDIRECT] = { emulate_call },
	[OPERATION_RET_NEAR] = { emulate_ret },
	[OPERATION_LOOP] = { emulate_loop },
	[OPERATION_LOOPE] = { emulate_loop },
	[OPERATION_LOOPNE] = { emulate_loop },
	[OPERATION_JCXZ] = { emulate_jcxz },
	[OPERATION_JMP_FAR] = { emulate_far_jmp },
	[OPERATION_CALL_FAR] = { emulate_far_call },
	[OPERATION_RET_FAR] = { emulate_far_ret },
	[OPERATION_IRET] = { emulate_iret },
	[OPERATION_INT] = { emulate_int },
	[OPERATION_INT3] = { emulate_int3 },
	[OPERATION_INTO] = { emulate_into },
	[OPERATION_INT1] = { emulate_int1 },
	[OPERATION_BOUND] = { emulate_bound },
	[OPERATION_SYSENTER] = { emulate_sysenter },
	[OPERATION_SYSEXIT] = { emulate_sysexit },

	/* Segments and descriptor tables. */
	[OPERATION_MOV_SEGMENT] = { emulate_mov_segment },
	[OPERATION_PUSH_SEGMENT] = { emulate_push_segment },
	[OPERATION_POP_SEGMENT] = { emulate_pop_segment },
	[OPERATION_LDS] = { emulate_load_far_pointer },
	[OPERATION_LES] = { emulate_load_far_pointer },
	[OPERATION_LSS] = { emulate_load_far_pointer },
	[OPERATION_LFS] = { emulate_load_far_pointer },
	[OPERATION_LGS] = { emulate_load_far_pointer },
	[OPERATION_SGDT] = { emulate_store_table },
	[OPERATION_SIDT] = { emulate_store_table },
	[OPERATION_LGDT] = { emulate_load_table },
	[OPERATION_LIDT] = { emulate_load_table },
	[OPERATION_SLDT] = { emulate_store_selector },
	[OPERATION_STR] = { emulate_store_selector },
	[OPERATION_LLDT] = { emulate_load_selector },
	[OPERATION_LTR] = { emulate_load_selector },
	[OPERATION_LAR] = { emulate_lar },
	[OPERATION_LSL] = { emulate_lsl },
	[OPERATION_VERR] = { emulate_verify },
	[OPERATION_VERW] = { emulate_verify },
	[OPERATION_ARPL] = { emulate_arpl },

	/* Privileged. */
	[OPERATION_CLI] = { emulate_cli },
	[OPERATION_STI] = { emulate_sti },
	[OPERATION_HLT] = { emulate_hlt },
	[OPERATION_MOV_CONTROL] = { emulate_mov_control },
	[OPERATION_MOV_DEBUG] = { emulate_mov_debug },
	[OPERATION_CLTS] = { emulate_clts },
	[OPERATION_LMSW] = { emulate_lmsw },
	[OPERATION_SMSW] = { emulate_smsw },
	[OPERATION_CLAC] = { emulate_clac_stac },
	[OPERATION_STAC] = { emulate_clac_stac },
	[OPERATION_INVLPG] = { emulate_invlpg },
	[OPERATION_INVPCID] = { emulate_invpcid },
	[OPERATION_INVD] = { emulate_cache_control },
	[OPERATION_WBINVD] = { emulate_cache_control },
	[OPERATION_WBNOINVD] = { emulate_cache_control },
	[OPERATION_RDMSR] = { emulate_rdmsr },
	[OPERATION_WRMSR] = { emulate_wrmsr },
	[OPERATION_RDTSC] = { emulate_rdtsc },
	[OPERATION_RDTSCP] = { emulate_rdtsc },
	[OPERATION_RDPMC] = { emulate_rdpmc },
	[OPERATION_RDPID] = { emulate_rdpid },
	[OPERATION_RDRAND] = { emulate_random },
	[OPERATION_RDSEED] = { emulate_random },
	[OPERATION_CPUID] = { emulate_cpuid },
	[OPERATION_MONITOR] = { emulate_monitor },
	[OPERATION_MWAIT] = { emulate_monitor },

	/* Hints, fences and cache lines. */
	[OPERATION_NOP] = { emulate_nop },
	[OPERATION_PAUSE] = { emulate_nop },
	[OPERATION_ENDBR] = { emulate_nop },
	[OPERATION_PREFETCH] = { emulate_nop },
	[OPERATION_LFENCE] = { emulate_nop },
	[OPERATION_MFENCE] = { emulate_nop },
	[OPERATION_SFENCE] = { emulate_nop },
	[OPERATION_SERIALIZE] = { emulate_nop },
	[OPERATION_CLDEMOTE] = { emulate_nop },
	[OPERATION_CLFLUSH] = { emulate_cache_line },
	[OPERATION_CLFLUSHOPT] = { emulate_cache_line },
	[OPERATION_CLWB] = { emulate_cache_line },

	/* The virtual CPU offers none of these. */
	[OPERATION_INVALID] = UNDEFINED,
	[OPERATION_UD0] = UNDEFINED,
	[OPERATION_UD1] = UNDEFINED,
	[OPERATION_UD2] = UNDEFINED,
	[OPERATION_SYSCALL] = UNDEFINED,
	[OPERATION_SYSRET] = UNDEFINED,
	[OPERATION_SWAPGS] = UNDEFINED,
	[OPERATION_RDFSBASE] = UNDEFINED,
	[OPERATION_RDGSBASE] = UNDEFINED,
	[OPERATION_WRFSBASE] = UNDEFINED,
	[OPERATION_WRGSBASE] = UNDEFINED,
	[OPERATION_LKGS] = UNDEFINED,
	[OPERATION_XBEGIN] = UNDEFINED,
	[OPERATION_XABORT] = UNDEFINED,
	[OPERATION_XEND] = UNDEFINED,
	[OPERATION_XTEST] = UNDEFINED,
	[OPERATION_XSUSLDTRK] = UNDEFINED,
	[OPERATION_XRESLDTRK] = UNDEFINED,
	[OPERATION_CLZERO] = UNDEFINED,
	[OPERATION_RDPRU] = UNDEFINED,
	[OPERATION_PTWRITE] = UNDEFINED,
	[OPERATION_HRESET] = UNDEFINED,
	[OPERATION_PCONFIG] = UNDEFINED,
	[OPERATION_MONITORX] = UNDEFINED,
	[OPERATION_MWAITX] = UNDEFINED,
	[OPERATION_UMONITOR] = UNDEFINED,
	[OPERATION_UMWAIT] = UNDEFINED,
	[OPERATION_TPAUSE] = UNDEFINED,
	[OPERATION_RDPKRU] = UNDEFINED,
	[OPERATION_WRPKRU] = UNDEFINED,
	[OPERATION_INCSSP] = UNDEFINED,
	[OPERATION_SAVEPREVSSP] = UNDEFINED,
	[OPERATION_RSTORSSP] = UNDEFINED,
	[OPERATION_SETSSBSY] = UNDEFINED,
	[OPERATION_CLRSSBSY] = UNDEFINED,
	[OPERATION_WRSS] = UNDEFINED,
	[OPERATION_WRUSS] = UNDEFINED,
	[OPERATION_UIRET] = UNDEFINED,
	[OPERATION_TESTUI] = UNDEFINED,
	[OPERATION_CLUI] = UNDEFINED,
	[OPERATION_STUI] = UNDEFINED,
	[OPERATION_SENDUIPI] = UNDEFINED,
	[OPERATION_ENQCMD] = UNDEFINED,
	[OPERATION_ENQCMDS] = UNDEFINED,
	[OPERATION_VMCALL] = UNDEFINED,
	[OPERATION_VMLAUNCH] = UNDEFINED,
	[OPERATION_VMRESUME] = UNDEFINED,
	[OPERATION_VMXOFF] = UNDEFINED,
	[OPERATION_VMXON] = UNDEFINED,
	[OPERATION_VMCLEAR] = UNDEFINED,
	[OPERATION_VMPTRLD] = UNDEFINED,
	[OPERATION_VMPTRST] = UNDEFINED,
	[OPERATION_VMREAD] = UNDEFINED,
	[OPERATION_VMWRITE] = UNDEFINED,
	[OPERATION_VMFUNC] = UNDEFINED,
	[OPERATION_INVEPT] = UNDEFINED,
	[OPERATION_INVVPID] = UNDEFINED,
	[OPERATION_SEAMCALL] = UNDEFINED,
	[OPERATION_SEAMRET] = UNDEFINED,
	[OPERATION_SEAMOPS] = UNDEFINED,
	[OPERATION_TDCALL] = UNDEFINED,
	[OPERATION_ENCLS] = UNDEFINED,
	[OPERATION_ENCLU] = UNDEFINED,
	[OPERATION_ENCLV] = UNDEFINED,
	[OPERATION_RSM] = UNDEFINED,
	[OPERATION_GETSEC] = UNDEFINED,
	[OPERATION_VMRUN] = UNDEFINED,
	[OPERATION_VMMCALL] = UNDEFINED,
	[OPERATION_VMLOAD] = UNDEFINED,
	[OPERATION_VMSAVE] = UNDEFINED,
	[OPERATION_STGI] = UNDEFINED,
	[OPERATION_CLGI] = UNDEFINED,
	[OPERATION_SKINIT] = UNDEFINED,
	[OPERATION_INVLPGA] = UNDEFINED,
	[OPERATION_INVLPGB] = UNDEFINED,
	[OPERATION_TLBSYNC] = UNDEFINED,
	[OPERATION_MCOMMIT] = UNDEFINED,
	[OPERATION_PSMASH] = UNDEFINED,
	[OPERATION_PVALIDATE] = UNDEFINED,
	[OPERATION_RMPADJUST] = UNDEFINED,
	[OPERATION_RMPUPDATE] = UNDEFINED,
	[OPERATION_PADLOCK] = UNDEFINED,
	/* Without shadow stacks this one is a hint that does nothing. */
	[OPERATION_RDSSP] = { emulate_nop },

	/* Floating point and vectors. */
	[OPERATION_FWAIT] = { emulate_fwait, .fpu = true },
	[OPERATION_X87] = { emulate_floating_point, .fpu = true },
	[OPERATION_FXSAVE] = { emulate_floating_point, .fpu = true },
	[OPERATION_FXRSTOR] = { emulate_floating_point, .fpu = true },
	[OPERATION_MMX] = { emulate_vector, .fpu = true },
	[OPERATION_EMMS] = { emulate_vector, .fpu = true },
	[OPERATION_AMD3DNOW] = { emulate_vector, .fpu = true },
	[OPERATION_SSE] = { emulate_vector, .fpu = true },
	[OPERATION_LDMXCSR] = { emulate_vector, .fpu = true },
	[OPERATION_STMXCSR] = { emulate_vector, .fpu = true },
	[OPERATION_VEX] = { emulate_xcr },
	[OPERATION_XSAVE] = { emulate_xcr },
	[OPERATION_XSAVEC] = { emulate_xcr },
	[OPERATION_XSAVEOPT] = { emulate_xcr },
	[OPERATION_XSAVES] = { emulate_xcr },
	[OPERATION_XRSTOR] = { emulate_xcr },
	[OPERATION_XRSTORS] = { emulate_xcr },
	[OPERATION_XGETBV] = { emulate_xcr },
	[OPERATION_XSETBV] = { emulate_xcr },
};
/* clang-format on */

static const struct emulate_entry *find_entry(const struct insn *insn)
{
	/* Operand sizes of 8 and RIP-relative addresses wait for 64-bit guests. */
	if (insn->operation >= OPERATIONS || insn->mode == INSN_MODE_64 ||
	    !entries[insn->operation].run)
		return NULL;
	return &entries[insn->operation];
}

bool emulate_supported(const struct insn *insn)
{
	return find_entry(insn);
}

bool emulate_needs_fpu(const struct insn *insn)
{
	const struct emulate_entry *entry = find_entry(insn);

	return entry && entry->fpu;
}

/*
 * What every instruction does when it has succeeded. A load of SS holds off its
 * own debug traps too; that of a breakpoint on what it read is lost then.
 */
static void retire(struct emulation *emulation, bool traced, u64 breakpoints)
{
	struct virtual_cpu *cpu = emulation->cpu;

	if (!emulation->transferred && !emulation->repeat) {
		cpu->rip = emulation->next_rip;
		cpu->rflags &= ~X86_EFLAGS_RF;
	}
	cpu->interrupt_shadow = emulation->shadow;
	if (emulation->shadow & INTERRUPT_SHADOW_MOV_SS)
		return;
	cpu->pending_debug |= breakpoints;
	if (traced && !emulation->no_trap)
		cpu->pending_debug |= DEBUG_STATUS_SINGLE_STEP;
}

enum cpu_result emulate_insn(struct virtual_cpu *cpu, const struct insn *insn)
{
	const struct emulate_entry *entry = find_entry(insn);
	/* What POPF or IRET make of TF counts from the next instruction on. */
	bool traced = flag(cpu, X86_EFLAGS_TF);
	struct emulation emulation = {
		.cpu = cpu,
		.insn = insn,
		.next_rip = (u32)(cpu->rip + insn->length),
	};
	enum cpu_result result;
	u64 breakpoints = 0;
	struct watch watch;
	bool watched;

	if (!entry)
		return cpu_stop(cpu,
				"the guest used an instruction that the emulator does not know");
	if ((insn->prefixes & INSN_PREFIX_LOCK) && !insn_lock_allowed(insn))
		return undefined(&emulation);
	if (!cpu_has_instruction(cpu, insn))
		return undefined(&emulation);
	watched = watch_begin(&watch, cpu);
	emulation.compute = entry->compute;
	emulation.one_iteration = traced || watched || cpu->debugger.steps;
	result = entry->run(&emulation);
	if (watched)
		breakpoints = watch_end(&watch, cpu);
	if (result == CPU_OK)
		retire(&emulation, traced, breakpoints);
	return result;
}
