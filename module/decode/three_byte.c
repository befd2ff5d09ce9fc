// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 0F 38 and 0F 3A opcode maps. Read by decode.c only. Pure.
 *
 * Every row but MOVBE and CRC32 exists only under the mandatory prefixes that
 * it lists; those two take 66 as their operand size.
 */
#include "decode/table.h"

/* clang-format off */
#define SSE(...) RM(SSE, __VA_ARGS__)
#define MMX_SSE BY_PREFIX(RM(MMX, Pq, Qq), SSE(Vx, Wx))
#define PLAIN(...) BY_PREFIX(SSE(__VA_ARGS__))
#define ONLY_66(...) BY_PREFIX(UNDEFINED, SSE(__VA_ARGS__))
#define ONLY_F3(row) BY_PREFIX(UNDEFINED, UNDEFINED, row)

const struct opcode_row opcodes_0f38[256] = {
	[0x00] = MMX_SSE,
	[0x01] = MMX_SSE,
	[0x02] = MMX_SSE,
	[0x03] = MMX_SSE,
	[0x04] = MMX_SSE,
	[0x05] = MMX_SSE,
	[0x06] = MMX_SSE,
	[0x07] = MMX_SSE,
	[0x08] = MMX_SSE,
	[0x09] = MMX_SSE,
	[0x0a] = MMX_SSE,
	[0x0b] = MMX_SSE,
	[0x10] = ONLY_66(Vx, Wx),
	[0x14] = ONLY_66(Vx, Wx),
	[0x15] = ONLY_66(Vx, Wx),
	[0x17] = ONLY_66(Vx, Wx),
	[0x1c] = MMX_SSE,
	[0x1d] = MMX_SSE,
	[0x1e] = MMX_SSE,
	[0x20] = ONLY_66(Vx, Wq),
	[0x21] = ONLY_66(Vx, Wd),
	[0x22] = ONLY_66(Vx, Ww),
	[0x23] = ONLY_66(Vx, Wq),
	[0x24] = ONLY_66(Vx, Wd),
	[0x25] = ONLY_66(Vx, Wq),
	[0x28] = ONLY_66(Vx, Wx),
	[0x29] = ONLY_66(Vx, Wx),
	[0x2a] = ONLY_66(Vx, Mdq),
	[0x2b] = ONLY_66(Vx, Wx),
	[0x30] = ONLY_66(Vx, Wq),
	[0x31] = ONLY_66(Vx, Wd),
	[0x32] = ONLY_66(Vx, Ww),
	[0x33] = ONLY_66(Vx, Wq),
	[0x34] = ONLY_66(Vx, Wd),
	[0x35] = ONLY_66(Vx, Wq),
	[0x37] = ONLY_66(Vx, Wx),
	[0x38] = ONLY_66(Vx, Wx),
	[0x39] = ONLY_66(Vx, Wx),
	[0x3a] = ONLY_66(Vx, Wx),
	[0x3b] = ONLY_66(Vx, Wx),
	[0x3c] = ONLY_66(Vx, Wx),
	[0x3d] = ONLY_66(Vx, Wx),
	[0x3e] = ONLY_66(Vx, Wx),
	[0x3f] = ONLY_66(Vx, Wx),
	[0x40] = ONLY_66(Vx, Wx),
	[0x41] = ONLY_66(Vx, Wx),

	[0x80] = BY_PREFIX(UNDEFINED, RMF(INVEPT, PRIVILEGED, Gn, Mdq)),
	[0x81] = BY_PREFIX(UNDEFINED, RMF(INVVPID, PRIVILEGED, Gn, Mdq)),
	[0x82] = BY_PREFIX(UNDEFINED, RMF(INVPCID, PRIVILEGED, Gn, Mdq)),

	[0xc8] = PLAIN(Vx, Wx),
	[0xc9] = PLAIN(Vx, Wx),
	[0xca] = PLAIN(Vx, Wx),
	[0xcb] = PLAIN(Vx, Wx),
	[0xcc] = PLAIN(Vx, Wx),
	[0xcd] = PLAIN(Vx, Wx),
	[0xcf] = ONLY_66(Vx, Wx),
	/* Key Locker; the handle is 48 or 64 bytes. LOADIWKEY is of ring 0. */
	[0xd8] = ONLY_F3(BY_MOD(BY_REG(OP(SSE, M), OP(SSE, M), OP(SSE, M), OP(SSE, M)))),
	[0xdb] = ONLY_66(Vx, Wx),
	[0xdc] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), BY_MOD(OP(SSE, Vx, M), OPF(SSE, PRIVILEGED, Vx, Ux))),
	[0xdd] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), SSE(Vx, M)),
	[0xde] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), SSE(Vx, M)),
	[0xdf] = BY_PREFIX(UNDEFINED, SSE(Vx, Wx), SSE(Vx, M)),

	[0xf0] = BY_REPEAT(RM(MOVBE, Gv, Mv), UNDEFINED, RM(CRC32, Gy, Eb)),
	[0xf1] = BY_REPEAT(RM(MOVBE, Mv, Gv), UNDEFINED, RM(CRC32, Gy, Ev)),
	[0xf5] = BY_PREFIX(UNDEFINED, RMF(WRUSS, PRIVILEGED, My, Gy)),
	[0xf6] = BY_PREFIX(RM(WRSS, My, Gy), RM(ADCX, Gy, Ey), RM(ADOX, Gy, Ey)),
	[0xf8] = BY_PREFIX(UNDEFINED, RM(MOVDIR64B, Ga, Mline),
			   RMF(ENQCMDS, PRIVILEGED, Ga, Mline), RM(ENQCMD, Ga, Mline)),
	[0xf9] = BY_PREFIX(RM(MOVDIRI, My, Gy)),
	[0xfa] = ONLY_F3(SSE(Gd, Rd)),
	[0xfb] = ONLY_F3(SSE(Gd, Rd)),
};

const struct opcode_row opcodes_0f3a[256] = {
	[0x08] = ONLY_66(Vx, Wx, Ib),
	[0x09] = ONLY_66(Vx, Wx, Ib),
	[0x0a] = ONLY_66(Vx, Wd, Ib),
	[0x0b] = ONLY_66(Vx, Wq, Ib),
	[0x0c] = ONLY_66(Vx, Wx, Ib),
	[0x0d] = ONLY_66(Vx, Wx, Ib),
	[0x0e] = ONLY_66(Vx, Wx, Ib),
	[0x0f] = BY_PREFIX(RM(MMX, Pq, Qq, Ib), SSE(Vx, Wx, Ib)),
	[0x14] = ONLY_66(Ed_b, Vx, Ib),
	[0x15] = ONLY_66(Ed_w, Vx, Ib),
	[0x16] = ONLY_66(Ey, Vx, Ib),
	[0x17] = ONLY_66(Ed, Vx, Ib),
	[0x20] = ONLY_66(Vx, Ed_b, Ib),
	[0x21] = ONLY_66(Vx, Wd, Ib),
	[0x22] = ONLY_66(Vx, Ey, Ib),
	[0x40] = ONLY_66(Vx, Wx, Ib),
	[0x41] = ONLY_66(Vx, Wx, Ib),
	[0x42] = ONLY_66(Vx, Wx, Ib),
	[0x44] = ONLY_66(Vx, Wx, Ib),
	[0x60] = ONLY_66(Vx, Wx, Ib),
	[0x61] = ONLY_66(Vx, Wx, Ib),
	[0x62] = ONLY_66(Vx, Wx, Ib),
	[0x63] = ONLY_66(Vx, Wx, Ib),
	[0xcc] = PLAIN(Vx, Wx, Ib),
	[0xce] = ONLY_66(Vx, Wx, Ib),
	[0xcf] = ONLY_66(Vx, Wx, Ib),
	[0xdf] = ONLY_66(Vx, Wx, Ib),
	[0xf0] = ONLY_F3(BY_MOD(UNDEFINED, BY_REG(BY_RM(OPF(HRESET, PRIVILEGED, Ib))))),
};
/* clang-format on */
