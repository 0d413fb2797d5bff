package dev.understudy.guest.hart;

/**
 * The integer operations, with the results that the specification gives where Java would throw.
 * <p>
 * Source: RISC-V unprivileged specification, chapters 2, 5 and 8 (M; division by zero and overflow in table 8.1).
 */
public final class Arithmetic
{
    private Arithmetic()
    {
    }

    public static long mulhsu(final long a, final long b)
    {
        return Math.multiplyHigh(a, b) + (b < 0 ? a : 0);
    }

    public static long div(final long a, final long b)
    {
        return b == 0 ? -1 : a / b;
    }

    public static long divu(final long a, final long b)
    {
        return b == 0 ? -1 : Long.divideUnsigned(a, b);
    }

    public static long rem(final long a, final long b)
    {
        return b == 0 ? a : a % b;
    }

    public static long remu(final long a, final long b)
    {
        return b == 0 ? a : Long.remainderUnsigned(a, b);
    }

    public static long divw(final int a, final int b)
    {
        return b == 0 ? -1 : a / b;
    }

    public static long divuw(final int a, final int b)
    {
        return b == 0 ? -1 : Integer.divideUnsigned(a, b);
    }

    public static long remw(final int a, final int b)
    {
        return b == 0 ? a : a % b;
    }

    public static long remuw(final int a, final int b)
    {
        return b == 0 ? a : Integer.remainderUnsigned(a, b);
    }

    /** What an atomic operation of 4 bytes stores; {@code funct5} is one that the specification knows. */
    public static int atomicWord(final int funct5, final int old, final int operand)
    {
        return switch (funct5)
        {
            case 0 -> old + operand;
            case 1 -> operand;
            case 4 -> old ^ operand;
            case 8 -> old | operand;
            case 12 -> old & operand;
            case 16 -> Math.min(old, operand);
            case 20 -> Math.max(old, operand);
            case 24 -> Integer.compareUnsigned(old, operand) <= 0 ? old : operand;
            default -> Integer.compareUnsigned(old, operand) >= 0 ? old : operand;
        };
    }

    /** As {@link #atomicWord}, of 8 bytes. */
    public static long atomicDouble(final int funct5, final long old, final long operand)
    {
        return switch (funct5)
        {
            case 0 -> old + operand;
            case 1 -> operand;
            case 4 -> old ^ operand;
            case 8 -> old | operand;
            case 12 -> old & operand;
            case 16 -> Math.min(old, operand);
            case 20 -> Math.max(old, operand);
            case 24 -> Long.compareUnsigned(old, operand) <= 0 ? old : operand;
            default -> Long.compareUnsigned(old, operand) >= 0 ? old : operand;
        };
    }

    /** The result of an instruction that does nothing but compute on registers and its immediate. */
    public static long compute(final long instruction, final long[] x)
    {
        final long a = x[Op.rs1(instruction)];
        final long b = x[Op.rs2(instruction)];
        final long immediate = Op.immediate(instruction);
        return switch (Op.op(instruction))
        {
            case Op.ADDI -> a + immediate;
            case Op.SLTI -> a < immediate ? 1 : 0;
            case Op.SLTIU -> Long.compareUnsigned(a, immediate) < 0 ? 1 : 0;
            case Op.XORI -> a ^ immediate;
            case Op.ORI -> a | immediate;
            case Op.ANDI -> a & immediate;
            case Op.SLLI -> a << immediate;
            case Op.SRLI -> a >>> immediate;
            case Op.SRAI -> a >> immediate;
            case Op.ADDIW -> (int)(a + immediate);
            case Op.SLLIW -> (int)a << immediate;
            case Op.SRLIW -> (int)a >>> immediate;
            case Op.SRAIW -> (int)a >> immediate;
            case Op.LUI -> immediate;
            case Op.ADD -> a + b;
            case Op.SUB -> a - b;
            case Op.SLL -> a << b;
            case Op.SLT -> a < b ? 1 : 0;
            case Op.SLTU -> Long.compareUnsigned(a, b) < 0 ? 1 : 0;
            case Op.XOR -> a ^ b;
            case Op.SRL -> a >>> b;
            case Op.SRA -> a >> b;
            case Op.OR -> a | b;
            case Op.AND -> a & b;
            case Op.ADDW -> (int)(a + b);
            case Op.SUBW -> (int)(a - b);
            case Op.SLLW -> (int)a << b;
            case Op.SRLW -> (int)a >>> b;
            case Op.SRAW -> (int)a >> b;
            case Op.MUL -> a * b;
            case Op.MULH -> Math.multiplyHigh(a, b);
            case Op.MULHSU -> mulhsu(a, b);
            case Op.MULHU -> Math.unsignedMultiplyHigh(a, b);
            case Op.DIV -> div(a, b);
            case Op.DIVU -> divu(a, b);
            case Op.REM -> rem(a, b);
            case Op.REMU -> remu(a, b);
            case Op.MULW -> (int)(a * b);
            case Op.DIVW -> divw((int)a, (int)b);
            case Op.DIVUW -> divuw((int)a, (int)b);
            case Op.REMW -> remw((int)a, (int)b);
            case Op.REMUW -> remuw((int)a, (int)b);
            default -> throw new IllegalArgumentException("operation " + Op.op(instruction));
        };
    }
}
