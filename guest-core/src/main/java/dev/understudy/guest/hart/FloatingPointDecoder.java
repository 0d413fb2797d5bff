package dev.understudy.guest.hart;

import dev.understudy.guest.floating.Rounding;

/**
 * Decodes the instructions of F and D that have four bytes.
 * <p>
 * Rounding modes are not judged here: what {@code frm} holds counts, too. Source: RISC-V unprivileged specification,
 * chapters F and D, and the instruction listings.
 */
final class FloatingPointDecoder
{
    private static final int FORMAT_D = 1;

    private FloatingPointDecoder()
    {
    }

    static long decode(final int bits)
    {
        final int rd = (bits >>> 7) & 31;
        final int rs1 = (bits >>> 15) & 31;
        final int rs2 = (bits >>> 20) & 31;
        final int width = (bits >>> 12) & 7;
        return switch (bits & 0x7F)
        {
            case 0x07 -> width != 2 && width != 3 ? Decoder.illegal(bits) :
                Op.packFloating(Op.FLW + width - 2, rd, rs1, 0, bits >> 20, 4);
            case 0x27 -> width != 2 && width != 3 ? Decoder.illegal(bits) :
                Op.pack(Op.FSW + width - 2, 0, rs1, rs2, (bits >> 25) << 5 | rd, 4);
            case 0x43 -> fused(bits, Op.FMADD_S, rd, rs1, rs2);
            case 0x47 -> fused(bits, Op.FMSUB_S, rd, rs1, rs2);
            case 0x4B -> fused(bits, Op.FNMSUB_S, rd, rs1, rs2);
            case 0x4F -> fused(bits, Op.FNMADD_S, rd, rs1, rs2);
            default -> decodeComputation(bits, rd, rs1, rs2);
        };
    }

    private static long fused(final int bits, final int opOfSingle, final int rd, final int rs1, final int rs2)
    {
        final int format = (bits >>> 25) & 3;
        final int rounding = (bits >>> 12) & 7;
        if (format > FORMAT_D)
        {
            return Decoder.illegal(bits);
        }
        return Op.packFloating(opOfSingle + format, rd, rs1, rs2, Op.roundingAndRs3(rounding, bits >>> 27), 4);
    }

    private static long decodeComputation(final int bits, final int rd, final int rs1, final int rs2)
    {
        final int funct3 = (bits >>> 12) & 7;
        final int format = (bits >>> 25) & 3;
        if (format > FORMAT_D)
        {
            return Decoder.illegal(bits);
        }
        // The lowest number of the pair; funct3 is a rounding mode where it does not choose the operation.
        int op = Op.ILLEGAL;
        boolean rounds = false;
        switch (bits >>> 27)
        {
            case 0x00, 0x01, 0x02, 0x03:
                op = Op.FADD_S + 2 * (bits >>> 27);
                rounds = true;
                break;
            case 0x04:
                op = funct3 < 3 ? Op.FSGNJ_S + 2 * funct3 : Op.ILLEGAL;
                break;
            case 0x05:
                op = funct3 < 2 ? Op.FMIN_S + 2 * funct3 : Op.ILLEGAL;
                break;
            case 0x08:
                // The source's format is in rs2, and is the other one.
                op = rs2 == 1 - format ? Op.FCVT_S_D : Op.ILLEGAL;
                rounds = true;
                break;
            case 0x0B:
                op = rs2 == 0 ? Op.FSQRT_S : Op.ILLEGAL;
                rounds = true;
                break;
            case 0x14:
                op = funct3 < 3 ? Op.FLE_S + 2 * funct3 : Op.ILLEGAL;
                break;
            case 0x18:
                op = rs2 < 4 ? Op.FCVT_W_S + 2 * rs2 : Op.ILLEGAL;
                rounds = true;
                break;
            case 0x1A:
                op = rs2 < 4 ? Op.FCVT_S_W + 2 * rs2 : Op.ILLEGAL;
                rounds = true;
                break;
            case 0x1C:
                op = rs2 != 0 || funct3 > 1 ? Op.ILLEGAL : funct3 == 0 ? Op.FMV_X_W : Op.FCLASS_S;
                break;
            case 0x1E:
                op = rs2 == 0 && funct3 == 0 ? Op.FMV_W_X : Op.ILLEGAL;
                break;
            default:
                break;
        }
        if (op == Op.ILLEGAL)
        {
            return Decoder.illegal(bits);
        }
        final int immediate = Op.roundingAndRs3(rounds ? funct3 : Rounding.RNE, 0);
        return op >= Op.FIRST_TO_INTEGER ?
            Op.pack(op + format, rd, rs1, rs2, immediate, 4) :
            Op.packFloating(op + format, rd, rs1, rs2, immediate, 4);
    }
}
