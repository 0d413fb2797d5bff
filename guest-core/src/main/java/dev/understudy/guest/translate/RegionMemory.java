package dev.understudy.guest.translate;

import static dev.understudy.guest.translate.RegionFrame.ADDRESS;
import static dev.understudy.guest.translate.RegionFrame.BYTES;
import static dev.understudy.guest.translate.RegionFrame.HART;
import static dev.understudy.guest.translate.RegionFrame.I;
import static dev.understudy.guest.translate.RegionFrame.INDEX;
import static dev.understudy.guest.translate.RegionFrame.INTS;
import static dev.understudy.guest.translate.RegionFrame.J;
import static dev.understudy.guest.translate.RegionFrame.LONGS;
import static dev.understudy.guest.translate.RegionFrame.MMU;
import static dev.understudy.guest.translate.RegionFrame.SELF;
import static dev.understudy.guest.translate.RegionFrame.UNSAFE;
import static dev.understudy.guest.translate.RegionFrame.Z;

import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.GuestMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/** The bytecode of loads, stores and atomic operations, as far as they are on the fast path. */
final class RegionMemory
{
    private static final ClassDesc ATOMICS = RegionFrame.descriptor(RegionAtomics.class);
    private static final ClassDesc B = ConstantDescs.CD_byte;
    private static final ClassDesc S = ConstantDescs.CD_short;
    private static final ClassDesc V = ConstantDescs.CD_void;
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
    private static final MethodTypeDesc CACHE = MethodTypeDesc.of(Z, J, I);
    private static final MethodTypeDesc CACHE_ATOMIC =
        MethodTypeDesc.of(Z, J, I, Z);
    private static final long BOX = 0xFFFF_FFFF_0000_0000L;

    /** Where the elements of an array of bytes begin. */
    private static final long ARRAY_BASE = 16;
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;

    private final RegionFrame frame;
    private final CodeBuilder to;

    RegionMemory(final RegionFrame frame)
    {
        this.frame = frame;
        to = frame.to;
    }

    /** The length of an access. */
    static int bytes(final int op)
    {
        return switch (op)
        {
            case Op.LB, Op.LBU, Op.SB -> 1;
            case Op.LH, Op.LHU, Op.SH -> 2;
            case Op.LW, Op.LWU, Op.FLW, Op.SW, Op.FSW, Op.LR_W, Op.SC_W, Op.AMO_W -> 4;
            default -> 8;
        };
    }

    /** Whether an access needs no permission to write. */
    static boolean isLoad(final int op)
    {
        return switch (op)
        {
            case Op.LB, Op.LBU, Op.LH, Op.LHU, Op.LW, Op.LWU, Op.LD, Op.FLW, Op.FLD, Op.LR_W, Op.LR_D -> true;
            default -> false;
        };
    }

    static boolean isAtomic(final int op)
    {
        return switch (op)
        {
            case Op.LR_W, Op.LR_D, Op.SC_W, Op.SC_D, Op.AMO_W, Op.AMO_D -> true;
            default -> false;
        };
    }

    void load(final long instruction, final int op, final int offset, final int executed)
    {
        address(instruction);
        lookUp(instruction, "load", offset, executed);
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
        frame.keep(RegionFrame.destination(instruction));
    }

    void store(final long instruction, final int op, final int offset, final int executed)
    {
        address(instruction);
        lookUp(instruction, "store", offset, executed);
        place("store");
        if (op >= Op.FIRST_FLOATING)
        {
            frame.f(Op.rs2(instruction));
        }
        else
        {
            frame.x(Op.rs2(instruction));
        }
        switch (bytes(op))
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

    void atomic(final long instruction, final int op, final int offset, final int executed)
    {
        final boolean isDouble = bytes(op) == Long.BYTES;
        final boolean isLoad = isLoad(op);
        final String kind = isLoad ? "load" : "store";
        frame.x(Op.rs1(instruction));
        to.lstore(ADDRESS);
        lookUp(instruction, kind, offset, executed);
        if (op == Op.AMO_W || op == Op.AMO_D)
        {
            index(kind);
            frame.x(Op.rs2(instruction));
            to.loadConstant(Op.immediate(instruction)).invokestatic(
                ATOMICS, isDouble ? "atomicDouble" : "atomicWord", MethodTypeDesc.of(J, BYTES, I, J, I));
        }
        else
        {
            to.getstatic(SELF, "hart", HART);
            index(kind);
            if (isLoad)
            {
                to.invokestatic(ATOMICS, isDouble ? "loadReservedDouble" : "loadReservedWord",
                    MethodTypeDesc.of(J, HART, BYTES, I));
            }
            else
            {
                frame.x(Op.rs2(instruction));
                to.invokestatic(ATOMICS, isDouble ? "storeConditionalDouble" : "storeConditionalWord",
                    MethodTypeDesc.of(J, HART, BYTES, I, J));
            }
        }
        frame.keep(Op.rd(instruction));
    }

    /**
     * Looks the page of {@link RegionFrame#ADDRESS} up: on return {@link RegionFrame#INDEX} is where its addend is.
     * Leaves the region before the instruction when the access is none of the fast path. The tag must be that of the
     * last byte's page, so that an access that is not aligned is as fast as any, as long as it is in one page; an atomic
     * one must be aligned.
     */
    private void lookUp(final long instruction, final String kind, final int offset, final int executed)
    {
        final int bytes = bytes(Op.op(instruction));
        final boolean isAtomic = isAtomic(Op.op(instruction));
        final Label found = to.newLabel();
        final Label missed = to.newLabel();
        to.lload(ADDRESS);
        frame.index();
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
        frame.later(() ->
        {
            to.labelBinding(missed);
            if (frame.plan.isWide())
            {
                fill(kind.equals("load"), bytes, isAtomic);
                to.ifne(found);
            }
            frame.leaveTo(null, instruction, offset, executed);
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
        frame.x(Op.rs1(instruction));
        final long immediate = Op.immediate(instruction);
        if (immediate != 0)
        {
            to.loadConstant(immediate).ladd();
        }
        to.lstore(ADDRESS);
    }

    /** Pushes what an access to RAM begins with: Unsafe, RAM, and the place of {@link RegionFrame#ADDRESS} in it. */
    private void place(final String kind)
    {
        to.getstatic(SELF, "unsafe", UNSAFE).getstatic(SELF, "ram", BYTES).lload(ADDRESS).l2i()
            .getstatic(SELF, kind + "Addends", INTS).iload(INDEX).iaload().iadd().i2l()
            .loadConstant(ARRAY_BASE).ladd();
    }

    /** Pushes RAM and the index of {@link RegionFrame#ADDRESS} in it. */
    private void index(final String kind)
    {
        to.getstatic(SELF, "ram", BYTES).lload(ADDRESS).l2i()
            .getstatic(SELF, kind + "Addends", INTS).iload(INDEX).iaload().iadd();
    }

    private CodeBuilder get(final String name, final ClassDesc type)
    {
        return to.invokevirtual(UNSAFE, name, MethodTypeDesc.of(type, OBJECT, J));
    }

    private CodeBuilder put(final String name, final ClassDesc type)
    {
        return to.invokevirtual(UNSAFE, name, MethodTypeDesc.of(V, OBJECT, J, type));
    }
}
