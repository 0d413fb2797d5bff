package dev.understudy.guest.hart;

/**
 * The operations of pre-decoded instructions, and how one is packed into a long.
 * <pre>
 *   63                    32 31 30 29     24 23 22 21     16 15  14 13       8 7         0
 *  +------------------------+-----+---------+-----+---------+----+--+---------+-----------+
 *  | immediate (signed)     |     |   rs2   |     |   rs1   | L  |  |   rd    | operation |
 *  +------------------------+-----+---------+-----+---------+----+--+---------+-----------+
 * </pre>
 * L is 1 for an instruction of four bytes. A destination of x0 is packed as {@link #SINK}. The numbers are dense, so
 * that a switch over them becomes a jump table.
 */
final class Op
{
    /** Not decoded yet; zero, so that an empty page of code is one of these. */
    static final int UNDECODED = 0;

    static final int ADDI = 1;
    static final int SLTI = 2;
    static final int SLTIU = 3;
    static final int XORI = 4;
    static final int ORI = 5;
    static final int ANDI = 6;
    static final int SLLI = 7;
    static final int SRLI = 8;
    static final int SRAI = 9;
    static final int ADDIW = 10;
    static final int SLLIW = 11;
    static final int SRLIW = 12;
    static final int SRAIW = 13;
    static final int LUI = 14;
    static final int AUIPC = 15;

    static final int ADD = 16;
    static final int SUB = 17;
    static final int SLL = 18;
    static final int SLT = 19;
    static final int SLTU = 20;
    static final int XOR = 21;
    static final int SRL = 22;
    static final int SRA = 23;
    static final int OR = 24;
    static final int AND = 25;
    static final int ADDW = 26;
    static final int SUBW = 27;
    static final int SLLW = 28;
    static final int SRLW = 29;
    static final int SRAW = 30;

    static final int MUL = 31;
    static final int MULH = 32;
    static final int MULHSU = 33;
    static final int MULHU = 34;
    static final int DIV = 35;
    static final int DIVU = 36;
    static final int REM = 37;
    static final int REMU = 38;
    static final int MULW = 39;
    static final int DIVW = 40;
    static final int DIVUW = 41;
    static final int REMW = 42;
    static final int REMUW = 43;

    /** Branches whose target lies in the same page; the immediate is the target's slot. */
    static final int BEQ = 44;
    static final int BNE = 45;
    static final int BLT = 46;
    static final int BGE = 47;
    static final int BLTU = 48;
    static final int BGEU = 49;

    /** A jump within the page; the immediate is the target's slot. */
    static final int JAL = 50;

    static final int JALR = 51;

    static final int LB = 52;
    static final int LH = 53;
    static final int LW = 54;
    static final int LD = 55;
    static final int LBU = 56;
    static final int LHU = 57;
    static final int LWU = 58;
    static final int SB = 59;
    static final int SH = 60;
    static final int SW = 61;
    static final int SD = 62;

    /** {@code fence} and {@code fence.i}: memory and code are always coherent here. */
    static final int FENCE = 63;

    /** The end of the page: not an instruction, leaves to the next page. */
    static final int PAGE_END = 64;

    /** A jump to another page; the immediate is the distance in bytes. */
    static final int JAL_FAR = 65;

    /** From here on: branches to another page, in the order of the near ones; the immediate is the distance. */
    static final int BEQ_FAR = 66;
    static final int BNE_FAR = 67;
    static final int BLT_FAR = 68;
    static final int BGE_FAR = 69;
    static final int BLTU_FAR = 70;
    static final int BGEU_FAR = 71;

    /** An instruction of four bytes of which two lie in the next page: decoded anew each time. */
    static final int ACROSS_PAGES = 72;

    /** The first operation that the engine's main loop leaves to {@link Privileged}. */
    static final int FIRST_RARE = 73;

    /** Atomic operations; the immediate is funct5, the width is in the operation. */
    static final int AMO_W = 73;
    static final int AMO_D = 74;
    static final int LR_W = 75;
    static final int LR_D = 76;
    static final int SC_W = 77;
    static final int SC_D = 78;

    static final int ECALL = 79;
    static final int EBREAK = 80;
    static final int SRET = 81;
    static final int WFI = 82;
    static final int SFENCE_VMA = 83;

    /** CSR instructions; the immediate is the number of the CSR, rs1 a register or an unsigned immediate. */
    static final int CSRRW = 84;
    static final int CSRRS = 85;
    static final int CSRRC = 86;
    static final int CSRRWI = 87;
    static final int CSRRSI = 88;
    static final int CSRRCI = 89;

    /** The immediate is the instruction's bits. */
    static final int ILLEGAL = 90;

    /** Where a result for x0 goes. */
    static final int SINK = 32;

    /** Size of the register file: the 32 registers and {@link #SINK}. */
    static final int REGISTERS = 33;

    private static final int LONG_FLAG = 1 << 15;

    private Op()
    {
    }

    static long pack(final int op, final int rd, final int rs1, final int rs2, final int immediate, final int bytes)
    {
        final int low = op | (rd == 0 ? SINK : rd) << 8 | rs1 << 16 | rs2 << 24 | (bytes == 4 ? LONG_FLAG : 0);
        return (long)immediate << 32 | (low & 0xFFFF_FFFFL);
    }

    static int op(final long packed)
    {
        return (int)packed & 0xFF;
    }

    static int rd(final long packed)
    {
        return ((int)packed >>> 8) & 0x3F;
    }

    static int rs1(final long packed)
    {
        return ((int)packed >>> 16) & 0x3F;
    }

    static int rs2(final long packed)
    {
        return ((int)packed >>> 24) & 0x3F;
    }

    static int immediate(final long packed)
    {
        return (int)(packed >> 32);
    }

    /** Length of the instruction in bytes. */
    static int bytes(final long packed)
    {
        return (packed & LONG_FLAG) != 0 ? 4 : 2;
    }

    /** The same instruction with another operation and immediate. */
    static long with(final long packed, final int op, final int immediate)
    {
        return (long)immediate << 32 | (packed & 0xFFFF_FF00L) | op;
    }
}
