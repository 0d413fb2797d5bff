package dev.understudy.guest.hart;

import dev.understudy.guest.floating.Rounding;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bytecode of one region.
 * <p>
 * Guest registers are Java locals: loaded at the entry, written back at the common end that all exits go through. The
 * budget is lowered by each block and looked at on edges back only. An instruction that cannot be completed here is not
 * begun: the region leaves before it, and the interpreter executes it.
 */
final class RegionMethod
{
    private static final ClassDesc SELF = ClassDesc.of("dev.understudy.guest.hart.TranslatedRegion");
    private static final ClassDesc CODE = descriptor(RegionCode.class);
    private static final ClassDesc LINKAGE = descriptor(RegionLinkage.class);
    private static final ClassDesc TABLES = descriptor(RegionPlan.Tables.class);
    private static final ClassDesc HART = descriptor(Hart.class);
    private static final ClassDesc MMU = descriptor(Mmu.class);
    private static final ClassDesc OPERATIONS = descriptor(FloatingOperations.class);
    private static final ClassDesc ARITHMETIC = descriptor(Arithmetic.class);
    private static final ClassDesc ATOMICS = descriptor(RegionAtomics.class);
    private static final ClassDesc UNSAFE = ClassDesc.of("jdk.internal.misc.Unsafe");
    private static final ClassDesc MATH = descriptor(Math.class);
    private static final ClassDesc LONG = descriptor(Long.class);
    private static final ClassDesc J = ConstantDescs.CD_long;
    private static final ClassDesc I = ConstantDescs.CD_int;
    private static final ClassDesc Z = ConstantDescs.CD_boolean;
    private static final ClassDesc B = ConstantDescs.CD_byte;
    private static final ClassDesc S = ConstantDescs.CD_short;
    private static final ClassDesc V = ConstantDescs.CD_void;
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
    private static final ClassDesc LONGS = J.arrayType();
    private static final ClassDesc INTS = I.arrayType();
    private static final ClassDesc BYTES = ConstantDescs.CD_byte.arrayType();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(J, I, J);
    private static final MethodTypeDesc BINARY = MethodTypeDesc.of(J, J, J);
    private static final MethodTypeDesc COMPARE = MethodTypeDesc.of(I, J, J);
    private static final MethodTypeDesc BINARY_WORD = MethodTypeDesc.of(J, I, I);
    private static final MethodTypeDesc CACHE = MethodTypeDesc.of(Z, J, I);
    private static final MethodTypeDesc CACHE_ATOMIC = MethodTypeDesc.of(Z, J, I, Z);
    private static final long BOX = 0xFFFF_FFFF_0000_0000L;

    /** Where the elements of an array of bytes begin. */
    private static final long ARRAY_BASE = 16;
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;

    private static final int BUDGET = 1;
    private static final int BASE = 2;
    private static final int ADDRESS = 4;
    private static final int INDEX = 6;
    private static final int EXIT = 7;
    private static final int FIRST_REGISTER = 8;

    /** Registers are numbered through: x0 to x31, the sink, then f0 to f31. */
    private static final int F = Op.REGISTERS;
    private static final int ALL_REGISTERS = Op.REGISTERS + Op.FLOATING_REGISTERS;

    private final RegionPlan plan;
    private final List<RegionExit> exits = new ArrayList<>();
    private final int[] local = new int[ALL_REGISTERS];
    private final boolean[] isWritten = new boolean[ALL_REGISTERS];
    private final Map<Integer, Label> blockLabels = new HashMap<>();
    private final Map<Integer, Integer> blockOrder = new HashMap<>();
    private final List<Runnable> outOfLine = new ArrayList<>();
    private CodeBuilder to;
    private Label end;

    RegionMethod(final RegionPlan plan)
    {
        this.plan = plan;
    }

    RegionExit[] exits()
    {
        return exits.toArray(RegionExit[]::new);
    }

    byte[] classFile()
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

    private void body(final CodeBuilder code)
    {
        to = code;
        end = code.newLabel();
        // The builder runs the body again when a jump is too far for two bytes.
        exits.clear();
        blockLabels.clear();
        allocate();
        for (int i = 0; i < plan.blocks().size(); i++)
        {
            final int offset = plan.blocks().get(i).offset();
            blockLabels.put(offset, code.newLabel());
            blockOrder.put(offset, i);
        }
        final Label begin = code.newLabel();
        to.iload(BUDGET).ifge(begin).lconst_0().lreturn().labelBinding(begin);
        for (int register = 1; register < ALL_REGISTERS; register++)
        {
            if (local[register] != 0)
            {
                element(register);
                to.laload().lstore(local[register]);
            }
        }
        for (int i = 0; i < plan.blocks().size(); i++)
        {
            block(plan.blocks().get(i), i);
        }
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
        to.iload(BUDGET).i2l().bipush(32).lshl().iload(EXIT).i2l().lor().lreturn();
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

    private static boolean readsInteger(final int op)
    {
        return op >= Op.FCVT_S_W && op <= Op.FMV_D_X;
    }

    /** The register that an instruction writes; {@link Op#SINK} if it writes none. */
    private static int destination(final long instruction)
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
            x(Op.rs1(instruction));
            to.loadConstant((long)Op.immediate(instruction)).ladd().loadConstant(-2L).land().lstore(ADDRESS);
            link(instruction, offset);
            for (final int successor : block.successors())
            {
                to.lload(ADDRESS);
                virtual(successor);
                to.lcmp().ifeq(edge(block, successor, order));
            }
            to.getstatic(SELF, "hart", HART).lload(ADDRESS).putfield(HART, "pc", J);
            leave(RegionExit.Kind.INDIRECT, offset, 0);
        }
        else if (RegionPlanner.isPrivileged(instruction, plan.context()))
        {
            leaveTo(instruction, offset, count - 1);
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
            virtual(offset + Op.bytes(instruction));
            to.lstore(local[Op.rd(instruction)]);
        }
    }

    /** Pushes the virtual address of an offset. */
    private void virtual(final int offset)
    {
        to.lload(BASE).loadConstant((long)offset).ladd();
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
        outOfLine.add(() ->
        {
            to.labelBinding(label);
            if (target == null)
            {
                leave(RegionExit.Kind.JUMP, offset, 0);
                return;
            }
            final Label out = to.newLabel();
            if (isBack)
            {
                to.iload(BUDGET).iflt(out);
            }
            if (isCrossing(from, offset))
            {
                virtual(offset & -GuestMemory.PAGE_BYTES);
                to.dup2().lstore(ADDRESS);
                index();
                to.getstatic(SELF, "fetchTags", LONGS).iload(INDEX).laload().lload(ADDRESS).lcmp().ifne(out)
                    .getstatic(SELF, "fetchPages", INTS).iload(INDEX).iaload()
                    .loadConstant(plan.physicalPage(offset)).if_icmpne(out);
            }
            to.goto_(blockLabels.get(offset));
            to.labelBinding(out);
            leave(RegionExit.Kind.JUMP, offset, 0);
        });
        return label;
    }

    /** Takes an address from the stack and keeps its place in a translation cache. */
    private void index()
    {
        to.bipush(GuestMemory.PAGE_SHIFT).lushr().l2i().loadConstant(Mmu.TLB_MASK).iand().istore(INDEX);
    }

    private void leave(final RegionExit.Kind kind, final int offset, final int executed)
    {
        leave(new RegionExit(kind, offset, executed, 0));
    }

    private void leaveTo(final long privileged, final int offset, final int executed)
    {
        leave(new RegionExit(RegionExit.Kind.PRIVILEGED, offset, executed, privileged));
    }

    private void leave(final RegionExit exit)
    {
        to.loadConstant(exits.size()).istore(EXIT).goto_(end);
        exits.add(exit);
    }

    private void branch(final long instruction, final int op, final Label target)
    {
        x(Op.rs1(instruction));
        x(Op.rs2(instruction));
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

    private void x(final int register)
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

    private void f(final int register)
    {
        to.lload(local[F + register]);
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
            load(instruction, op, offset, executed);
        }
        else if ((op >= Op.SB && op <= Op.SD) || op == Op.FSW || op == Op.FSD)
        {
            store(instruction, op, offset, executed);
        }
        else if (op >= Op.AMO_W && op <= Op.SC_D)
        {
            atomic(instruction, op, offset, executed);
        }
        else if (RegionCsrs.isCsr(instruction))
        {
            csr(instruction, offset, executed);
        }
        else if (op >= Op.FIRST_FLOATING_COMPUTATION)
        {
            final int destination = destination(instruction);
            floating(instruction, op);
            keep(destination);
        }
        else if (Op.rd(instruction) != Op.SINK)
        {
            compute(instruction, op, offset);
            keep(Op.rd(instruction));
        }
    }

    /** Puts the value on the stack into a register. */
    private void keep(final int register)
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

    /**
     * Looks the page of {@link #ADDRESS} up: on return {@link #INDEX} is where its addend is. Leaves the region before
     * the instruction when the access is none of the fast path. The tag must be that of the last byte's page, so that an
     * access that is not aligned is as fast as any, as long as it is in one page; an atomic one must be aligned.
     */
    private void lookUp(
        final String kind, final int bytes, final boolean isAtomic, final int offset, final int executed)
    {
        final Label found = to.newLabel();
        final Label missed = to.newLabel();
        to.lload(ADDRESS);
        index();
        to.getstatic(SELF, kind + "Tags", LONGS).iload(INDEX).laload().lload(ADDRESS);
        if (isAtomic)
        {
            to.loadConstant(PAGE_MASK | (bytes - 1));
        }
        else
        {
            if (bytes > 1)
            {
                to.loadConstant((long)bytes - 1).ladd();
            }
            to.loadConstant(PAGE_MASK);
        }
        to.land().lcmp().ifne(missed).labelBinding(found);
        outOfLine.add(() ->
        {
            to.labelBinding(missed);
            if (plan.isWide())
            {
                fill(kind.equals("load"), bytes, isAtomic);
                to.ifne(found);
            }
            leave(RegionExit.Kind.STEP, offset, executed);
        });
    }

    /** Pushes whether the translation cache could be given the page. */
    private void fill(final boolean isLoad, final int bytes, final boolean isAtomic)
    {
        to.getstatic(SELF, "mmu", MMU).lload(ADDRESS).loadConstant(bytes);
        if (isAtomic)
        {
            to.loadConstant(isLoad ? 1 : 0).invokevirtual(MMU, "cacheAtomic", CACHE_ATOMIC);
        }
        else
        {
            to.invokevirtual(MMU, isLoad ? "cacheLoad" : "cacheStore", CACHE);
        }
    }

    /** Keeps the address of a load or store. */
    private void address(final long instruction)
    {
        x(Op.rs1(instruction));
        final long immediate = Op.immediate(instruction);
        if (immediate != 0)
        {
            to.loadConstant(immediate).ladd();
        }
        to.lstore(ADDRESS);
    }

    /** Pushes what an access to the RAM at {@link #ADDRESS} begins with: Unsafe, RAM, and the offset in it. */
    private void place(final String kind)
    {
        to.getstatic(SELF, "unsafe", UNSAFE).getstatic(SELF, "ram", BYTES).lload(ADDRESS).l2i()
            .getstatic(SELF, kind + "Addends", INTS).iload(INDEX).iaload().iadd().i2l()
            .loadConstant(ARRAY_BASE).ladd();
    }

    /** Pushes RAM and the index of {@link #ADDRESS} in it. */
    private void index(final String kind)
    {
        to.getstatic(SELF, "ram", BYTES).lload(ADDRESS).l2i()
            .getstatic(SELF, kind + "Addends", INTS).iload(INDEX).iaload().iadd();
    }

    private void load(final long instruction, final int op, final int offset, final int executed)
    {
        final int bytes = switch (op)
        {
            case Op.LB, Op.LBU -> 1;
            case Op.LH, Op.LHU -> 2;
            case Op.LW, Op.LWU, Op.FLW -> 4;
            default -> 8;
        };
        address(instruction);
        lookUp("load", bytes, false, offset, executed);
        place("load");
        switch (op)
        {
            case Op.LB -> get("getByte", B).i2l();
            case Op.LBU -> get("getByte", B).loadConstant(0xFF).iand().i2l();
            case Op.LH -> get("getShort", S).i2l();
            case Op.LHU -> get("getShort", S).loadConstant(0xFFFF).iand().i2l();
            case Op.LW -> get("getInt", I).i2l();
            case Op.LWU -> get("getInt", I).i2l().loadConstant(0xFFFF_FFFFL).land();
            case Op.FLW -> get("getInt", I).i2l().loadConstant(BOX).lor();
            default -> get("getLong", J);
        }
        keep(destination(instruction));
    }

    private CodeBuilder get(final String name, final ClassDesc type)
    {
        return to.invokevirtual(UNSAFE, name, MethodTypeDesc.of(type, OBJECT, J));
    }

    private CodeBuilder put(final String name, final ClassDesc type)
    {
        return to.invokevirtual(UNSAFE, name, MethodTypeDesc.of(V, OBJECT, J, type));
    }

    private void store(final long instruction, final int op, final int offset, final int executed)
    {
        final int bytes = op == Op.FSW ? 4 : op == Op.FSD ? 8 : 1 << (op - Op.SB);
        address(instruction);
        lookUp("store", bytes, false, offset, executed);
        place("store");
        if (op >= Op.FIRST_FLOATING)
        {
            f(Op.rs2(instruction));
        }
        else
        {
            x(Op.rs2(instruction));
        }
        switch (bytes)
        {
            case 1 ->
            {
                to.l2i().i2b();
                put("putByte", B);
            }
            case 2 ->
            {
                to.l2i().i2s();
                put("putShort", S);
            }
            case 4 ->
            {
                to.l2i();
                put("putInt", I);
            }
            default -> put("putLong", J);
        }
    }

    private void atomic(final long instruction, final int op, final int offset, final int executed)
    {
        final boolean isDouble = op == Op.AMO_D || op == Op.LR_D || op == Op.SC_D;
        final boolean isLoad = op == Op.LR_W || op == Op.LR_D;
        final String kind = isLoad ? "load" : "store";
        x(Op.rs1(instruction));
        to.lstore(ADDRESS);
        lookUp(kind, isDouble ? 8 : 4, true, offset, executed);
        if (op == Op.AMO_W || op == Op.AMO_D)
        {
            index(kind);
            x(Op.rs2(instruction));
            to.loadConstant(Op.immediate(instruction)).invokestatic(
                ATOMICS, isDouble ? "atomicDouble" : "atomicWord", MethodTypeDesc.of(J, BYTES, I, J, I));
        }
        else
        {
            to.getstatic(SELF, "hart", HART);
            index(kind);
            to.lload(ADDRESS);
            if (isLoad)
            {
                to.invokestatic(ATOMICS, isDouble ? "loadReservedDouble" : "loadReservedWord",
                    MethodTypeDesc.of(J, HART, BYTES, I, J));
            }
            else
            {
                x(Op.rs2(instruction));
                to.invokestatic(ATOMICS, isDouble ? "storeConditionalDouble" : "storeConditionalWord",
                    MethodTypeDesc.of(J, HART, BYTES, I, J, J));
            }
        }
        keep(Op.rd(instruction));
    }

    private void csr(final long instruction, final int offset, final int executed)
    {
        final int number = Op.immediate(instruction);
        to.getstatic(SELF, "hart", HART).loadConstant(number)
            .invokevirtual(HART, "readCsr", MethodTypeDesc.of(J, I)).lstore(ADDRESS);
        if (RegionCsrs.isWrite(instruction))
        {
            to.getstatic(SELF, "hart", HART);
            if (number == Hart.CSR_SSTATUS)
            {
                final Label refused = to.newLabel();
                newValue(instruction);
                to.invokevirtual(HART, "writeStatus", MethodTypeDesc.of(Z, J)).ifeq(refused);
                outOfLine.add(() ->
                {
                    to.labelBinding(refused);
                    leaveTo(instruction, offset, executed);
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
        keep(Op.rd(instruction));
    }

    /** Pushes what a CSR instruction writes, whose old value is in {@link #ADDRESS}. */
    private void newValue(final long instruction)
    {
        if (RegionCsrs.isImmediate(instruction))
        {
            to.loadConstant((long)Op.rs1(instruction));
        }
        else
        {
            x(Op.rs1(instruction));
        }
        switch (RegionCsrs.action(instruction))
        {
            case 0 ->
            {
            }
            case 1 -> to.lload(ADDRESS).lor();
            default -> to.loadConstant(-1L).lxor().lload(ADDRESS).land();
        }
    }

    private void floating(final long instruction, final int op)
    {
        final int given = Op.rounding(instruction);
        final int mode = given == Rounding.DYN ? Math.max(plan.rounding(), 0) : given;
        to.getstatic(SELF, "operations", OPERATIONS).loadConstant(op);
        if (readsInteger(op))
        {
            x(Op.rs1(instruction));
        }
        else
        {
            f(Op.rs1(instruction));
        }
        if (op <= Op.FNMADD_D)
        {
            f(Op.rs2(instruction));
            f(Op.rs3(instruction));
            to.loadConstant(mode).invokevirtual(OPERATIONS, "fused", MethodTypeDesc.of(J, I, J, J, J, I));
        }
        else if (op <= Op.FSQRT_D)
        {
            f(Op.rs2(instruction));
            to.loadConstant(mode).invokevirtual(OPERATIONS, "arithmetic", MethodTypeDesc.of(J, I, J, J, I));
        }
        else if (op <= Op.FMAX_D)
        {
            f(Op.rs2(instruction));
            to.invokevirtual(OPERATIONS, "select", MethodTypeDesc.of(J, I, J, J));
        }
        else if (op <= Op.FMV_D_X)
        {
            to.loadConstant(mode).invokevirtual(OPERATIONS, "convert", MethodTypeDesc.of(J, I, J, I));
        }
        else if (op <= Op.FMV_X_D)
        {
            to.loadConstant(mode).invokevirtual(OPERATIONS, "toInteger", MethodTypeDesc.of(J, I, J, I));
        }
        else
        {
            f(Op.rs2(instruction));
            to.invokevirtual(OPERATIONS, "compare", MethodTypeDesc.of(J, I, J, J));
        }
    }

    /** Pushes what an integer computation gives. */
    private void compute(final long instruction, final int op, final int offset)
    {
        final int immediate = Op.immediate(instruction);
        if (op == Op.LUI)
        {
            to.loadConstant((long)immediate);
            return;
        }
        if (op == Op.AUIPC)
        {
            virtual(offset);
            to.loadConstant((long)immediate).ladd();
            return;
        }
        x(Op.rs1(instruction));
        if (op < Op.LUI)
        {
            withImmediate(op, immediate);
            return;
        }
        if (op >= Op.DIVW && op <= Op.REMUW)
        {
            to.l2i();
            x(Op.rs2(instruction));
            to.l2i().invokestatic(ARITHMETIC, switch (op)
            {
                case Op.DIVW -> "divw";
                case Op.DIVUW -> "divuw";
                case Op.REMW -> "remw";
                default -> "remuw";
            }, BINARY_WORD);
            return;
        }
        x(Op.rs2(instruction));
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

    private static ClassDesc descriptor(final Class<?> type)
    {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }
}
