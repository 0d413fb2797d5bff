package dev.understudy.guest.translate;

import static dev.understudy.guest.translate.RegionFrame.COMPARE;
import static dev.understudy.guest.translate.RegionFrame.I;
import static dev.understudy.guest.translate.RegionFrame.INDEX;
import static dev.understudy.guest.translate.RegionFrame.J;
import static dev.understudy.guest.translate.RegionFrame.LONG;

import dev.understudy.guest.hart.Arithmetic;
import dev.understudy.guest.hart.Op;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** The bytecode of integer computations. */
final class RegionIntegers
{
    private static final ClassDesc ARITHMETIC = RegionFrame.descriptor(Arithmetic.class);
    private static final ClassDesc MATH = RegionFrame.descriptor(Math.class);
    private static final MethodTypeDesc BINARY = MethodTypeDesc.of(J, J, J);
    private static final MethodTypeDesc BINARY_WORD = MethodTypeDesc.of(J, I, I);

    private final RegionFrame frame;
    private final CodeBuilder to;

    RegionIntegers(final RegionFrame frame)
    {
        this.frame = frame;
        to = frame.to;
    }

    /** Pushes what an integer computation gives. */
    void compute(final long instruction, final int op, final int offset)
    {
        final int immediate = Op.immediate(instruction);
        if (op == Op.LUI)
        {
            to.loadConstant((long)immediate);
            return;
        }
        if (op == Op.AUIPC)
        {
            frame.virtual(offset);
            to.loadConstant((long)immediate).ladd();
            return;
        }
        frame.x(Op.rs1(instruction));
        if (op < Op.LUI)
        {
            withImmediate(op, immediate);
            return;
        }
        if (op >= Op.DIVW && op <= Op.REMUW)
        {
            to.l2i();
            frame.x(Op.rs2(instruction));
            to.l2i().invokestatic(ARITHMETIC, switch (op)
            {
                case Op.DIVW -> "divw";
                case Op.DIVUW -> "divuw";
                case Op.REMW -> "remw";
                default -> "remuw";
            }, BINARY_WORD);
            return;
        }
        frame.x(Op.rs2(instruction));
        withRegister(op);
    }

    private void withImmediate(final int op, final int immediate)
    {
        switch (op)
        {
            case Op.ADDI ->
            {
                if (immediate != 0)
                {
                    to.loadConstant((long)immediate).ladd();
                }
            }
            case Op.SLTI -> bit(to.loadConstant((long)immediate).lcmp(), Opcode.IFLT);
            case Op.SLTIU ->
                bit(to.loadConstant((long)immediate).invokestatic(LONG, "compareUnsigned", COMPARE), Opcode.IFLT);
            case Op.XORI -> to.loadConstant((long)immediate).lxor();
            case Op.ORI -> to.loadConstant((long)immediate).lor();
            case Op.ANDI -> to.loadConstant((long)immediate).land();
            case Op.SLLI -> to.loadConstant(immediate).lshl();
            case Op.SRLI -> to.loadConstant(immediate).lushr();
            case Op.SRAI -> to.loadConstant(immediate).lshr();
            case Op.ADDIW -> to.l2i().loadConstant(immediate).iadd().i2l();
            case Op.SLLIW -> to.l2i().loadConstant(immediate).ishl().i2l();
            case Op.SRLIW -> to.l2i().loadConstant(immediate).iushr().i2l();
            default -> to.l2i().loadConstant(immediate).ishr().i2l();
        }
    }

    private void withRegister(final int op)
    {
        switch (op)
        {
            case Op.ADD -> to.ladd();
            case Op.SUB -> to.lsub();
            case Op.SLL -> to.l2i().lshl();
            case Op.SLT -> bit(to.lcmp(), Opcode.IFLT);
            case Op.SLTU -> bit(to.invokestatic(LONG, "compareUnsigned", COMPARE), Opcode.IFLT);
            case Op.XOR -> to.lxor();
            case Op.SRL -> to.l2i().lushr();
            case Op.SRA -> to.l2i().lshr();
            case Op.OR -> to.lor();
            case Op.AND -> to.land();
            case Op.ADDW -> to.ladd().l2i().i2l();
            case Op.SUBW -> to.lsub().l2i().i2l();
            case Op.SLLW -> shiftWord(Opcode.ISHL);
            case Op.SRLW -> shiftWord(Opcode.IUSHR);
            case Op.SRAW -> shiftWord(Opcode.ISHR);
            case Op.MUL -> to.lmul();
            case Op.MULW -> to.lmul().l2i().i2l();
            case Op.MULH -> to.invokestatic(MATH, "multiplyHigh", BINARY);
            case Op.MULHSU -> to.invokestatic(ARITHMETIC, "mulhsu", BINARY);
            case Op.MULHU -> to.invokestatic(MATH, "unsignedMultiplyHigh", BINARY);
            case Op.DIV -> to.invokestatic(ARITHMETIC, "div", BINARY);
            case Op.DIVU -> to.invokestatic(ARITHMETIC, "divu", BINARY);
            case Op.REM -> to.invokestatic(ARITHMETIC, "rem", BINARY);
            case Op.REMU -> to.invokestatic(ARITHMETIC, "remu", BINARY);
            default -> throw new IllegalArgumentException("operation " + op);
        }
    }

    /** Shifts the low half of the first by the low bits of the second of two values on the stack. */
    private void shiftWord(final Opcode opcode)
    {
        to.l2i().istore(INDEX).l2i().iload(INDEX);
        to.with(OperatorInstruction.of(opcode));
        to.i2l();
    }

    /** Turns what a comparison gave into 1 or 0. */
    private void bit(final CodeBuilder compared, final Opcode condition)
    {
        compared.ifThenElse(condition, CodeBuilder::lconst_1, CodeBuilder::lconst_0);
    }
}
