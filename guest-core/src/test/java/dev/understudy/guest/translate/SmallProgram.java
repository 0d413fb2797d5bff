package dev.understudy.guest.translate;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;

/**
 * A program for {@link BareHart} in the making: code, data, and Sv39 tables for who wants them.
 * <p>
 * Under the tables RAM is where it is without them, and from {@link #WINDOW} on are 512 pages that a test maps by
 * {@link #leaf}. The trap handler of {@link #skipFaults} uses x29 to count and x30 and x31 besides.
 */
final class SmallProgram
{
    static final long BASE = RandomProgram.BASE;
    static final long DATA = BASE + 0x8_0000;
    static final long WINDOW = 0x4000_0000L;

    static final long V = 1;
    static final long R = 2;
    static final long W = 4;
    static final long X = 8;
    static final long A = 64;
    static final long D = 128;
    static final long ALL = V | R | W | X | A | D;

    static final int SSTATUS = 0x100;
    static final int STVEC = 0x105;
    static final int SEPC = 0x141;
    static final int SCAUSE = 0x142;
    static final int STVAL = 0x143;
    static final int SATP = 0x180;

    static final int BNE = 1;
    static final int RETURN_ADDRESS = 1;
    static final int FENCE_I = 0x100F;
    static final int SRET = 0x1020_0073;

    private static final int IMAGE_BYTES = 1 << 20;
    private static final long HANDLER = BASE + 0x7_0000;
    private static final long TABLES = BASE + 0xC_0000;
    private static final long TABLES_BYTES = 3L * GuestMemory.PAGE_BYTES;

    final Assembler to;
    private final ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES);

    SmallProgram()
    {
        to = new Assembler(image, BASE);
        tables(0);
        tables(1);
    }

    /** Two sets of tables: all leaves of both are empty. */
    private void tables(final int set)
    {
        final long root = root(set);
        put(root + 8, (root + GuestMemory.PAGE_BYTES) >> 2 | V);
        put(root + 16, GuestMemory.BASE >> 2 | ALL);
        put(middle(set), (root + 2 * GuestMemory.PAGE_BYTES) >> 2 | V);
    }

    /** Address of the table that {@code satp} names. */
    static long root(final int set)
    {
        return TABLES + set * TABLES_BYTES;
    }

    /** Address of the entry that leads to the leaves of a set, for all of {@link #WINDOW}. */
    static long middle(final int set)
    {
        return root(set) + GuestMemory.PAGE_BYTES;
    }

    /** Address of the entry that maps a page of {@link #WINDOW}. */
    static long leaf(final int set, final int page)
    {
        return root(set) + 2 * GuestMemory.PAGE_BYTES + 8L * page;
    }

    static long entry(final long physical, final long flags)
    {
        return physical >> 2 | flags;
    }

    /** What {@code satp} has to be for a set of tables. */
    static long satp(final int set, final int asid)
    {
        return 8L << 60 | (long)asid << 44 | root(set) >> GuestMemory.PAGE_SHIFT;
    }

    static long page(final int number)
    {
        return WINDOW + (long)number * GuestMemory.PAGE_BYTES;
    }

    /** Puts eight bytes of data into the image. */
    void put(final long address, final long value)
    {
        image.putLong((int)(address - BASE), value);
    }

    void map(final int page, final long physical, final long flags)
    {
        put(leaf(0, page), entry(physical, flags));
    }

    /** Goes on at an address. */
    void at(final long address)
    {
        image.position((int)(address - BASE));
    }

    /** Puts any value into a register, by way of x31. */
    void value(final int register, final long value)
    {
        to.li(register, value >>> 32);
        to.i(Assembler.OP_IMM, 1, register, register, 32);
        to.li(31, value & 0xFFFF_FFFFL);
        to.r(Assembler.OP, 6, 0, register, register, 31);
    }

    /** Turns translation on. */
    void translate(final int set, final int asid)
    {
        value(30, satp(set, asid));
        to.csr(1, 0, SATP, 30);
    }

    void repeat(final int counter, final int times, final Runnable body)
    {
        to.li(counter, times);
        final long start = to.address();
        body.run();
        to.addi(counter, counter, -1);
        to.word(Assembler.branch(BNE, counter, 0, (int)(start - to.address())));
    }

    void call(final long target)
    {
        to.word(Assembler.jal(RETURN_ADDRESS, (int)(target - to.address())));
    }

    /** A call that no region follows. */
    void callThrough(final int register)
    {
        to.jalr(RETURN_ADDRESS, register, 0);
    }

    /** A function that adds a number to x10. */
    void adder(final long address, final int number)
    {
        function(address, () -> to.addi(10, 10, number));
    }

    /** A function at an address. */
    void function(final long address, final Runnable body)
    {
        final int position = image.position();
        at(address);
        body.run();
        ret();
        image.position(position);
    }

    void ret()
    {
        to.jalr(0, RETURN_ADDRESS, 0);
    }

    /** The bits of {@code addi x10, x10, number}. */
    static int addition(final int number)
    {
        return number << 20 | 10 << 15 | 10 << 7 | Assembler.OP_IMM;
    }

    /** Has traps go on behind the instruction of four bytes that trapped. */
    void skipFaults()
    {
        handler(() ->
        {
            to.csr(2, 31, SEPC, 0);
            to.addi(31, 31, 4);
            to.csr(1, 0, SEPC, 31);
        });
    }

    /** Has traps be counted in x29, do what is given, and return. */
    void handler(final Runnable body)
    {
        to.li(31, HANDLER);
        to.csr(1, 0, STVEC, 31);
        final int position = image.position();
        at(HANDLER);
        to.addi(29, 29, 1);
        body.run();
        to.word(SRET);
        image.position(position);
    }

    byte[] image()
    {
        return image.array();
    }
}
