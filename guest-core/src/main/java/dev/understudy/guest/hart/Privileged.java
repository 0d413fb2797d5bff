package dev.understudy.guest.hart;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;

/**
 * Executes the instructions that are rare or may trap by nature: atomics, CSRs, and those of the supervisor.
 * <p>
 * On entry the hart's {@code pc} is that of the instruction; on return it is that of the next one to execute, and
 * {@code instret} has counted the instruction unless it trapped. Source: RISC-V unprivileged specification, chapters 9
 * (A) and 11 (Zicsr); privileged specification, section 3.3. Owned by the hart thread.
 */
public final class Privileged
{
    private final Hart hart;
    private final Mmu mmu;
    private final GuestMemory memory;
    private final EnvironmentCalls environment;

    public Privileged(final Hart hart, final Mmu mmu, final GuestMemory memory, final EnvironmentCalls environment)
    {
        this.hart = hart;
        this.mmu = mmu;
        this.memory = memory;
        this.environment = environment;
    }

    /**
     * Executes an instruction.
     *
     * @return false when it may have changed which interrupt is to be taken, when the timer fires, or whether the hart
     *     runs; a trap is none of that, since it disables interrupts
     */
    public boolean execute(final long instruction)
    {
        boolean isSame = true;
        switch (Op.op(instruction))
        {
            case Op.AMO_W -> amoWord(instruction);
            case Op.AMO_D -> amoDouble(instruction);
            case Op.LR_W -> loadReserved(instruction, 4);
            case Op.LR_D -> loadReserved(instruction, 8);
            case Op.SC_W -> storeConditional(instruction, 4);
            case Op.SC_D -> storeConditional(instruction, 8);
            case Op.CSRRW, Op.CSRRS, Op.CSRRC, Op.CSRRWI, Op.CSRRSI, Op.CSRRCI -> isSame = csr(instruction);
            case Op.ECALL -> isSame = environmentCall();
            case Op.EBREAK -> hart.exception(Hart.CAUSE_BREAKPOINT, 0);
            case Op.SRET ->
            {
                if (isSupervisor(instruction))
                {
                    hart.instret++;
                    hart.returnFromTrap();
                    isSame = !hart.isInterruptReady();
                }
            }
            case Op.WFI ->
            {
                if (isSupervisor(instruction))
                {
                    retire(4);
                    hart.await();
                    isSame = false;
                }
            }
            case Op.SFENCE_VMA ->
            {
                if (isSupervisor(instruction))
                {
                    retire(4);
                }
            }
            default -> hart.illegalInstruction(Op.immediate(instruction), Op.bytes(instruction));
        }
        return isSame && hart.state == HartState.RUNNING;
    }

    private void retire(final int bytes)
    {
        hart.pc += bytes;
        hart.instret++;
    }

    private boolean isSupervisor(final long instruction)
    {
        if (hart.isUser())
        {
            hart.illegalInstruction(Op.immediate(instruction), 4);
            return false;
        }
        return true;
    }

    private boolean environmentCall()
    {
        if (hart.isUser())
        {
            hart.exception(Hart.CAUSE_ECALL_FROM_U, 0);
            return true;
        }
        hart.pc += 4;
        hart.reservation.end();
        if (!environment.call(hart))
        {
            hart.pc -= 4;
            return !hasFaulted();
        }
        hart.instret++;
        return false;
    }

    private boolean csr(final long instruction)
    {
        final int op = Op.op(instruction);
        final int number = Op.immediate(instruction);
        final int source = Op.rs1(instruction);
        final boolean isImmediate = op >= Op.CSRRWI;
        final int action = isImmediate ? op - Op.CSRRWI : op - Op.CSRRW;
        final boolean writes = action == 0 || source != 0;
        if (!hart.canReadCsr(number) || (writes && Hart.isReadOnlyCsr(number)))
        {
            final int rd = Op.rd(instruction) == Op.SINK ? 0 : Op.rd(instruction);
            final int funct3 = isImmediate ? action + 5 : action + 1;
            hart.illegalInstruction(number << 20 | source << 15 | funct3 << 12 | rd << 7 | 0x73, 4);
            return true;
        }

        final long operand = isImmediate ? source : hart.x[source];
        final long old = hart.readCsr(number);
        final boolean isSame = !writes || hart.writeCsr(number, switch (action)
        {
            case 0 -> operand;
            case 1 -> old | operand;
            default -> old & ~operand;
        });
        hart.x[Op.rd(instruction)] = old;
        retire(4);
        return isSame;
    }

    private void loadReserved(final long instruction, final int bytes)
    {
        final long physical = mmu.atomic(hart.x[Op.rs1(instruction)], bytes, true);
        if (hasFaulted())
        {
            return;
        }
        final long value = bytes == 4 ? memory.readInt(physical) : memory.readLong(physical);
        hart.reservation.reserve(offset(physical), value);
        hart.x[Op.rd(instruction)] = value;
        retire(4);
    }

    private void storeConditional(final long instruction, final int bytes)
    {
        final long physical = mmu.atomic(hart.x[Op.rs1(instruction)], bytes, false);
        if (hasFaulted())
        {
            return;
        }
        final long present = bytes == 4 ? memory.readInt(physical) : memory.readLong(physical);
        final boolean succeeds = hart.reservation.use(offset(physical), present);
        if (succeeds)
        {
            final long value = hart.x[Op.rs2(instruction)];
            if (bytes == 4)
            {
                memory.storeInt(physical, (int)value);
            }
            else
            {
                memory.storeLong(physical, value);
            }
        }
        hart.x[Op.rd(instruction)] = succeeds ? 0 : 1;
        retire(4);
    }

    private static int offset(final long physical)
    {
        return (int)(physical - GuestMemory.BASE);
    }

    private void amoWord(final long instruction)
    {
        final long physical = mmu.atomic(hart.x[Op.rs1(instruction)], 4, false);
        if (hasFaulted())
        {
            return;
        }
        final int old = memory.readInt(physical);
        final int operand = (int)hart.x[Op.rs2(instruction)];
        memory.storeInt(physical, Arithmetic.atomicWord(Op.immediate(instruction), old, operand));
        hart.x[Op.rd(instruction)] = old;
        retire(4);
    }

    private void amoDouble(final long instruction)
    {
        final long physical = mmu.atomic(hart.x[Op.rs1(instruction)], 8, false);
        if (hasFaulted())
        {
            return;
        }
        final long old = memory.readLong(physical);
        final long operand = hart.x[Op.rs2(instruction)];
        memory.storeLong(physical, Arithmetic.atomicDouble(Op.immediate(instruction), old, operand));
        hart.x[Op.rd(instruction)] = old;
        retire(4);
    }

    private boolean hasFaulted()
    {
        if (mmu.faultCause() == Mmu.NO_FAULT)
        {
            return false;
        }
        hart.exception(mmu.faultCause(), mmu.faultAddress());
        return true;
    }
}
