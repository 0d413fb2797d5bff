package dev.understudy.guest.translate;

import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * What all bytecode of a region's method stands on: where registers and temporary values are, and the ways out.
 * <p>
 * Guest registers are Java locals: loaded at the beginning, written back at the common end that all exits go through.
 */
final class RegionFrame
{
    static final ClassDesc SELF = ClassDesc.of("dev.understudy.guest.translate.TranslatedRegion");
    static final ClassDesc HART = descriptor(Hart.class);
    static final ClassDesc MMU = descriptor(Mmu.class);
    static final ClassDesc OPERATIONS = descriptor(FloatingOperations.class);
    static final ClassDesc UNSAFE = ClassDesc.of("jdk.internal.misc.Unsafe");
    static final ClassDesc LONG = descriptor(Long.class);
    static final ClassDesc J = ConstantDescs.CD_long;
    static final ClassDesc I = ConstantDescs.CD_int;
    static final ClassDesc Z = ConstantDescs.CD_boolean;
    static final ClassDesc LONGS = J.arrayType();
    static final ClassDesc INTS = I.arrayType();
    static final ClassDesc EXITS = descriptor(RegionExit[].class);
    static final ClassDesc BYTES = ConstantDescs.CD_byte.arrayType();
    static final MethodTypeDesc COMPARE = MethodTypeDesc.of(I, J, J);

    /** The parameters and temporary values of a region's method, before the registers. */
    static final int BUDGET = 1;
    static final int BASE = 2;
    static final int ADDRESS = 4;
    static final int INDEX = 6;
    private static final int EXIT = 7;
    private static final int FIRST_REGISTER = 8;

    /** Registers are numbered through: x0 to x31, the sink, then f0 to f31. */
    private static final int F = Op.REGISTERS;
    private static final int ALL_REGISTERS = Op.REGISTERS + Op.FLOATING_REGISTERS;

    final RegionPlan plan;
    final CodeBuilder to;
    private final List<RegionExit> exits = new ArrayList<>();
    private final int[] local = new int[ALL_REGISTERS];
    private final boolean[] isWritten = new boolean[ALL_REGISTERS];
    private final List<Runnable> outOfLine = new ArrayList<>();
    private final Label end;

    RegionFrame(final RegionPlan plan, final CodeBuilder to)
    {
        this.plan = plan;
        this.to = to;
        end = to.newLabel();
        allocate();
    }

    /** Begins the method: with the registers in their locals. */
    void begin()
    {
        final Label begin = to.newLabel();
        to.iload(BUDGET).ifge(begin).aconst_null().areturn().labelBinding(begin);
        for (int register = 1; register < ALL_REGISTERS; register++)
        {
            if (local[register] != 0)
            {
                element(register);
                to.laload().lstore(local[register]);
            }
        }
    }

    /** Ends the method: with what is out of line, and the end of all ways out, where registers are written back. */
    void end()
    {
        while (!outOfLine.isEmpty())
        {
            final List<Runnable> parts = List.copyOf(outOfLine);
            outOfLine.clear();
            parts.forEach(Runnable::run);
        }
        to.labelBinding(end);
        for (int register = 1; register < ALL_REGISTERS; register++)
        {
            if (isWritten[register])
            {
                element(register);
                to.lload(local[register]).lastore();
            }
        }
        to.getstatic(SELF, "hart", HART).iload(BUDGET).putfield(HART, "budgetLeft", I)
            .getstatic(SELF, "exits", EXITS).iload(EXIT).aaload().areturn();
    }

    /** Has code that is rarely executed made behind all other. */
    void later(final Runnable part)
    {
        outOfLine.add(part);
    }

    List<RegionExit> exits()
    {
        return exits;
    }

    /** Gives each register in use a local. */
    private void allocate()
    {
        int next = FIRST_REGISTER;
        for (final RegionPlan.Block block : plan.blocks())
        {
            for (final long instruction : block.instructions())
            {
                final int op = Op.op(instruction);
                final boolean isFloating = op >= Op.FIRST_FLOATING;
                final boolean isComputation = op >= Op.FIRST_FLOATING_COMPUTATION;
                final int fromF = isComputation && !readsInteger(op) ? F : 0;
                if (RegionPlanner.isPrivileged(instruction, plan.context()))
                {
                    continue;
                }
                final boolean hasNumber = RegionCsrs.isCsr(instruction) && RegionCsrs.isImmediate(instruction);
                final int[] registers = {
                    hasNumber ? 0 : fromF + Op.rs1(instruction),
                    (isFloating ? F : 0) + Op.rs2(instruction),
                    isComputation && op <= Op.FNMADD_D ? F + Op.rs3(instruction) : 0,
                    destination(instruction)};
                for (final int register : registers)
                {
                    if (register != 0 && register != Op.SINK && local[register] == 0)
                    {
                        local[register] = next;
                        next += 2;
                    }
                }
                isWritten[destination(instruction)] = destination(instruction) != Op.SINK;
            }
        }
    }

    static boolean readsInteger(final int op)
    {
        return op >= Op.FCVT_S_W && op <= Op.FMV_D_X;
    }

    /** The register that an instruction writes; {@link Op#SINK} if it writes none. */
    static int destination(final long instruction)
    {
        final int op = Op.op(instruction);
        if (op == Op.FSW || op == Op.FSD || op == Op.FENCE || RegionPlanner.isBranch(op) || (op >= Op.SB && op <= Op.SD))
        {
            return Op.SINK;
        }
        final boolean isFloating = op >= Op.FIRST_FLOATING && op < Op.FIRST_TO_INTEGER;
        return (isFloating ? F : 0) + Op.rd(instruction);
    }

    private void element(final int register)
    {
        to.getstatic(SELF, register < F ? "x" : "f", LONGS).loadConstant(register < F ? register : register - F);
    }

    /** Pushes the virtual address of an offset. */
    void virtual(final int offset)
    {
        to.lload(BASE).loadConstant((long)offset).ladd();
    }

    /** Takes an address from the stack and keeps its place in a translation cache. */
    void index()
    {
        to.bipush(GuestMemory.PAGE_SHIFT).lushr().l2i().loadConstant(Mmu.TLB_MASK).iand().istore(INDEX);
    }

    void leave(final ExitCause cause, final int offset, final int executed)
    {
        leave(new RegionExit(cause, offset, executed, 0));
    }

    /** Leaves the region before an instruction; the cause is null before a memory access of which the MMU will know it. */
    void leaveTo(final ExitCause cause, final long instruction, final int offset, final int executed)
    {
        leave(new RegionExit(cause, offset, executed, instruction));
    }

    private void leave(final RegionExit exit)
    {
        to.loadConstant(exits.size()).istore(EXIT).goto_(end);
        exits.add(exit);
    }

    void x(final int register)
    {
        if (register == 0)
        {
            to.lconst_0();
        }
        else
        {
            to.lload(local[register]);
        }
    }

    void f(final int register)
    {
        to.lload(local[F + register]);
    }

    /** Puts the value on the stack into a register. */
    void keep(final int register)
    {
        if (register == Op.SINK)
        {
            to.pop2();
        }
        else
        {
            to.lstore(local[register]);
        }
    }

    static ClassDesc descriptor(final Class<?> type)
    {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }
}
