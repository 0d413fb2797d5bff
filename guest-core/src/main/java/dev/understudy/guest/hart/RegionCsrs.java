package dev.understudy.guest.hart;

import dev.understudy.guest.memory.Mmu;

/**
 * Says which CSR instructions regions execute themselves: those of S-mode that cannot trap and change neither translation
 * nor the interrupt that is to be taken. Such a write of {@code sstatus} is known only when it is executed.
 */
final class RegionCsrs
{
    private RegionCsrs()
    {
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
}
