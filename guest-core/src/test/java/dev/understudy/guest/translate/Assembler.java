package dev.understudy.guest.translate;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Encodes the instructions that tests generate (RISC-V unprivileged specification, RV64GC). */
public final class Assembler
{
    static final int LOAD = 0x03;
    static final int LOAD_FP = 0x07;
    static final int OP_IMM = 0x13;
    static final int AUIPC = 0x17;
    static final int OP_IMM_32 = 0x1B;
    static final int STORE = 0x23;
    static final int STORE_FP = 0x27;
    static final int AMO = 0x2F;
    static final int OP = 0x33;
    static final int LUI = 0x37;
    static final int OP_32 = 0x3B;

    /** And FMSUB, FNMSUB, FNMADD in steps of 4. */
    static final int FMADD = 0x43;
    static final int OP_FP = 0x53;
    static final int SYSTEM = 0x73;

    static final int FFLAGS = 1;
    static final int FRM = 2;
    static final int FCSR = 3;

    private final ByteBuffer code;
    private final long base;

    /**
     * @param code takes the instructions from its position on
     * @param base address of the buffer's first byte
     */
    Assembler(final ByteBuffer code, final long base)
    {
        this.code = code.order(ByteOrder.LITTLE_ENDIAN);
        this.base = base;
    }

    long address()
    {
        return base + code.position();
    }

    void word(final int instruction)
    {
        code.putInt(instruction);
    }

    void half(final int instruction)
    {
        code.putShort((short)instruction);
    }

    void r(final int opcode, final int funct3, final int funct7, final int rd, final int rs1, final int rs2)
    {
        word(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
    }

    void i(final int opcode, final int funct3, final int rd, final int rs1, final int immediate)
    {
        word(immediate << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
    }

    void store(final int funct3, final int rs2, final int rs1, final int immediate)
    {
        store(STORE, funct3, rs2, rs1, immediate);
    }

    private void store(final int opcode, final int funct3, final int rs2, final int rs1, final int immediate)
    {
        word(immediate >> 5 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (immediate & 31) << 7 | opcode);
    }

    /** A fused multiply-add; the format is 0 for binary32 and 1 for binary64. */
    void fused(
        final int opcode, final int format, final int rounding, final int rd, final int rs1, final int rs2, final int rs3)
    {
        r(opcode, rounding, rs3 << 2 | format, rd, rs1, rs2);
    }

    /** flw (2), fld (3). */
    void loadFloating(final int width, final int rd, final int rs1, final int immediate)
    {
        i(LOAD_FP, width, rd, rs1, immediate);
    }

    /** fsw (2), fsd (3). */
    void storeFloating(final int width, final int rs2, final int rs1, final int immediate)
    {
        store(STORE_FP, width, rs2, rs1, immediate);
    }

    /** csrrw (1), csrrs (2), csrrc (3), and with an immediate instead of a register csrrwi (5), csrrsi (6), csrrci (7). */
    void csr(final int funct3, final int rd, final int number, final int source)
    {
        i(SYSTEM, funct3, rd, source, number);
    }

    void u(final int opcode, final int rd, final int immediate20)
    {
        word(immediate20 << 12 | rd << 7 | opcode);
    }

    void addi(final int rd, final int rs1, final int immediate)
    {
        i(OP_IMM, 0, rd, rs1, immediate);
    }

    void ld(final int rd, final int rs1, final int immediate)
    {
        i(LOAD, 3, rd, rs1, immediate);
    }

    void sd(final int rs2, final int rs1, final int immediate)
    {
        store(3, rs2, rs1, immediate);
    }

    static int branch(final int funct3, final int rs1, final int rs2, final int distance)
    {
        return bit(distance, 12) << 31 | bits(distance, 10, 5) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
            bits(distance, 4, 1) << 8 | bit(distance, 11) << 7 | 0x63;
    }

    static int jal(final int rd, final int distance)
    {
        return bit(distance, 20) << 31 | bits(distance, 10, 1) << 21 | bit(distance, 11) << 20 |
            bits(distance, 19, 12) << 12 | rd << 7 | 0x6F;
    }

    void jalr(final int rd, final int rs1, final int immediate)
    {
        i(0x67, 0, rd, rs1, immediate);
    }

    void ecall()
    {
        word(0x73);
    }

    /** Puts an address of up to 31 bits above 2 GiB into a register, in three instructions. */
    void li(final int rd, final long address)
    {
        // lui sign-extends: the two shifts take the upper half away again.
        u(LUI, rd, (int)(address + 0x800 >> 12));
        i(OP_IMM_32, 0, rd, rd, (int)address << 20 >> 20);
        i(OP_IMM, 1, rd, rd, 32);
        i(OP_IMM, 5, rd, rd, 32);
    }

    static int cBranch(final int funct3, final int rs1, final int distance)
    {
        return funct3 << 13 | bit(distance, 8) << 12 | bits(distance, 4, 3) << 10 | (rs1 - 8) << 7 |
            bits(distance, 7, 6) << 5 | bits(distance, 2, 1) << 3 | bit(distance, 5) << 2 | 1;
    }

    static int cJump(final int distance)
    {
        return 5 << 13 | bit(distance, 11) << 12 | bit(distance, 4) << 11 | bits(distance, 9, 8) << 9 |
            bit(distance, 10) << 8 | bit(distance, 6) << 7 | bit(distance, 7) << 6 | bits(distance, 3, 1) << 3 |
            bit(distance, 5) << 2 | 1;
    }

    /** An instruction of format CI: immediate of six bits. */
    void ci(final int funct3, final int quadrant, final int rd, final int immediate)
    {
        half(funct3 << 13 | bit(immediate, 5) << 12 | rd << 7 | (immediate & 31) << 2 | quadrant);
    }

    /** c.addi16sp; the immediate is a multiple of 16, not 0. */
    void cAddi16Sp(final int immediate)
    {
        half(3 << 13 | bit(immediate, 9) << 12 | 2 << 7 | bit(immediate, 4) << 6 | bit(immediate, 6) << 5 |
            bits(immediate, 8, 7) << 3 | bit(immediate, 5) << 2 | 1);
    }

    /** c.addi4spn; the immediate is a multiple of 4 from 4 to 1020. */
    void cAddi4Spn(final int rd, final int immediate)
    {
        half(bits(immediate, 5, 4) << 11 | bits(immediate, 9, 6) << 7 | bit(immediate, 2) << 6 |
            bit(immediate, 3) << 5 | (rd - 8) << 2);
    }

    /** c.srli (0), c.srai (1), c.andi (2). */
    void cb(final int funct2, final int rd, final int immediate)
    {
        half(4 << 13 | bit(immediate, 5) << 12 | funct2 << 10 | (rd - 8) << 7 | (immediate & 31) << 2 | 1);
    }

    /** c.sub, c.xor, c.or, c.and; with {@code isWord} c.subw and c.addw. */
    void ca(final boolean isWord, final int funct2, final int rd, final int rs2)
    {
        half(4 << 13 | (isWord ? 1 : 0) << 12 | 3 << 10 | (rd - 8) << 7 | funct2 << 5 | (rs2 - 8) << 2 | 1);
    }

    /** c.mv (4) and c.add (12), c.jr and c.jalr with {@code rs2} 0. */
    void cr(final int funct4Upper, final int rd, final int rs2)
    {
        half((funct4Upper == 12 ? 9 : 8) << 12 | rd << 7 | rs2 << 2 | 2);
    }

    /** c.fld (1), c.lw (2), c.ld (3), c.fsd (5), c.sw (6), c.sd (7); the offset is a multiple of the width, up to 31 widths. */
    void cMemory(final int funct3, final int data, final int address, final int offset)
    {
        final boolean isDouble = (funct3 & 1) == 1;
        half(funct3 << 13 | bits(offset, 5, 3) << 10 | (address - 8) << 7 |
            (isDouble ? bits(offset, 7, 6) << 5 : bit(offset, 2) << 6 | bit(offset, 6) << 5) | (data - 8) << 2);
    }

    /** c.fldsp (1), c.lwsp (2), c.ldsp (3); the offset is a multiple of the width. */
    void cLoadSp(final int funct3, final int rd, final int offset)
    {
        final int low = funct3 == 2 ? bits(offset, 4, 2) << 4 | bits(offset, 7, 6) << 2 :
            bits(offset, 4, 3) << 5 | bits(offset, 8, 6) << 2;
        half(funct3 << 13 | bit(offset, 5) << 12 | rd << 7 | low | 2);
    }

    /** c.fsdsp (5), c.swsp (6), c.sdsp (7); the offset is a multiple of the width. */
    void cStoreSp(final int funct3, final int rs2, final int offset)
    {
        final int high = funct3 == 6 ? bits(offset, 5, 2) << 9 | bits(offset, 7, 6) << 7 :
            bits(offset, 5, 3) << 10 | bits(offset, 8, 6) << 7;
        half(funct3 << 13 | high | rs2 << 2 | 2);
    }

    private static int bit(final int value, final int number)
    {
        return value >> number & 1;
    }

    private static int bits(final int value, final int high, final int low)
    {
        return value >> low & (1 << high - low + 1) - 1;
    }
}
