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
public final class Op
{
    /** Not decoded yet; zero, so that an empty page of code is one of these. */
    public static final int UNDECODED = 0;

    public static final int ADDI = 1;
    public static final int SLTI = 2;
    public static final int SLTIU = 3;
    public static final int XORI = 4;
    public static final int ORI = 5;
    public static final int ANDI = 6;
    public static final int SLLI = 7;
    public static final int SRLI = 8;
    public static final int SRAI = 9;
    public static final int ADDIW = 10;
    public static final int SLLIW = 11;
    public static final int SRLIW = 12;
    public static final int SRAIW = 13;
    public static final int LUI = 14;
    public static final int AUIPC = 15;

    public static final int ADD = 16;
    public static final int SUB = 17;
    public static final int SLL = 18;
    public static final int SLT = 19;
    public static final int SLTU = 20;
    public static final int XOR = 21;
    public static final int SRL = 22;
    public static final int SRA = 23;
    public static final int OR = 24;
    public static final int AND = 25;
    public static final int ADDW = 26;
    public static final int SUBW = 27;
    public static final int SLLW = 28;
    public static final int SRLW = 29;
    public static final int SRAW = 30;

    public static final int MUL = 31;
    public static final int MULH = 32;
    public static final int MULHSU = 33;
    public static final int MULHU = 34;
    public static final int DIV = 35;
    public static final int DIVU = 36;
    public static final int REM = 37;
    public static final int REMU = 38;
    public static final int MULW = 39;
    public static final int DIVW = 40;
    public static final int DIVUW = 41;
    public static final int REMW = 42;
    public static final int REMUW = 43;

    /** Branches whose target lies in the same page; the immediate is the target's slot. */
    public static final int BEQ = 44;
    public static final int BNE = 45;
    public static final int BLT = 46;
    public static final int BGE = 47;
    public static final int BLTU = 48;
    public static final int BGEU = 49;

    /** A jump within the page; the immediate is the target's slot. */
    public static final int JAL = 50;

    public static final int JALR = 51;

    public static final int LB = 52;
    public static final int LH = 53;
    public static final int LW = 54;
    public static final int LD = 55;
    public static final int LBU = 56;
    public static final int LHU = 57;
    public static final int LWU = 58;
    public static final int SB = 59;
    public static final int SH = 60;
    public static final int SW = 61;
    public static final int SD = 62;

    /** {@code fence} and {@code fence.i}: memory and code are always coherent here. */
    public static final int FENCE = 63;

    /** The end of the page: not an instruction, leaves to the next page. */
    public static final int PAGE_END = 64;

    /** A jump to another page; the immediate is the distance in bytes. */
    public static final int JAL_FAR = 65;

    /** From here on: branches to another page, in the order of the near ones; the immediate is the distance. */
    public static final int BEQ_FAR = 66;
    public static final int BNE_FAR = 67;
    public static final int BLT_FAR = 68;
    public static final int BGE_FAR = 69;
    public static final int BLTU_FAR = 70;
    public static final int BGEU_FAR = 71;

    /** An instruction of four bytes of which two lie in the next page: decoded anew each time. */
    public static final int ACROSS_PAGES = 72;

    /** The first operation that the engine's main loop leaves to {@link Privileged}. */
    public static final int FIRST_RARE = 73;

    /** Atomic operations; the immediate is funct5, the width is in the operation. */
    public static final int AMO_W = 73;
    public static final int AMO_D = 74;
    public static final int LR_W = 75;
    public static final int LR_D = 76;
    public static final int SC_W = 77;
    public static final int SC_D = 78;

    public static final int ECALL = 79;
    public static final int EBREAK = 80;
    public static final int SRET = 81;
    public static final int WFI = 82;
    public static final int SFENCE_VMA = 83;

    /** CSR instructions; the immediate is the number of the CSR, rs1 a register or an unsigned immediate. */
    public static final int CSRRW = 84;
    public static final int CSRRS = 85;
    public static final int CSRRC = 86;
    public static final int CSRRWI = 87;
    public static final int CSRRSI = 88;
    public static final int CSRRCI = 89;

    /** The immediate is the instruction's bits. */
    public static final int ILLEGAL = 90;

    /** The first operation of F and D, which {@link FloatingPoint} executes. */
    public static final int FIRST_FLOATING = 91;

    /** Loads and stores; the immediate is the distance in bytes. */
    public static final int FLW = 91;
    public static final int FLD = 92;
    public static final int FSW = 93;
    public static final int FSD = 94;

    /**
     * The first of the computations: the immediate is what {@link #roundingAndRs3} packs. The operation on binary64
     * follows the one on binary32.
     */
    public static final int FIRST_FLOATING_COMPUTATION = 95;

    public static final int FMADD_S = 95;
    public static final int FMADD_D = 96;
    public static final int FMSUB_S = 97;
    public static final int FMSUB_D = 98;
    public static final int FNMSUB_S = 99;
    public static final int FNMSUB_D = 100;
    public static final int FNMADD_S = 101;
    public static final int FNMADD_D = 102;
    public static final int FADD_S = 103;
    public static final int FADD_D = 104;
    public static final int FSUB_S = 105;
    public static final int FSUB_D = 106;
    public static final int FMUL_S = 107;
    public static final int FMUL_D = 108;
    public static final int FDIV_S = 109;
    public static final int FDIV_D = 110;
    public static final int FSQRT_S = 111;
    public static final int FSQRT_D = 112;
    public static final int FSGNJ_S = 113;
    public static final int FSGNJ_D = 114;
    public static final int FSGNJN_S = 115;
    public static final int FSGNJN_D = 116;
    public static final int FSGNJX_S = 117;
    public static final int FSGNJX_D = 118;
    public static final int FMIN_S = 119;
    public static final int FMIN_D = 120;
    public static final int FMAX_S = 121;
    public static final int FMAX_D = 122;

    public static final int FCVT_S_D = 123;
    public static final int FCVT_D_S = 124;
    public static final int FCVT_S_W = 125;
    public static final int FCVT_D_W = 126;
    public static final int FCVT_S_WU = 127;
    public static final int FCVT_D_WU = 128;
    public static final int FCVT_S_L = 129;
    public static final int FCVT_D_L = 130;
    public static final int FCVT_S_LU = 131;
    public static final int FCVT_D_LU = 132;
    public static final int FMV_W_X = 133;
    public static final int FMV_D_X = 134;

    /** From here on: computations whose result goes to an integer register. */
    public static final int FIRST_TO_INTEGER = 135;

    public static final int FCVT_W_S = 135;
    public static final int FCVT_W_D = 136;
    public static final int FCVT_WU_S = 137;
    public static final int FCVT_WU_D = 138;
    public static final int FCVT_L_S = 139;
    public static final int FCVT_L_D = 140;
    public static final int FCVT_LU_S = 141;
    public static final int FCVT_LU_D = 142;
    public static final int FMV_X_W = 143;
    public static final int FMV_X_D = 144;
    public static final int FLE_S = 145;
    public static final int FLE_D = 146;
    public static final int FLT_S = 147;
    public static final int FLT_D = 148;
    public static final int FEQ_S = 149;
    public static final int FEQ_D = 150;
    public static final int FCLASS_S = 151;
    public static final int FCLASS_D = 152;

    /** Where a result for x0 goes. */
    public static final int SINK = 32;

    /** Size of the register file: the 32 registers and {@link #SINK}. */
    public static final int REGISTERS = 33;

    /** Size of the floating-point register file. */
    public static final int FLOATING_REGISTERS = 32;

    private static final int LONG_FLAG = 1 << 15;

    private Op()
    {
    }

    public static long pack(final int op, final int rd, final int rs1, final int rs2, final int immediate, final int bytes)
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
    public static int rounding(final long packed)
    {
        return immediate(packed) >> 8;
    }

    public static int rs3(final long packed)
    {
        return immediate(packed) & 0xFF;
    }

    public static int op(final long packed)
    {
        return (int)packed & 0xFF;
    }

    public static int rd(final long packed)
    {
        return ((int)packed >>> 8) & 0x3F;
    }

    public static int rs1(final long packed)
    {
        return ((int)packed >>> 16) & 0x3F;
    }

    public static int rs2(final long packed)
    {
        return ((int)packed >>> 24) & 0x3F;
    }

    public static int immediate(final long packed)
    {
        return (int)(packed >> 32);
    }

    /** Length of the instruction in bytes. */
    public static int bytes(final long packed)
    {
        return (packed & LONG_FLAG) != 0 ? 4 : 2;
    }

    /** The same instruction with another operation and immediate. */
    public static long with(final long packed, final int op, final int immediate)
    {
        return (long)immediate << 32 | (packed & 0xFFFF_FF00L) | op;
    }
}
