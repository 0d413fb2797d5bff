package dev.understudy.guest.hart;

/**
 * The operations of pre-decoded instructions, and how one is packed into a long.
 * <pre>
 *   63                    32 31 30 29     24 23 22 21     16 15  14 13       8 7         0
 *  +------------------------+-----+---------+-----+---------+----+--+---------+-----------+
 *  | immediate (signed)     |     |   rs2   |     |   rs1   | L  |  |   rd    | operation |
 *  +------------------------+-----+---------+-----+---------+----+--+---------+-----------+
 * </pre>
 * L is 1 for an instruction of four bytes. A destination of x0 is packed as {@link #SINK}; one of f0 is not. The numbers
 * are dense, so that a switch over them becomes a jump table.
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

    /** The first operation of F and D, which {@link FloatingPoint} executes. */
    static final int FIRST_FLOATING = 91;

    /** Loads and stores; the immediate is the distance in bytes. */
    static final int FLW = 91;
    static final int FLD = 92;
    static final int FSW = 93;
    static final int FSD = 94;

    /**
     * The first of the computations: the immediate is what {@link #roundingAndRs3} packs. The operation on binary64
     * follows the one on binary32.
     */
    static final int FIRST_FLOATING_COMPUTATION = 95;

    static final int FMADD_S = 95;
    static final int FMADD_D = 96;
    static final int FMSUB_S = 97;
    static final int FMSUB_D = 98;
    static final int FNMSUB_S = 99;
    static final int FNMSUB_D = 100;
    static final int FNMADD_S = 101;
    static final int FNMADD_D = 102;
    static final int FADD_S = 103;
    static final int FADD_D = 104;
    static final int FSUB_S = 105;
    static final int FSUB_D = 106;
    static final int FMUL_S = 107;
    static final int FMUL_D = 108;
    static final int FDIV_S = 109;
    static final int FDIV_D = 110;
    static final int FSQRT_S = 111;
    static final int FSQRT_D = 112;
    static final int FSGNJ_S = 113;
    static final int FSGNJ_D = 114;
    static final int FSGNJN_S = 115;
    static final int FSGNJN_D = 116;
    static final int FSGNJX_S = 117;
    static final int FSGNJX_D = 118;
    static final int FMIN_S = 119;
    static final int FMIN_D = 120;
    static final int FMAX_S = 121;
    static final int FMAX_D = 122;

    static final int FCVT_S_D = 123;
    static final int FCVT_D_S = 124;
    static final int FCVT_S_W = 125;
    static final int FCVT_D_W = 126;
    static final int FCVT_S_WU = 127;
    static final int FCVT_D_WU = 128;
    static final int FCVT_S_L = 129;
    static final int FCVT_D_L = 130;
    static final int FCVT_S_LU = 131;
    static final int FCVT_D_LU = 132;
    static final int FMV_W_X = 133;
    static final int FMV_D_X = 134;

    /** From here on: computations whose result goes to an integer register. */
    static final int FIRST_TO_INTEGER = 135;

    static final int FCVT_W_S = 135;
    static final int FCVT_W_D = 136;
    static final int FCVT_WU_S = 137;
    static final int FCVT_WU_D = 138;
    static final int FCVT_L_S = 139;
    static final int FCVT_L_D = 140;
    static final int FCVT_LU_S = 141;
    static final int FCVT_LU_D = 142;
    static final int FMV_X_W = 143;
    static final int FMV_X_D = 144;
    static final int FLE_S = 145;
    static final int FLE_D = 146;
    static final int FLT_S = 147;
    static final int FLT_D = 148;
    static final int FEQ_S = 149;
    static final int FEQ_D = 150;
    static final int FCLASS_S = 151;
    static final int FCLASS_D = 152;

    /** Where a result for x0 goes. */
    static final int SINK = 32;

    /** Size of the register file: the 32 registers and {@link #SINK}. */
    static final int REGISTERS = 33;

    /** Size of the floating-point register file. */
    static final int FLOATING_REGISTERS = 32;

    private static final int LONG_FLAG = 1 << 15;

    private Op()
    {
    }

    static long pack(final int op, final int rd, final int rs1, final int rs2, final int immediate, final int bytes)
    {
        return packPlain(op, rd == 0 ? SINK : rd, rs1, rs2, immediate, bytes);
    }

    /** As {@link #pack} for a destination in f0 to f31. */
    static long packFloating(
        final int op, final int rd, final int rs1, final int rs2, final int immediate, final int bytes)
    {
        return packPlain(op, rd, rs1, rs2, immediate, bytes);
    }

    private static long packPlain(
        final int op, final int rd, final int rs1, final int rs2, final int immediate, final int bytes)
    {
        final int low = op | rd << 8 | rs1 << 16 | rs2 << 24 | (bytes == 4 ? LONG_FLAG : 0);
        return (long)immediate << 32 | (low & 0xFFFF_FFFFL);
    }

    /** The immediate of a floating-point computation: its {@code rm} field, and the third operand of the fused ones. */
    static int roundingAndRs3(final int rounding, final int rs3)
    {
        return rounding << 8 | rs3;
    }

    /** The {@code rm} field; {@link dev.understudy.guest.floating.Rounding#RNE} where the instruction has none. */
    static int rounding(final long packed)
    {
        return immediate(packed) >> 8;
    }

    static int rs3(final long packed)
    {
        return immediate(packed) & 0xFF;
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
