package dev.understudy.guest.translate;

import dev.understudy.guest.hart.Arithmetic;
import dev.understudy.guest.hart.Decoder;
import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.FloatingPoint;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.hart.Privileged;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Executes pre-decoded instructions one by one.
 * <p>
 * The main loop stays within a page of code and keeps the hart's {@code pc} and {@code instret} in locals; they are
 * written back before anything that can look at them or trap. Owned by the hart thread.
 */
public final class Interpreter extends HartEngine
{
    private static final VarHandle SHORT =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int SLOT_MASK = DecodedCode.SLOTS - 1;
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;

    private final Mmu mmu;
    private final GuestMemory memory;
    private final DecodedCode code;
    private final Privileged privileged;
    private final FloatingPoint floatingPoint;

    public Interpreter(
        final Hart hart, final Mmu mmu, final GuestMemory memory, final EnvironmentCalls environment)
    {
        this(hart, mmu, memory, environment,
            new DecodedCode(memory, (offset, length) -> {}), new FloatingOperations(hart.fflags));
    }

    /** What executes the instructions that are rare. */
    Privileged privileged()
    {
        return privileged;
    }

    /** Of an engine that wants to know of writes to the decoded code as well. */
    Interpreter(
        final Hart hart,
        final Mmu mmu,
        final GuestMemory memory,
        final EnvironmentCalls environment,
        final DecodedCode code,
        final FloatingOperations operations)
    {
        super(hart);
        this.mmu = mmu;
        this.memory = memory;
        this.code = code;
        privileged = new Privileged(hart, mmu, memory, environment);
        floatingPoint = new FloatingPoint(hart, mmu, memory, operations);
    }

    @Override
    public TranslationStatistics statistics()
    {
        return TranslationStatistics.NONE;
    }

    @Override
    public void end()
    {
        code.end();
    }

    /**
     * Executes instructions of the page that the hart's {@code pc} is in, until control leaves it, an instruction needs
     * the slow path in a way that may change what comes next, or the limit is reached.
     */
    @Override
    boolean advance(final long limit)
    {
        final int page = mmu.fetchPage(hart.pc);
        if (page < 0)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return false;
        }
        final Hart hart = this.hart;
        final long[] x = hart.x;
        final byte[] ram = memory.array();
        final long[] loadTags = mmu.loadTags();
        final int[] loadAddends = mmu.loadAddends();
        final long[] storeTags = mmu.storeTags();
        final int[] storeAddends = mmu.storeAddends();
        final long[] slots = code.page(page);
        final long pageAddress = hart.pc & PAGE_MASK;
        int slot = (int)hart.pc >>> 1 & SLOT_MASK;
        long position = hart.instret;

        while (position < limit)
        {
            final long instruction = slots[slot];
            final int low = (int)instruction;
            int next = slot + 1 + (low >>> 15 & 1);
            switch (low & 0xFF)
            {
                case Op.UNDECODED:
                    code.decode(page, slot);
                    continue;

                case Op.ADDI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] + (instruction >> 32);
                    break;
                case Op.SLTI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] < (instruction >> 32) ? 1 : 0;
                    break;
                case Op.SLTIU:
                    x[low >>> 8 & 63] = Long.compareUnsigned(x[low >>> 16 & 63], instruction >> 32) < 0 ? 1 : 0;
                    break;
                case Op.XORI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] ^ (instruction >> 32);
                    break;
                case Op.ORI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] | (instruction >> 32);
                    break;
                case Op.ANDI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] & (instruction >> 32);
                    break;
                case Op.SLLI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] << (instruction >> 32);
                    break;
                case Op.SRLI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] >>> (instruction >> 32);
                    break;
                case Op.SRAI:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] >> (instruction >> 32);
                    break;
                case Op.ADDIW:
                    x[low >>> 8 & 63] = (int)(x[low >>> 16 & 63] + (instruction >> 32));
                    break;
                case Op.SLLIW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] << (int)(instruction >> 32);
                    break;
                case Op.SRLIW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] >>> (instruction >> 32);
                    break;
                case Op.SRAIW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] >> (instruction >> 32);
                    break;
                case Op.LUI:
                    x[low >>> 8 & 63] = instruction >> 32;
                    break;
                case Op.AUIPC:
                    x[low >>> 8 & 63] = pageAddress + 2L * slot + (instruction >> 32);
                    break;

                case Op.ADD:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] + x[low >>> 24 & 63];
                    break;
                case Op.SUB:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] - x[low >>> 24 & 63];
                    break;
                case Op.SLL:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] << x[low >>> 24 & 63];
                    break;
                case Op.SLT:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] < x[low >>> 24 & 63] ? 1 : 0;
                    break;
                case Op.SLTU:
                    x[low >>> 8 & 63] = Long.compareUnsigned(x[low >>> 16 & 63], x[low >>> 24 & 63]) < 0 ? 1 : 0;
                    break;
                case Op.XOR:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] ^ x[low >>> 24 & 63];
                    break;
                case Op.SRL:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] >>> x[low >>> 24 & 63];
                    break;
                case Op.SRA:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] >> x[low >>> 24 & 63];
                    break;
                case Op.OR:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] | x[low >>> 24 & 63];
                    break;
                case Op.AND:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] & x[low >>> 24 & 63];
                    break;
                case Op.ADDW:
                    x[low >>> 8 & 63] = (int)(x[low >>> 16 & 63] + x[low >>> 24 & 63]);
                    break;
                case Op.SUBW:
                    x[low >>> 8 & 63] = (int)(x[low >>> 16 & 63] - x[low >>> 24 & 63]);
                    break;
                case Op.SLLW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] << x[low >>> 24 & 63];
                    break;
                case Op.SRLW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] >>> x[low >>> 24 & 63];
                    break;
                case Op.SRAW:
                    x[low >>> 8 & 63] = (int)x[low >>> 16 & 63] >> x[low >>> 24 & 63];
                    break;

                case Op.MUL:
                    x[low >>> 8 & 63] = x[low >>> 16 & 63] * x[low >>> 24 & 63];
                    break;
                case Op.MULW:
                    x[low >>> 8 & 63] = (int)(x[low >>> 16 & 63] * x[low >>> 24 & 63]);
                    break;
                case Op.MULH:
                    x[low >>> 8 & 63] = Math.multiplyHigh(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.MULHSU:
                    x[low >>> 8 & 63] = Arithmetic.mulhsu(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.MULHU:
                    x[low >>> 8 & 63] = Math.unsignedMultiplyHigh(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.DIV:
                    x[low >>> 8 & 63] = Arithmetic.div(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.DIVU:
                    x[low >>> 8 & 63] = Arithmetic.divu(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.REM:
                    x[low >>> 8 & 63] = Arithmetic.rem(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.REMU:
                    x[low >>> 8 & 63] = Arithmetic.remu(x[low >>> 16 & 63], x[low >>> 24 & 63]);
                    break;
                case Op.DIVW:
                    x[low >>> 8 & 63] = Arithmetic.divw((int)x[low >>> 16 & 63], (int)x[low >>> 24 & 63]);
                    break;
                case Op.DIVUW:
                    x[low >>> 8 & 63] = Arithmetic.divuw((int)x[low >>> 16 & 63], (int)x[low >>> 24 & 63]);
                    break;
                case Op.REMW:
                    x[low >>> 8 & 63] = Arithmetic.remw((int)x[low >>> 16 & 63], (int)x[low >>> 24 & 63]);
                    break;
                case Op.REMUW:
                    x[low >>> 8 & 63] = Arithmetic.remuw((int)x[low >>> 16 & 63], (int)x[low >>> 24 & 63]);
                    break;

                case Op.BEQ:
                    if (x[low >>> 16 & 63] == x[low >>> 24 & 63])
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.BNE:
                    if (x[low >>> 16 & 63] != x[low >>> 24 & 63])
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.BLT:
                    if (x[low >>> 16 & 63] < x[low >>> 24 & 63])
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.BGE:
                    if (x[low >>> 16 & 63] >= x[low >>> 24 & 63])
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.BLTU:
                    if (Long.compareUnsigned(x[low >>> 16 & 63], x[low >>> 24 & 63]) < 0)
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.BGEU:
                    if (Long.compareUnsigned(x[low >>> 16 & 63], x[low >>> 24 & 63]) >= 0)
                    {
                        next = (int)(instruction >> 32);
                    }
                    break;
                case Op.JAL:
                    x[low >>> 8 & 63] = pageAddress + 2L * next;
                    next = (int)(instruction >> 32);
                    break;
                case Op.JALR:
                {
                    final long target = x[low >>> 16 & 63] + (instruction >> 32) & ~1L;
                    x[low >>> 8 & 63] = pageAddress + 2L * next;
                    if ((target & PAGE_MASK) != pageAddress)
                    {
                        hart.pc = target;
                        hart.instret = position + 1;
                        return true;
                    }
                    next = (int)target >>> 1 & SLOT_MASK;
                    break;
                }

                case Op.LB:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = ram[(int)address + loadAddends[index]];
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LBU:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = ram[(int)address + loadAddends[index]] & 0xFFL;
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LH:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address + 1 & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = (short)SHORT.get(ram, (int)address + loadAddends[index]);
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LHU:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address + 1 & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = (short)SHORT.get(ram, (int)address + loadAddends[index]) & 0xFFFFL;
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LW:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address + 3 & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = (int)INT.get(ram, (int)address + loadAddends[index]);
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LWU:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address + 3 & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = (int)INT.get(ram, (int)address + loadAddends[index]) & 0xFFFF_FFFFL;
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.LD:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (loadTags[index] == (address + 7 & PAGE_MASK))
                    {
                        x[low >>> 8 & 63] = (long)LONG.get(ram, (int)address + loadAddends[index]);
                        break;
                    }
                    if (load(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }

                case Op.SB:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (storeTags[index] == (address & PAGE_MASK))
                    {
                        ram[(int)address + storeAddends[index]] = (byte)x[low >>> 24 & 63];
                        break;
                    }
                    if (store(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.SH:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (storeTags[index] == (address + 1 & PAGE_MASK))
                    {
                        SHORT.set(ram, (int)address + storeAddends[index], (short)x[low >>> 24 & 63]);
                        break;
                    }
                    if (store(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.SW:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (storeTags[index] == (address + 3 & PAGE_MASK))
                    {
                        INT.set(ram, (int)address + storeAddends[index], (int)x[low >>> 24 & 63]);
                        break;
                    }
                    if (store(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }
                case Op.SD:
                {
                    final long address = x[low >>> 16 & 63] + (instruction >> 32);
                    final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
                    if (storeTags[index] == (address + 7 & PAGE_MASK))
                    {
                        LONG.set(ram, (int)address + storeAddends[index], x[low >>> 24 & 63]);
                        break;
                    }
                    if (store(address, instruction, pageAddress + 2L * slot, position))
                    {
                        return false;
                    }
                    break;
                }

                case Op.FENCE:
                    break;

                case Op.PAGE_END:
                    hart.pc = pageAddress + GuestMemory.PAGE_BYTES;
                    hart.instret = position;
                    return true;

                default:
                    if ((low & 0xFF) >= Op.FIRST_FLOATING && floatingPoint.execute(instruction))
                    {
                        break;
                    }
                    hart.pc = pageAddress + 2L * slot;
                    hart.instret = position;
                    return leave(instruction);
            }
            position++;
            slot = next;
        }
        hart.pc = pageAddress + 2L * slot;
        hart.instret = position;
        return true;
    }

    /**
     * Loads on the slow path.
     *
     * @return whether the main loop must be left: after a trap, or a device that may have raised an interrupt
     */
    private boolean load(final long address, final long instruction, final long pc, final long position)
    {
        hart.pc = pc;
        hart.instret = position;
        final int op = Op.op(instruction);
        final long value = mmu.load(address, switch (op)
        {
            case Op.LB, Op.LBU -> 1;
            case Op.LH, Op.LHU -> 2;
            case Op.LW, Op.LWU -> 4;
            default -> 8;
        });
        if (mmu.faultCause() != Mmu.NO_FAULT)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return true;
        }
        hart.x[Op.rd(instruction)] = switch (op)
        {
            case Op.LB -> (byte)value;
            case Op.LH -> (short)value;
            case Op.LW -> (int)value;
            default -> value;
        };
        if (mmu.takeDeviceAccessed())
        {
            retire(instruction);
            return true;
        }
        return false;
    }

    /**
     * Stores on the slow path.
     *
     * @return true: the main loop must be left, since the store may have trapped, reached a device, or changed the
     *     code or the tables that the loop stands on
     */
    private boolean store(final long address, final long instruction, final long pc, final long position)
    {
        hart.pc = pc;
        hart.instret = position;
        mmu.store(address, 1 << (Op.op(instruction) - Op.SB), hart.x[Op.rs2(instruction)]);
        if (mmu.faultCause() != Mmu.NO_FAULT)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
        }
        else
        {
            retire(instruction);
        }
        return true;
    }

    /**
     * Executes an instruction that may leave the page; the hart's {@code pc} and {@code instret} are its own.
     *
     * @return as {@link #advance}
     */
    private boolean leave(final long instruction)
    {
        final int op = Op.op(instruction);
        if (op >= Op.FIRST_FLOATING)
        {
            if (floatingPoint.execute(instruction))
            {
                retire(instruction);
                return true;
            }
            floatingPoint.executeSlowly(instruction);
            return false;
        }
        if (op >= Op.FIRST_RARE)
        {
            return privileged.execute(instruction);
        }
        if (op == Op.ACROSS_PAGES)
        {
            executeAcrossPages(Op.immediate(instruction));
            return false;
        }
        if (op == Op.JAL_FAR)
        {
            hart.x[Op.rd(instruction)] = hart.pc + Op.bytes(instruction);
            hart.pc += Op.immediate(instruction);
        }
        else
        {
            hart.pc += isTaken(instruction) ? Op.immediate(instruction) : Op.bytes(instruction);
        }
        hart.instret++;
        return true;
    }

    private boolean isTaken(final long branch)
    {
        final long left = hart.x[Op.rs1(branch)];
        final long right = hart.x[Op.rs2(branch)];
        return switch (Op.op(branch))
        {
            case Op.BEQ_FAR -> left == right;
            case Op.BNE_FAR -> left != right;
            case Op.BLT_FAR -> left < right;
            case Op.BGE_FAR -> left >= right;
            case Op.BLTU_FAR -> Long.compareUnsigned(left, right) < 0;
            default -> Long.compareUnsigned(left, right) >= 0;
        };
    }

    private void executeAcrossPages(final int low)
    {
        final int nextPage = mmu.fetchPage(hart.pc + 2);
        if (nextPage < 0)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return;
        }
        final int high = memory.readShort(GuestMemory.BASE + ((long)nextPage << GuestMemory.PAGE_SHIFT));
        executeOne(Decoder.decodeLong(high << 16 | low));
    }

    /** Executes one instruction that no page of decoded code holds, on a page of its own. */
    private void executeOne(final long instruction)
    {
        final int op = Op.op(instruction);
        if (op >= Op.JAL_FAR)
        {
            leave(instruction);
            return;
        }
        switch (op)
        {
            case Op.JALR ->
            {
                final long target = hart.x[Op.rs1(instruction)] + Op.immediate(instruction) & ~1L;
                hart.x[Op.rd(instruction)] = hart.pc + 4;
                hart.pc = target;
                hart.instret++;
            }
            case Op.AUIPC ->
            {
                hart.x[Op.rd(instruction)] = hart.pc + Op.immediate(instruction);
                retire(instruction);
            }
            case Op.LB, Op.LH, Op.LW, Op.LD, Op.LBU, Op.LHU, Op.LWU ->
            {
                final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
                if (!load(address, instruction, hart.pc, hart.instret))
                {
                    retire(instruction);
                }
            }
            case Op.SB, Op.SH, Op.SW, Op.SD ->
                store(hart.x[Op.rs1(instruction)] + Op.immediate(instruction), instruction, hart.pc, hart.instret);
            case Op.FENCE -> retire(instruction);
            default ->
            {
                hart.x[Op.rd(instruction)] = Arithmetic.compute(instruction, hart.x);
                retire(instruction);
            }
        }
    }

    private void retire(final long instruction)
    {
        hart.pc += Op.bytes(instruction);
        hart.instret++;
    }
}
