// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 0F opcode map. Read by decode.c only. Pure.
 *
 * Prefixes: BY_PREFIX rows exist only under the mandatory prefixes that they
 * list; a plain row ignores F3 and F2, and takes 66 as its operand size.
 *
 * Classes that the ledger leaves open:
 * - SYSCALL and SYSENTER enter ring 0 from any ring without a fault, at the
 *   host's entry points unless these are taken away: sensitive.
 * - LSS loads SS: sensitive, LES, LDS, LFS and LGS are not.
 * - RDTSC, RDPMC and CPUID fault only where the host asks for it: sensitive.
 *
 * 0F 20..23 take a register whatever ModRM.mod says. LOCK MOV CR0 names CR0:
 * AMD's alternative way to CR8 has a CPUID bit, which guests are not given.
 * Reserved no-operations (0F 0D, 18..1F) decode as NOP; MPX is gone from
 * processors and its encodings are such NOPs.
 */
#include "decode/table.h"

/* clang-format off */
#define EIGHT(base, ...) \
	[(base) + 0] = __VA_ARGS__, [(base) + 1] = __VA_ARGS__, \
	[(base) + 2] = __VA_ARGS__, [(base) + 3] = __VA_ARGS__, \
	[(base) + 4] = __VA_ARGS__, [(base) + 5] = __VA_ARGS__, \
	[(base) + 6] = __VA_ARGS__, [(base) + 7] = __VA_ARGS__

#define SSE(...) RM(SSE, __VA_ARGS__)
#define MMX(...) RM(MMX, __VA_ARGS__)
#define PLAIN(row) BY_PREFIX(row)

/* Packed single, packed double, scalar single, scalar double. */
#define PS_PD_SS_SD BY_PREFIX(SSE(Vx, Wx), SSE(Vx, Wx), SSE(Vx, Wd), SSE(Vx, Wq))
#define PS_PD BY_PREFIX(SSE(Vx, Wx), SSE(Vx, Wx))
#define PS_SS BY_PREFIX(SSE(Vx, Wx), UNDEFINED, SSE(Vx, Wd))
/* An MMX instruction, and its SSE2 form under 66. */
#define MMX_SSE BY_PREFIX(MMX(Pq, Qq), SSE(Vx, Wx))
#define MMX_SSE_LOW BY_PREFIX(MMX(Pq, Qd), SSE(Vx, Wx))
#define SSE_66 BY_PREFIX(UNDEFINED, SSE(Vx, Wx))
/* 71..73: shifts by an immediate. */
#define SHIFT BY_PREFIX(OP(MMX, Nq, Ib), OP(SSE, Ux, Ib))
#define SHIFT_66 BY_PREFIX(UNDEFINED, OP(SSE, Ux, Ib))
/* VIA's: repeated, and ModRM a register form with rm 0; XSTORE also plain. */
#define VIA BY_RM(BY_PREFIX(UNDEFINED, UNDEFINED, OP(PADLOCK)))
#define VIA_STORE BY_RM(BY_REPEAT(OP(PADLOCK), OP(PADLOCK)))

const struct opcode_row opcodes_0f[256] = {
	[0x00] = GROUP(CHOICE_REG, group_0f00),
	[0x01] = GROUP(CHOICE_MOD, group_0f01),
	[0x02] = RMF(LAR, SENSITIVE, Gv, Ev_w),
	[0x03] = RMF(LSL, SENSITIVE, Gv, Ez_w),
	[0x05] = OPF(SYSCALL, SENSITIVE),
	[0x06] = OPF(CLTS, PRIVILEGED),
	[0x07] = OPF(SYSRET, PRIVILEGED),
	[0x08] = OPF(INVD, PRIVILEGED),
	[0x09] = BY_REPEAT(OPF(WBINVD, PRIVILEGED), OPF(WBNOINVD, PRIVILEGED),
			   OPF(WBINVD, PRIVILEGED)),
	[0x0b] = OP(UD2),
	[0x0d] = BY_MOD(OP(PREFETCH, M), OP(NOP, Ev)),
	[0x0e] = OP(EMMS),
	[0x0f] = RM(AMD3DNOW, Pq, Qq, Ib),

	[0x10] = PS_PD_SS_SD,
	[0x11] = BY_PREFIX(SSE(Wx, Vx), SSE(Wx, Vx), SSE(Wd, Vx), SSE(Wq, Vx)),
	[0x12] = BY_PREFIX(SSE(Vx, Wq), SSE(Vx, Mq), SSE(Vx, Wx), SSE(Vx, Wq)),
	[0x13] = BY_PREFIX(SSE(Mq, Vx), SSE(Mq, Vx)),
	[0x14] = PS_PD,
	[0x15] = PS_PD,
	[0x16] = BY_PREFIX(SSE(Vx, Wq), SSE(Vx, Mq), SSE(Vx, Wx)),
	[0x17] = BY_PREFIX(SSE(Mq, Vx), SSE(Mq, Vx)),
	[0x18] = BY_MOD(BY_REG(OP(PREFETCH, M), OP(PREFETCH, M), OP(PREFETCH, M), OP(PREFETCH, M),
			       OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev)),
			OP(NOP, Ev)),
	[0x19] = RM(NOP, Ev),
	[0x1a] = RM(NOP, Ev),
	[0x1b] = RM(NOP, Ev),
	[0x1c] = BY_MOD(BY_REG(BY_PREFIX(OP(CLDEMOTE, M), OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev)),
			       OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev),
			       OP(NOP, Ev), OP(NOP, Ev)),
			OP(NOP, Ev)),
	[0x1d] = RM(NOP, Ev),
	[0x1e] = BY_REPEAT(RM(NOP, Ev),
			   BY_MOD(OP(NOP, Ev),
				  BY_REG(OP(NOP, Ev), OP(RDSSP, Ry), OP(NOP, Ev), OP(NOP, Ev),
					 OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev),
					 BY_RM(OP(NOP, Ev), OP(NOP, Ev), OP(ENDBR), OP(ENDBR),
					       OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev), OP(NOP, Ev)))),
			   RM(NOP, Ev)),
	[0x1f] = RM(NOP, Ev),

	[0x20] = RMF(MOV_CONTROL, PRIVILEGED, Rn_any_mod, Cn),
	[0x21] = RMF(MOV_DEBUG, PRIVILEGED, Rn_any_mod, Dn),
	[0x22] = RMF(MOV_CONTROL, PRIVILEGED, Cn, Rn_any_mod),
	[0x23] = RMF(MOV_DEBUG, PRIVILEGED, Dn, Rn_any_mod),
	[0x28] = PS_PD,
	[0x29] = BY_PREFIX(SSE(Wx, Vx), SSE(Wx, Vx)),
	[0x2a] = BY_PREFIX(SSE(Vx, Qq), SSE(Vx, Qq), SSE(Vx, Ey), SSE(Vx, Ey)),
	[0x2b] = BY_PREFIX(SSE(Mdq, Vx), SSE(Mdq, Vx), SSE(Md, Vx), SSE(Mq, Vx)),
	[0x2c] = BY_PREFIX(SSE(Pq, Wq), SSE(Pq, Wx), SSE(Gy, Wd), SSE(Gy, Wq)),
	[0x2d] = BY_PREFIX(SSE(Pq, Wq), SSE(Pq, Wx), SSE(Gy, Wd), SSE(Gy, Wq)),
	[0x2e] = BY_PREFIX(SSE(Vx, Wd), SSE(Vx, Wq)),
	[0x2f] = BY_PREFIX(SSE(Vx, Wd), SSE(Vx, Wq)),

	[0x30] = OPF(WRMSR, PRIVILEGED),
	[0x31] = OPF(RDTSC, SENSITIVE),
	[0x32] = OPF(RDMSR, PRIVILEGED),
	[0x33] = OPF(RDPMC, SENSITIVE),
	[0x34] = OPF(SYSENTER, SENSITIVE),
	[0x35] = OPF(SYSEXIT, PRIVILEGED),
	[0x37] = PLAIN(OPF(GETSEC, PRIVILEGED)),
	[0x38] = { .kind = CHOICE_OPCODE, .value = INSN_MAP_0F38, .next = opcodes_0f38 },
	[0x3a] = { .kind = CHOICE_OPCODE, .value = INSN_MAP_0F3A, .next = opcodes_0f3a },

	EIGHT(0x40, RM(CMOVCC, Gv, Ev)),
	EIGHT(0x48, RM(CMOVCC, Gv, Ev)),

	[0x50] = BY_PREFIX(SSE(Gy, Ux), SSE(Gy, Ux)),
	[0x51] = PS_PD_SS_SD,
	[0x52] = PS_SS,
	[0x53] = PS_SS,
	[0x54] = PS_PD,
	[0x55] = PS_PD,
	[0x56] = PS_PD,
	[0x57] = PS_PD,
	[0x58] = PS_PD_SS_SD,
	[0x59] = PS_PD_SS_SD,
	[0x5a] = BY_PREFIX(SSE(Vx, Wq), SSE(Vx, Wx), SSE(Vx, Wd), SSE(Vx, Wq)),
	[0x5b] = BY_PREFIX(SSE(Vx, Wx), SSE(Vx, Wx), SSE(Vx, Wx)),
	[0x5c] = PS_PD_SS_SD,
	[0x5d] = PS_PD_SS_SD,
	[0x5e] = PS_PD_SS_SD,
	[0x5f] = PS_PD_SS_SD,

	[0x60] = MMX_SSE_LOW,
	[0x61] = MMX_SSE_LOW,
	[0x62] = MMX_SSE_LOW,
	[0x63] = MMX_SSE,
	[0x64] = MMX_SSE,
	[0x65] = MMX_SSE,
	[0x66] = MMX_SSE,
	[0x67] = MMX_SSE,
	[0x68] = MMX_SSE,
	[0x69] = MMX_SSE,
	[0x6a] = MMX_SSE,
	[0x6b] = MMX_SSE,
	[0x6c] = SSE_66,
	[0x6d] = SSE_66,
	[0x6e] = BY_PREFIX(MMX(Pq, Ey), SSE(Vx, Ey)),
	[0x6f] = BY_PREFIX(MMX(Pq, Qq), SSE(Vx, Wx), SSE(Vx, Wx)),

	[0x70] = BY_PREFIX(MMX(Pq, Qq, Ib), SSE(Vx, Wx, Ib), SSE(Vx, Wx, Ib), SSE(Vx, Wx, Ib)),
	[0x71] = BY_REG(UNDEFINED, UNDEFINED, SHIFT, UNDEFINED, SHIFT, UNDEFINED, SHIFT),
	[0x72] = BY_REG(UNDEFINED, UNDEFINED, SHIFT, UNDEFINED, SHIFT, UNDEFINED, SHIFT),
	[0x73] = BY_REG(UNDEFINED, UNDEFINED, SHIFT, SHIFT_66, UNDEFINED, UNDEFINED, SHIFT,
			SHIFT_66),
	[0x74] = MMX_SSE,
	[0x75] = MMX_SSE,
	[0x76] = MMX_SSE,
	[0x77] = PLAIN(OP(EMMS)),
	[0x78] = BY_PREFIX(RMF(VMREAD, PRIVILEGED, En, Gn), BY_REG(OP(SSE, Ux, Ib, Ib2)), UNDEFINED,
			   SSE(Vx, Ux, Ib, Ib2)),
	[0x79] = BY_PREFIX(RMF(VMWRITE, PRIVILEGED, Gn, En), SSE(Vx, Ux), UNDEFINED, SSE(Vx, Ux)),
	[0x7c] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), UNDEFINED, SSE(Vx, Wx)),
	[0x7d] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), UNDEFINED, SSE(Vx, Wx)),
	[0x7e] = BY_PREFIX(MMX(Ey, Pq), SSE(Ey, Vx), SSE(Vx, Wq)),
	[0x7f] = BY_PREFIX(MMX(Qq, Pq), SSE(Wx, Vx), SSE(Wx, Vx)),

	EIGHT(0x80, OPF(JCC, BRANCH_64, Jz)),
	EIGHT(0x88, OPF(JCC, BRANCH_64, Jz)),
	EIGHT(0x90, RM(SETCC, Eb)),
	EIGHT(0x98, RM(SETCC, Eb)),

	[0xa0] = OPF(PUSH_SEGMENT, STACK_64, FS),
	[0xa1] = OPF(POP_SEGMENT, STACK_64, FS),
	[0xa2] = OPF(CPUID, SENSITIVE),
	[0xa3] = RM(BT, Ev, Gv),
	[0xa4] = RM(SHLD, Ev, Gv, Ib),
	[0xa5] = RM(SHLD, Ev, Gv, CL),
	[0xa6] = BY_MOD(UNDEFINED, BY_REG(VIA, VIA, VIA)),
	[0xa7] = BY_MOD(UNDEFINED, BY_REG(VIA_STORE, VIA, VIA, VIA, VIA, VIA)),
	[0xa8] = OPF(PUSH_SEGMENT, STACK_64, GS),
	[0xa9] = OPF(POP_SEGMENT, STACK_64, GS),
	[0xaa] = OPF(RSM, PRIVILEGED),
	[0xab] = RM(BTS, Ev, Gv),
	[0xac] = RM(SHRD, Ev, Gv, Ib),
	[0xad] = RM(SHRD, Ev, Gv, CL),
	[0xae] = GROUP(CHOICE_MOD, group_0fae),
	[0xaf] = RM(IMUL, Gv, Ev),

	[0xb0] = RM(CMPXCHG, Eb, Gb),
	[0xb1] = RM(CMPXCHG, Ev, Gv),
	[0xb2] = RMF(LSS, SENSITIVE, Gv, Mp),
	[0xb3] = RM(BTR, Ev, Gv),
	[0xb4] = RM(LFS, Gv, Mp),
	[0xb5] = RM(LGS, Gv, Mp),
	[0xb6] = RM(MOVZX, Gv, Eb),
	[0xb7] = RM(MOVZX, Gv, Ew),
	[0xb8] = BY_REPEAT(UNDEFINED, RM(POPCNT, Gv, Ev)),
	[0xb9] = RM(UD1, Gd, Ed),
	[0xba] = BY_REG(UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED, OP(BT, Ev, Ib), OP(BTS, Ev, Ib),
			OP(BTR, Ev, Ib), OP(BTC, Ev, Ib)),
	[0xbb] = RM(BTC, Ev, Gv),
	[0xbc] = BY_REPEAT(RM(BSF, Gv, Ev), RM(TZCNT, Gv, Ev), RM(BSF, Gv, Ev)),
	[0xbd] = BY_REPEAT(RM(BSR, Gv, Ev), RM(LZCNT, Gv, Ev), RM(BSR, Gv, Ev)),
	[0xbe] = RM(MOVSX, Gv, Eb),
	[0xbf] = RM(MOVSX, Gv, Ew),

	[0xc0] = RM(XADD, Eb, Gb),
	[0xc1] = RM(XADD, Ev, Gv),
	[0xc2] = BY_PREFIX(SSE(Vx, Wx, Ib), SSE(Vx, Wx, Ib), SSE(Vx, Wd, Ib), SSE(Vx, Wq, Ib)),
	[0xc3] = PLAIN(RM(MOVNTI, My, Gy)),
	[0xc4] = BY_PREFIX(MMX(Pq, Ed_w, Ib), SSE(Vx, Ed_w, Ib)),
	[0xc5] = BY_PREFIX(MMX(Gd, Nq, Ib), SSE(Gd, Ux, Ib)),
	[0xc6] = BY_PREFIX(SSE(Vx, Wx, Ib), SSE(Vx, Wx, Ib)),
	[0xc7] = GROUP(CHOICE_MOD, group_0fc7),
	EIGHT(0xc8, OP(BSWAP, Zv)),

	[0xd0] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), UNDEFINED, SSE(Vx, Wx)),
	[0xd1] = MMX_SSE,
	[0xd2] = MMX_SSE,
	[0xd3] = MMX_SSE,
	[0xd4] = MMX_SSE,
	[0xd5] = MMX_SSE,
	[0xd6] = BY_PREFIX(UNDEFINED, SSE(Wq, Vx), SSE(Vx, Nq), SSE(Pq, Ux)),
	[0xd7] = BY_PREFIX(MMX(Gd, Nq), SSE(Gd, Ux)),
	EIGHT(0xd8, MMX_SSE),
	[0xe0] = MMX_SSE,
	[0xe1] = MMX_SSE,
	[0xe2] = MMX_SSE,
	[0xe3] = MMX_SSE,
	[0xe4] = MMX_SSE,
	[0xe5] = MMX_SSE,
	[0xe6] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), SSE(Vx, Wq), SSE(Vx, Wx)),
	[0xe7] = BY_PREFIX(MMX(Mq, Pq), SSE(Mdq, Vx)),
	EIGHT(0xe8, MMX_SSE),
	[0xf0] = BY_PREFIX(UNDEFINED, UNDEFINED, UNDEFINED, SSE(Vx, Mdq)),
	[0xf1] = MMX_SSE,
	[0xf2] = MMX_SSE,
	[0xf3] = MMX_SSE,
	[0xf4] = MMX_SSE,
	[0xf5] = MMX_SSE,
	[0xf6] = MMX_SSE,
	[0xf7] = BY_PREFIX(MMX(Pq, Nq), SSE(Vx, Ux)),
	[0xf8] = MMX_SSE,
	[0xf9] = MMX_SSE,
	[0xfa] = MMX_SSE,
	[0xfb] = MMX_SSE,
	[0xfc] = MMX_SSE,
	[0xfd] = MMX_SSE,
	[0xfe] = MMX_SSE,
	[0xff] = RM(UD0, Gd, Ed),
};
/* clang-format on */
