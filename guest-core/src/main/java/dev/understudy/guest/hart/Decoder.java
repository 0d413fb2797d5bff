package dev.understudy.guest.hart;

/**
 * Decodes instructions of RV64IMAFDC, Zicsr and Zifencei and the privileged ones of S-mode; those of F and D with
 * {@link FloatingPointDecoder}.
 * <p>
 * Every pattern of bits gives an {@link Op}; what no specification of these extensions defines gives
 * {@link Op#ILLEGAL}. Branches and jumps come out in their far form; whoever keeps them knows where they are. Source:
 * RISC-V unprivileged specification, chapters 2 to 16 and 24, privileged specification, chapter 3.3.
 */
public final class Decoder
{
    private Decoder()
    {
    }

    /** Whether the instruction that begins with these 16 bits has four bytes. */
    public static boolean isLong(final int low)
    {
        return (low & 3) == 3;
    }

    /** Decodes an instruction of four bytes. */
    public static long decodeLong(final int bits)
    {
        final int rd = (bits >>> 7) & 31;
        final int rs1 = (bits >>> 15) & 31;
        final int rs2 = (bits >>> 20) & 31;
        final int funct3 = (bits >>> 12) & 7;
        final int funct7 = bits >>> 25;
        final int immediateI = bits >> 20;

        switch (bits & 0x7F)
        {
            case 0x37:
                return Op.pack(Op.LUI, rd, 0, 0, bits & 0xFFFF_F000, 4);

            case 0x17:
                return Op.pack(Op.AUIPC, rd, 0, 0, bits & 0xFFFF_F000, 4);

            case 0x6F:
            {
                final int offset = (bits >> 31) << 20 | (bits & 0xFF000) | (bits >>> 9 & 0x800) | (bits >>> 20 & 0x7FE);
                return Op.pack(Op.JAL_FAR, rd, 0, 0, offset, 4);
            }

            case 0x67:
                return funct3 == 0 ? Op.pack(Op.JALR, rd, rs1, 0, immediateI, 4) : illegal(bits);

            case 0x63:
            {
                final int offset = (bits >> 31) << 12 | (bits << 4 & 0x800) | (bits >>> 20 & 0x7E0) | (bits >>> 7 & 0x1E);
                final int op = switch (funct3)
                {
                    case 0 -> Op.BEQ_FAR;
                    case 1 -> Op.BNE_FAR;
                    case 4 -> Op.BLT_FAR;
                    case 5 -> Op.BGE_FAR;
                    case 6 -> Op.BLTU_FAR;
                    case 7 -> Op.BGEU_FAR;
                    default -> Op.ILLEGAL;
                };
                return op == Op.ILLEGAL ? illegal(bits) : Op.pack(op, 0, rs1, rs2, offset, 4);
            }

            case 0x03:
            {
                final int op = switch (funct3)
                {
                    case 0 -> Op.LB;
                    case 1 -> Op.LH;
                    case 2 -> Op.LW;
                    case 3 -> Op.LD;
                    case 4 -> Op.LBU;
                    case 5 -> Op.LHU;
                    case 6 -> Op.LWU;
                    default -> Op.ILLEGAL;
                };
                return op == Op.ILLEGAL ? illegal(bits) : Op.pack(op, rd, rs1, 0, immediateI, 4);
            }

            case 0x23:
                return funct3 > 3 ? illegal(bits) :
                    Op.pack(Op.SB + funct3, 0, rs1, rs2, (bits >> 25) << 5 | rd, 4);

            case 0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53:
                return FloatingPointDecoder.decode(bits);

            case 0x13:
                return decodeImmediate(bits, funct3, rd, rs1, immediateI);

            case 0x1B:
                return decodeImmediateWord(bits, funct3, rd, rs1, immediateI);

            case 0x33:
            {
                final int op = switch (funct7)
                {
                    case 0 -> switch (funct3)
                    {
                        case 0 -> Op.ADD;
                        case 1 -> Op.SLL;
                        case 2 -> Op.SLT;
                        case 3 -> Op.SLTU;
                        case 4 -> Op.XOR;
                        case 5 -> Op.SRL;
                        case 6 -> Op.OR;
                        default -> Op.AND;
                    };
                    case 1 -> Op.MUL + funct3;
                    case 0x20 -> funct3 == 0 ? Op.SUB : funct3 == 5 ? Op.SRA : Op.ILLEGAL;
                    default -> Op.ILLEGAL;
                };
                return op == Op.ILLEGAL ? illegal(bits) : Op.pack(op, rd, rs1, rs2, 0, 4);
            }

            case 0x3B:
            {
                final int op = switch (funct7)
                {
                    case 0 -> funct3 == 0 ? Op.ADDW : funct3 == 1 ? Op.SLLW : funct3 == 5 ? Op.SRLW : Op.ILLEGAL;
                    case 1 -> funct3 == 0 ? Op.MULW : funct3 >= 4 ? Op.DIVW + funct3 - 4 : Op.ILLEGAL;
                    case 0x20 -> funct3 == 0 ? Op.SUBW : funct3 == 5 ? Op.SRAW : Op.ILLEGAL;
                    default -> Op.ILLEGAL;
                };
                return op == Op.ILLEGAL ? illegal(bits) : Op.pack(op, rd, rs1, rs2, 0, 4);
            }

            case 0x0F:
                return funct3 <= 1 ? Op.pack(Op.FENCE, 0, 0, 0, 0, 4) : illegal(bits);

            case 0x2F:
                return decodeAtomic(bits, funct3, rd, rs1, rs2);

            case 0x73:
                return decodeSystem(bits, funct3, rd, rs1);

            default:
                return illegal(bits);
        }
    }

    /** Decodes an instruction of two bytes. */
    public static long decodeShort(final int bits)
    {
        final int rd = (bits >>> 7) & 31;
        final int rs2 = (bits >>> 2) & 31;
        final int rdShort = 8 + (bits >>> 2 & 7);
        final int rs1Short = 8 + (bits >>> 7 & 7);
        final int signed6 = (bits << 19 >> 31) << 5 | rs2;
        final int shift6 = (bits >>> 7 & 0x20) | rs2;

        switch ((bits & 3) << 3 | bits >>> 13)
        {
            case 0: // C.ADDI4SPN
            {
                final int offset = (bits >>> 7 & 0x30) | (bits >>> 1 & 0x3C0) | (bits >>> 4 & 4) | (bits >>> 2 & 8);
                return offset == 0 ? illegalShort(bits) : Op.pack(Op.ADDI, rdShort, 2, 0, offset, 2);
            }
            case 1: // C.FLD
                return Op.packFloating(Op.FLD, rdShort, rs1Short, 0, doubleOffset(bits), 2);
            case 2: // C.LW
                return Op.pack(Op.LW, rdShort, rs1Short, 0, wordOffset(bits), 2);
            case 3: // C.LD
                return Op.pack(Op.LD, rdShort, rs1Short, 0, doubleOffset(bits), 2);
            case 5: // C.FSD
                return Op.pack(Op.FSD, 0, rs1Short, rdShort, doubleOffset(bits), 2);
            case 6: // C.SW
                return Op.pack(Op.SW, 0, rs1Short, rdShort, wordOffset(bits), 2);
            case 7: // C.SD
                return Op.pack(Op.SD, 0, rs1Short, rdShort, doubleOffset(bits), 2);

            case 8: // C.ADDI, C.NOP
                return Op.pack(Op.ADDI, rd, rd, 0, signed6, 2);
            case 9: // C.ADDIW
                return rd == 0 ? illegalShort(bits) : Op.pack(Op.ADDIW, rd, rd, 0, signed6, 2);
            case 10: // C.LI
                return Op.pack(Op.ADDI, rd, 0, 0, signed6, 2);
            case 11: // C.ADDI16SP, C.LUI
                if (signed6 == 0)
                {
                    return illegalShort(bits);
                }
                if (rd == 2)
                {
                    final int offset = (bits << 19 >> 31) << 9 | (bits >>> 2 & 0x10) | (bits << 1 & 0x40) |
                        (bits << 4 & 0x180) | (bits << 3 & 0x20);
                    return Op.pack(Op.ADDI, 2, 2, 0, offset, 2);
                }
                return Op.pack(Op.LUI, rd, 0, 0, signed6 << 12, 2);
            case 12:
                return decodeShortArithmetic(bits, rs1Short, rdShort, signed6, shift6);
            case 13: // C.J
            {
                final int offset = (bits << 19 >> 31) << 11 | (bits >>> 7 & 0x10) | (bits >>> 1 & 0x300) |
                    (bits << 2 & 0x400) | (bits >>> 1 & 0x40) | (bits << 1 & 0x80) | (bits >>> 2 & 0xE) |
                    (bits << 3 & 0x20);
                return Op.pack(Op.JAL_FAR, 0, 0, 0, offset, 2);
            }
            case 14: // C.BEQZ
                return Op.pack(Op.BEQ_FAR, 0, rs1Short, 0, branchOffset(bits), 2);
            case 15: // C.BNEZ
                return Op.pack(Op.BNE_FAR, 0, rs1Short, 0, branchOffset(bits), 2);

            case 16: // C.SLLI
                return Op.pack(Op.SLLI, rd, rd, 0, shift6, 2);
            case 17: // C.FLDSP
                return Op.packFloating(Op.FLD, rd, 2, 0, doubleLoadOffset(bits), 2);
            case 18: // C.LWSP
                return rd == 0 ? illegalShort(bits) : Op.pack(Op.LW, rd, 2, 0,
                    (bits >>> 7 & 0x20) | (bits >>> 2 & 0x1C) | (bits << 4 & 0xC0), 2);
            case 19: // C.LDSP
                return rd == 0 ? illegalShort(bits) : Op.pack(Op.LD, rd, 2, 0, doubleLoadOffset(bits), 2);
            case 20:
                return decodeShortJump(bits, rd, rs2);
            case 21: // C.FSDSP
                return Op.pack(Op.FSD, 0, 2, rs2, doubleStoreOffset(bits), 2);
            case 22: // C.SWSP
                return Op.pack(Op.SW, 0, 2, rs2, (bits >>> 7 & 0x3C) | (bits >>> 1 & 0xC0), 2);
            case 23: // C.SDSP
                return Op.pack(Op.SD, 0, 2, rs2, doubleStoreOffset(bits), 2);

            default:
                return illegalShort(bits);
        }
    }

    private static long decodeShortArithmetic(
        final int bits, final int rd, final int rs2, final int signed6, final int shift6)
    {
        switch (bits >>> 10 & 3)
        {
            case 0:
                return Op.pack(Op.SRLI, rd, rd, 0, shift6, 2);
            case 1:
                return Op.pack(Op.SRAI, rd, rd, 0, shift6, 2);
            case 2:
                return Op.pack(Op.ANDI, rd, rd, 0, signed6, 2);
            default:
            {
                final int op = switch ((bits >>> 10 & 4) | (bits >>> 5 & 3))
                {
                    case 0 -> Op.SUB;
                    case 1 -> Op.XOR;
                    case 2 -> Op.OR;
                    case 3 -> Op.AND;
                    case 4 -> Op.SUBW;
                    case 5 -> Op.ADDW;
                    default -> Op.ILLEGAL;
                };
                return op == Op.ILLEGAL ? illegalShort(bits) : Op.pack(op, rd, rd, rs2, 0, 2);
            }
        }
    }

    private static long decodeShortJump(final int bits, final int rd, final int rs2)
    {
        final boolean isSecond = (bits & 0x1000) != 0;
        if (rs2 != 0) // C.MV, C.ADD
        {
            return Op.pack(Op.ADD, rd, isSecond ? rd : 0, rs2, 0, 2);
        }
        if (rd == 0)
        {
            return isSecond ? Op.pack(Op.EBREAK, 0, 0, 0, 0, 2) : illegalShort(bits);
        }
        return Op.pack(Op.JALR, isSecond ? 1 : 0, rd, 0, 0, 2); // C.JALR, C.JR
    }

    private static long decodeImmediate(
        final int bits, final int funct3, final int rd, final int rs1, final int immediate)
    {
        final int op = switch (funct3)
        {
            case 0 -> Op.ADDI;
            case 1 -> bits >>> 26 == 0 ? Op.SLLI : Op.ILLEGAL;
            case 2 -> Op.SLTI;
            case 3 -> Op.SLTIU;
            case 4 -> Op.XORI;
            case 5 -> bits >>> 26 == 0 ? Op.SRLI : bits >>> 26 == 0x10 ? Op.SRAI : Op.ILLEGAL;
            case 6 -> Op.ORI;
            default -> Op.ANDI;
        };
        if (op == Op.ILLEGAL)
        {
            return illegal(bits);
        }
        final boolean isShift = funct3 == 1 || funct3 == 5;
        return Op.pack(op, rd, rs1, 0, isShift ? immediate & 63 : immediate, 4);
    }

    private static long decodeImmediateWord(
        final int bits, final int funct3, final int rd, final int rs1, final int immediate)
    {
        final int funct7 = bits >>> 25;
        final int op = switch (funct3)
        {
            case 0 -> Op.ADDIW;
            case 1 -> funct7 == 0 ? Op.SLLIW : Op.ILLEGAL;
            case 5 -> funct7 == 0 ? Op.SRLIW : funct7 == 0x20 ? Op.SRAIW : Op.ILLEGAL;
            default -> Op.ILLEGAL;
        };
        if (op == Op.ILLEGAL)
        {
            return illegal(bits);
        }
        return Op.pack(op, rd, rs1, 0, op == Op.ADDIW ? immediate : immediate & 31, 4);
    }

    private static long decodeAtomic(final int bits, final int funct3, final int rd, final int rs1, final int rs2)
    {
        if (funct3 != 2 && funct3 != 3)
        {
            return illegal(bits);
        }
        final int isDouble = funct3 - 2;
        final int funct5 = bits >>> 27;
        return switch (funct5)
        {
            case 2 -> rs2 == 0 ? Op.pack(Op.LR_W + isDouble, rd, rs1, 0, 0, 4) : illegal(bits);
            case 3 -> Op.pack(Op.SC_W + isDouble, rd, rs1, rs2, 0, 4);
            case 0, 1, 4, 8, 12, 16, 20, 24, 28 -> Op.pack(Op.AMO_W + isDouble, rd, rs1, rs2, funct5, 4);
            default -> illegal(bits);
        };
    }

    private static long decodeSystem(final int bits, final int funct3, final int rd, final int rs1)
    {
        if (funct3 == 0)
        {
            if (bits >>> 25 == 0x09 && rd == 0)
            {
                return system(Op.SFENCE_VMA, bits);
            }
            return switch (bits)
            {
                case 0x0000_0073 -> system(Op.ECALL, bits);
                case 0x0010_0073 -> system(Op.EBREAK, bits);
                case 0x1020_0073 -> system(Op.SRET, bits);
                case 0x1050_0073 -> system(Op.WFI, bits);
                default -> illegal(bits);
            };
        }
        if (funct3 == 4)
        {
            return illegal(bits);
        }
        final int op = funct3 < 4 ? Op.CSRRW + funct3 - 1 : Op.CSRRWI + funct3 - 5;
        return Op.pack(op, rd, rs1, 0, bits >>> 20, 4);
    }

    private static long system(final int op, final int bits)
    {
        return Op.pack(op, 0, 0, 0, bits, 4);
    }

    private static int wordOffset(final int bits)
    {
        return (bits >>> 7 & 0x38) | (bits >>> 4 & 4) | (bits << 1 & 0x40);
    }

    private static int doubleOffset(final int bits)
    {
        return (bits >>> 7 & 0x38) | (bits << 1 & 0xC0);
    }

    /** The offset of C.LDSP and C.FLDSP. */
    private static int doubleLoadOffset(final int bits)
    {
        return (bits >>> 7 & 0x20) | (bits >>> 2 & 0x18) | (bits << 4 & 0x1C0);
    }

    /** The offset of C.SDSP and C.FSDSP. */
    private static int doubleStoreOffset(final int bits)
    {
        return (bits >>> 7 & 0x38) | (bits >>> 1 & 0x1C0);
    }

    private static int branchOffset(final int bits)
    {
        return (bits << 19 >> 31) << 8 | (bits >>> 7 & 0x18) | (bits << 1 & 0xC0) | (bits >>> 2 & 6) |
            (bits << 3 & 0x20);
    }

    static long illegal(final int bits)
    {
        return Op.pack(Op.ILLEGAL, 0, 0, 0, bits, 4);
    }

    private static long illegalShort(final int bits)
    {
        return Op.pack(Op.ILLEGAL, 0, 0, 0, bits, 2);
    }
}
