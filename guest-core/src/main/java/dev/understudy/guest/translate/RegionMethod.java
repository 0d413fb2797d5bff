package dev.understudy.guest.translate;

import static dev.understudy.guest.translate.RegionFrame.ADDRESS;
import static dev.understudy.guest.translate.RegionFrame.BUDGET;
import static dev.understudy.guest.translate.RegionFrame.BYTES;
import static dev.understudy.guest.translate.RegionFrame.COMPARE;
import static dev.understudy.guest.translate.RegionFrame.EXITS;
import static dev.understudy.guest.translate.RegionFrame.HART;
import static dev.understudy.guest.translate.RegionFrame.I;
import static dev.understudy.guest.translate.RegionFrame.INDEX;
import static dev.understudy.guest.translate.RegionFrame.INTS;
import static dev.understudy.guest.translate.RegionFrame.J;
import static dev.understudy.guest.translate.RegionFrame.LONG;
import static dev.understudy.guest.translate.RegionFrame.LONGS;
import static dev.understudy.guest.translate.RegionFrame.MMU;
import static dev.understudy.guest.translate.RegionFrame.OPERATIONS;
import static dev.understudy.guest.translate.RegionFrame.SELF;
import static dev.understudy.guest.translate.RegionFrame.UNSAFE;

import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.GuestMemory;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The class of one region, and the bytecode of its blocks and of what leads from one to another.
 * <p>
 * The budget is lowered by each block and looked at on edges back only. An instruction that cannot be completed here is
 * not begun: the region leaves before it.
 */
final class RegionMethod
{
    private static final ClassDesc CODE = RegionFrame.descriptor(RegionCode.class);
    private static final ClassDesc LINKAGE = RegionFrame.descriptor(RegionLinkage.class);
    private static final ClassDesc TABLES = RegionFrame.descriptor(RegionPlan.Tables.class);
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(RegionFrame.descriptor(RegionExit.class), I, J);

    /** HotSpot compiles no method that is longer, in bytes. */
    static final int MAX_BYTES = 8_000;

    /** What is aimed at when a method was longer. */
    private static final int FITTING_BYTES = 7_500;

    private RegionPlan plan;
    private final Map<Integer, Label> blockLabels = new HashMap<>();
    private final Map<Integer, Integer> blockOrder = new HashMap<>();
    private RegionFrame frame;
    private RegionIntegers integers;
    private RegionMemory memory;
    private RegionCsrs csrs;
    private RegionFloating floating;
    private CodeBuilder to;

    RegionMethod(final RegionPlan plan)
    {
        this.plan = plan;
    }

    RegionExit[] exits()
    {
        return frame.exits().toArray(RegionExit[]::new);
    }

    /**
     * Makes the class; of the first instructions alone if the method becomes too long, for which the planner's estimate is
     * no guarantee.
     */
    byte[] classFile()
    {
        byte[] made = build();
        for (int bytes = length(made); bytes > MAX_BYTES; bytes = length(made))
        {
            plan = plan.first((int)((long)plan.length() * FITTING_BYTES / bytes));
            made = build();
        }
        return made;
    }

    /** Length of the region's method, in bytes; 0 if the class as a whole has no more than {@link #MAX_BYTES}. */
    private static int length(final byte[] classFile)
    {
        return classFile.length <= MAX_BYTES ? 0 : ClassFile.of().parse(classFile).methods().stream()
            .mapToInt(it -> it.findAttribute(Attributes.code()).orElseThrow().codeLength()).max().orElseThrow();
    }

    private byte[] build()
    {
        return ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG).build(SELF, made -> made
            .withSuperclass(CODE)
            .withFlags(AccessFlag.FINAL, AccessFlag.SUPER)
            .withField("x", LONGS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("f", LONGS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("ram", BYTES, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("unsafe", UNSAFE, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("hart", HART, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("mmu", MMU, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("exits", EXITS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("operations", OPERATIONS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("fetchTags", LONGS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("fetchPages", INTS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("loadTags", LONGS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("loadAddends", INTS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("storeTags", LONGS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withField("storeAddends", INTS, ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
            .withMethodBody(ConstantDescs.CLASS_INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_STATIC,
                RegionMethod::initializer)
            .withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, 0, constructor -> constructor
                .aload(0)
                .invokespecial(CODE, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                .return_())
            .withMethodBody("run", RUN, 0, this::body));
    }

    private static void initializer(final CodeBuilder code)
    {
        code.getstatic(LINKAGE, "hart", HART).dup().putstatic(SELF, "hart", HART)
            .dup().getfield(HART, "x", LONGS).putstatic(SELF, "x", LONGS)
            .getfield(HART, "f", LONGS).putstatic(SELF, "f", LONGS)
            .getstatic(LINKAGE, "mmu", MMU).putstatic(SELF, "mmu", MMU)
            .getstatic(LINKAGE, "ram", BYTES).putstatic(SELF, "ram", BYTES)
            .getstatic(LINKAGE, "exits", EXITS).putstatic(SELF, "exits", EXITS)
            .getstatic(LINKAGE, "operations", OPERATIONS).putstatic(SELF, "operations", OPERATIONS);
        code.invokestatic(UNSAFE, "getUnsafe", MethodTypeDesc.of(UNSAFE)).putstatic(SELF, "unsafe", UNSAFE);
        for (final String table : List.of("fetchTags", "loadTags", "storeTags"))
        {
            code.getstatic(LINKAGE, "tables", TABLES).invokevirtual(TABLES, table, MethodTypeDesc.of(LONGS))
                .putstatic(SELF, table, LONGS);
        }
        for (final String table : List.of("fetchPages", "loadAddends", "storeAddends"))
        {
            code.getstatic(LINKAGE, "tables", TABLES).invokevirtual(TABLES, table, MethodTypeDesc.of(INTS))
                .putstatic(SELF, table, INTS);
        }
        code.new_(SELF).dup().invokespecial(SELF, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
            .putstatic(LINKAGE, "made", CODE)
            .return_();
    }

    /** Makes the method; all anew, since the builder asks again when a jump is too far for two bytes. */
    private void body(final CodeBuilder code)
    {
        to = code;
        frame = new RegionFrame(plan, code);
        integers = new RegionIntegers(frame);
        memory = new RegionMemory(frame);
        csrs = new RegionCsrs(frame);
        floating = new RegionFloating(frame);
        blockLabels.clear();
        blockOrder.clear();
        for (int i = 0; i < plan.blocks().size(); i++)
        {
            final int offset = plan.blocks().get(i).offset();
            blockLabels.put(offset, code.newLabel());
            blockOrder.put(offset, i);
        }
        frame.begin();
        for (int i = 0; i < plan.blocks().size(); i++)
        {
            block(plan.blocks().get(i), i);
        }
        frame.end();
    }

    private void block(final RegionPlan.Block block, final int order)
    {
        to.labelBinding(blockLabels.get(block.offset()));
        final long[] instructions = block.instructions();
        int offset = block.offset();
        for (int i = 0; i < instructions.length - 1; i++)
        {
            plain(instructions[i], offset, i);
            offset += Op.bytes(instructions[i]);
        }
        terminator(block, order, offset);
    }

    private void terminator(final RegionPlan.Block block, final int order, final int offset)
    {
        final long instruction = block.last();
        final int op = Op.op(instruction);
        final int count = block.instructions().length;
        if (RegionPlanner.isBranch(op))
        {
            to.iinc(BUDGET, -count);
            branch(instruction, op, edge(block, block.successors()[0], order));
            follow(block, block.successors()[1], order);
        }
        else if (RegionPlanner.isJump(op))
        {
            to.iinc(BUDGET, -count);
            link(instruction, offset);
            follow(block, block.successors()[0], order);
        }
        else if (op == Op.JALR)
        {
            to.iinc(BUDGET, -count);
            frame.x(Op.rs1(instruction));
            to.loadConstant((long)Op.immediate(instruction)).ladd().loadConstant(-2L).land().lstore(ADDRESS);
            link(instruction, offset);
            for (final int successor : block.successors())
            {
                to.lload(ADDRESS);
                frame.virtual(successor);
                to.lcmp().ifeq(edge(block, successor, order));
            }
            to.getstatic(SELF, "hart", HART).lload(ADDRESS).putfield(HART, "pc", J);
            frame.leave(ExitCause.INDIRECT, offset, 0);
        }
        else if (RegionPlanner.isPrivileged(instruction, plan.context()))
        {
            frame.leaveTo(ExitCause.PRIVILEGED, instruction, offset, count - 1);
        }
        else
        {
            plain(instruction, offset, count - 1);
            to.iinc(BUDGET, -count);
            follow(block, block.successors()[0], order);
        }
    }

    private void link(final long instruction, final int offset)
    {
        if (Op.rd(instruction) != Op.SINK)
        {
            frame.virtual(offset + Op.bytes(instruction));
            frame.keep(Op.rd(instruction));
        }
    }

    /** Goes on at an offset: with the next block, if that is the one. */
    private void follow(final RegionPlan.Block from, final int offset, final int order)
    {
        final Integer target = blockOrder.get(offset);
        if (target == null || target != order + 1 || isCrossing(from, offset))
        {
            to.goto_(edge(from, offset, order));
        }
    }

    private static boolean isCrossing(final RegionPlan.Block from, final int offset)
    {
        return from.offset() >> GuestMemory.PAGE_SHIFT != offset >> GuestMemory.PAGE_SHIFT;
    }

    /** The place to jump to in order to go from a block to an offset. */
    private Label edge(final RegionPlan.Block from, final int offset, final int order)
    {
        final Integer target = blockOrder.get(offset);
        final boolean isBack = target != null && target <= order;
        if (target != null && !isBack && !isCrossing(from, offset))
        {
            return blockLabels.get(offset);
        }
        final Label label = to.newLabel();
        frame.later(() ->
        {
            to.labelBinding(label);
            if (target == null)
            {
                frame.leave(ExitCause.COLD, offset, 0);
                return;
            }
            final Label used = to.newLabel();
            final Label elsewhere = to.newLabel();
            if (isBack)
            {
                to.iload(BUDGET).iflt(used);
            }
            if (isCrossing(from, offset))
            {
                frame.virtual(offset & -GuestMemory.PAGE_BYTES);
                to.dup2().lstore(ADDRESS);
                frame.index();
                to.getstatic(SELF, "fetchTags", LONGS).iload(INDEX).laload().lload(ADDRESS).lcmp().ifne(elsewhere)
                    .getstatic(SELF, "fetchPages", INTS).iload(INDEX).iaload()
                    .loadConstant(plan.physicalPage(offset)).if_icmpne(elsewhere);
            }
            to.goto_(blockLabels.get(offset));
            if (isBack)
            {
                to.labelBinding(used);
                frame.leave(ExitCause.BUDGET, offset, 0);
            }
            if (isCrossing(from, offset))
            {
                to.labelBinding(elsewhere);
                frame.leave(ExitCause.PAGE, offset, 0);
            }
        });
        return label;
    }

    private void branch(final long instruction, final int op, final Label target)
    {
        frame.x(Op.rs1(instruction));
        frame.x(Op.rs2(instruction));
        switch (op)
        {
            case Op.BEQ, Op.BEQ_FAR -> to.lcmp().ifeq(target);
            case Op.BNE, Op.BNE_FAR -> to.lcmp().ifne(target);
            case Op.BLT, Op.BLT_FAR -> to.lcmp().iflt(target);
            case Op.BGE, Op.BGE_FAR -> to.lcmp().ifge(target);
            case Op.BLTU, Op.BLTU_FAR -> to.invokestatic(LONG, "compareUnsigned", COMPARE).iflt(target);
            default -> to.invokestatic(LONG, "compareUnsigned", COMPARE).ifge(target);
        }
    }

    /** An instruction that does not jump. */
    private void plain(final long instruction, final int offset, final int executed)
    {
        final int op = Op.op(instruction);
        if (op == Op.FENCE)
        {
            return;
        }
        if ((op >= Op.LB && op <= Op.LWU) || op == Op.FLW || op == Op.FLD)
        {
            memory.load(instruction, op, offset, executed);
        }
        else if ((op >= Op.SB && op <= Op.SD) || op == Op.FSW || op == Op.FSD)
        {
            memory.store(instruction, op, offset, executed);
        }
        else if (op >= Op.AMO_W && op <= Op.SC_D)
        {
            memory.atomic(instruction, op, offset, executed);
        }
        else if (RegionCsrs.isCsr(instruction))
        {
            csrs.execute(instruction, offset, executed);
        }
        else if (op >= Op.FIRST_FLOATING_COMPUTATION)
        {
            final int destination = RegionFrame.destination(instruction);
            floating.compute(instruction, op);
            frame.keep(destination);
        }
        else if (Op.rd(instruction) != Op.SINK)
        {
            integers.compute(instruction, op, offset);
            frame.keep(Op.rd(instruction));
        }
    }
}
