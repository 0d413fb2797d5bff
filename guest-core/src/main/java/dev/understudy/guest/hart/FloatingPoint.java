package dev.understudy.guest.hart;

import dev.understudy.guest.floating.Rounding;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.Derived;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Executes the instructions of F and D on the hart's registers.
 * <p>
 * A binary32 number in a register is boxed: the high half is all ones. One that is not reads as the canonical NaN,
 * except where only bits are moved (FSW, FMV.X.W). Source: RISC-V unprivileged specification, chapters F and D (NaN
 * boxing); privileged specification, section 3.1.6 (FS). Owned by the hart thread.
 */
@Derived("the code in memory")
public final class FloatingPoint
{
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;

    private final Hart hart;
    private final Mmu mmu;
    private final GuestMemory memory;
    private final byte[] ram;
    private final FloatingOperations operations;

    public FloatingPoint(
        final Hart hart, final Mmu mmu, final GuestMemory memory, final FloatingOperations operations)
    {
        this.hart = hart;
        this.mmu = mmu;
        this.memory = memory;
        ram = memory.array();
        this.operations = operations;
    }

    /**
     * Executes an instruction if that is possible without a trap and without the slow path to memory; moves neither
     * {@code pc} nor {@code instret}.
     *
     * @return whether it was executed; if not, nothing has changed and {@link #executeSlowly} has to do it
     */
    public boolean execute(final long instruction)
    {
        if (hart.isFloatingPointOff())
        {
            return false;
        }
        final int op = Op.op(instruction);
        return switch (op)
        {
            case Op.FLW -> loadSingle(instruction);
            case Op.FLD -> loadDouble(instruction);
            case Op.FSW -> storeSingle(instruction);
            case Op.FSD -> storeDouble(instruction);
            default -> compute(instruction, op);
        };
    }

    /**
     * Executes an instruction that {@link #execute} would not: a load or store on the slow path, or one that is illegal
     * now. On entry the hart's {@code pc} is that of the instruction; on return it is that of the next one to execute,
     * and {@code instret} has counted the instruction unless it trapped.
     */
    public void executeSlowly(final long instruction)
    {
        final int op = Op.op(instruction);
        if (hart.isFloatingPointOff() || op >= Op.FIRST_FLOATING_COMPUTATION)
        {
            hart.illegalInstruction(bitsAtPc(Op.bytes(instruction)), Op.bytes(instruction));
            return;
        }
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int bytes = op == Op.FLW || op == Op.FSW ? 4 : 8;
        if (op == Op.FLW || op == Op.FLD)
        {
            final long value = mmu.load(address, bytes);
            if (mmu.faultCause() == Mmu.NO_FAULT)
            {
                hart.f[Op.rd(instruction)] = op == Op.FLW ? FloatingOperations.box(value) : value;
                hart.floatingPointWritten();
            }
        }
        else
        {
            mmu.store(address, bytes, hart.f[Op.rs2(instruction)]);
        }
        if (mmu.faultCause() != Mmu.NO_FAULT)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return;
        }
        hart.pc += Op.bytes(instruction);
        hart.instret++;
    }

    /** The bits of the instruction that is being executed, so its pages are there. */
    private int bitsAtPc(final int bytes)
    {
        final int low = halfword(hart.pc);
        return bytes == 2 ? low : halfword(hart.pc + 2) << 16 | low;
    }

    private int halfword(final long address)
    {
        final long page = GuestMemory.BASE + ((long)mmu.fetchPage(address) << GuestMemory.PAGE_SHIFT);
        return memory.readShort(page | (address & ~PAGE_MASK));
    }

    private boolean loadSingle(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.loadTags()[index] != (address + 3 & PAGE_MASK))
        {
            return false;
        }
        final int place = (int)address + mmu.loadAddends()[index];
        hart.f[Op.rd(instruction)] = FloatingOperations.box((int)INT.get(ram, place));
        hart.floatingPointWritten();
        return true;
    }

    private boolean loadDouble(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.loadTags()[index] != (address + 7 & PAGE_MASK))
        {
            return false;
        }
        final int place = (int)address + mmu.loadAddends()[index];
        hart.f[Op.rd(instruction)] = (long)LONG.get(ram, place);
        hart.floatingPointWritten();
        return true;
    }

    private boolean storeSingle(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.storeTags()[index] != (address + 3 & PAGE_MASK))
        {
            return false;
        }
        final int place = (int)address + mmu.storeAddends()[index];
        INT.set(ram, place, (int)hart.f[Op.rs2(instruction)]);
        return true;
    }

    private boolean storeDouble(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.storeTags()[index] != (address + 7 & PAGE_MASK))
        {
            return false;
        }
        final int place = (int)address + mmu.storeAddends()[index];
        LONG.set(ram, place, hart.f[Op.rs2(instruction)]);
        return true;
    }

    private boolean compute(final long instruction, final int op)
    {
        final int rounding = Op.rounding(instruction);
        final int mode = rounding == Rounding.DYN ? hart.frm : rounding;
        if (!Rounding.isMode(mode))
        {
            // Reserved, in the instruction or in frm: illegal, even for a conversion that never rounds.
            return false;
        }
        if (op < Op.FIRST_TO_INTEGER)
        {
            hart.f[Op.rd(instruction)] = toFloating(instruction, op, mode);
            hart.floatingPointWritten();
        }
        else
        {
            final int before = hart.fflags.value();
            hart.x[Op.rd(instruction)] = toInteger(instruction, op, mode);
            if (hart.fflags.value() != before)
            {
                hart.floatingPointWritten();
            }
        }
        return true;
    }

    private long toFloating(final long i, final int op, final int mode)
    {
        final long[] f = hart.f;
        if (op <= Op.FNMADD_D)
        {
            return operations.fused(op, f[Op.rs1(i)], f[Op.rs2(i)], f[Op.rs3(i)], mode);
        }
        if (op <= Op.FSQRT_D)
        {
            return operations.arithmetic(op, f[Op.rs1(i)], f[Op.rs2(i)], mode);
        }
        if (op <= Op.FMAX_D)
        {
            return operations.select(op, f[Op.rs1(i)], f[Op.rs2(i)]);
        }
        return operations.convert(op, op <= Op.FCVT_D_S ? f[Op.rs1(i)] : hart.x[Op.rs1(i)], mode);
    }

    private long toInteger(final long i, final int op, final int mode)
    {
        final long[] f = hart.f;
        return op <= Op.FMV_X_D ? operations.toInteger(op, f[Op.rs1(i)], mode) :
            operations.compare(op, f[Op.rs1(i)], f[Op.rs2(i)]);
    }
}
