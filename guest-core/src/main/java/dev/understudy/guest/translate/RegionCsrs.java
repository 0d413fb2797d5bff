package dev.understudy.guest.translate;

import static dev.understudy.guest.translate.RegionFrame.ADDRESS;
import static dev.understudy.guest.translate.RegionFrame.HART;
import static dev.understudy.guest.translate.RegionFrame.I;
import static dev.understudy.guest.translate.RegionFrame.J;
import static dev.understudy.guest.translate.RegionFrame.SELF;
import static dev.understudy.guest.translate.RegionFrame.Z;

import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.Mmu;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.MethodTypeDesc;

/**
 * The bytecode of the CSR instructions that regions execute themselves: those of S-mode that cannot trap and change
 * neither translation nor the interrupt that is to be taken. Whether a write of {@code sstatus} is one of them is known
 * only when it is executed.
 */
final class RegionCsrs
{
    private final RegionFrame frame;
    private final CodeBuilder to;

    RegionCsrs(final RegionFrame frame)
    {
        this.frame = frame;
        to = frame.to;
    }

    /**
     * Whether regions of a context execute an instruction.
     *
     * @param context {@link Mmu#context()}
     */
    static boolean isTranslated(final long instruction, final int context)
    {
        return isCsr(instruction) && context != Mmu.USER_CONTEXT && switch (Op.immediate(instruction))
        {
            case Hart.CSR_SSTATUS, Hart.CSR_SSCRATCH, Hart.CSR_SEPC, Hart.CSR_SCAUSE, Hart.CSR_STVAL -> true;
            case Hart.CSR_SIE, Hart.CSR_STVEC, Hart.CSR_SATP -> !isWrite(instruction);
            default -> false;
        };
    }

    static boolean isCsr(final long instruction)
    {
        return Op.op(instruction) >= Op.CSRRW && Op.op(instruction) <= Op.CSRRCI;
    }

    /** Whether the operand is a number, and not a register. */
    static boolean isImmediate(final long instruction)
    {
        return Op.op(instruction) >= Op.CSRRWI;
    }

    /** What a CSR instruction does: 0 writes, 1 sets, 2 clears bits. */
    static int action(final long instruction)
    {
        return Op.op(instruction) - (isImmediate(instruction) ? Op.CSRRWI : Op.CSRRW);
    }

    static boolean isWrite(final long instruction)
    {
        return action(instruction) == 0 || Op.rs1(instruction) != 0;
    }

    /** An instruction that {@link #isTranslated}; the region is left before it when it changes too much. */
    void execute(final long instruction, final int offset, final int executed)
    {
        final int number = Op.immediate(instruction);
        to.getstatic(SELF, "hart", HART).loadConstant(number)
            .invokevirtual(HART, "readCsr", MethodTypeDesc.of(J, I)).lstore(ADDRESS);
        if (isWrite(instruction))
        {
            to.getstatic(SELF, "hart", HART);
            if (number == Hart.CSR_SSTATUS)
            {
                final Label refused = to.newLabel();
                newValue(instruction);
                to.invokevirtual(HART, "writeStatus", MethodTypeDesc.of(Z, J)).ifeq(refused);
                frame.later(() ->
                {
                    to.labelBinding(refused);
                    frame.leaveTo(ExitCause.PRIVILEGED, instruction, offset, executed);
                });
            }
            else
            {
                to.loadConstant(number);
                newValue(instruction);
                to.invokevirtual(HART, "writeCsr", MethodTypeDesc.of(Z, I, J)).pop();
            }
        }
        to.lload(ADDRESS);
        frame.keep(Op.rd(instruction));
    }

    /** Pushes what a CSR instruction writes, whose old value is in {@link RegionFrame#ADDRESS}. */
    private void newValue(final long instruction)
    {
        if (isImmediate(instruction))
        {
            to.loadConstant((long)Op.rs1(instruction));
        }
        else
        {
            frame.x(Op.rs1(instruction));
        }
        switch (action(instruction))
        {
            case 0 ->
            {
            }
            case 1 -> to.lload(ADDRESS).lor();
            default -> to.loadConstant(-1L).lxor().lload(ADDRESS).land();
        }
    }
}
