package dev.understudy.guest.translate;

import dev.understudy.guest.memory.GuestMemory;
import java.util.Random;

/**
 * Random routines that call each other for ever: loops, branches, calls and jumps to computed addresses, by two mappings
 * of the same code; floating point; accesses that fault; stores to code and to page tables, fences, switches of the
 * address space; software and timer interrupts.
 * <p>
 * What traps is skipped, unless it is the fetch of an instruction or one of floating point, which are made possible again.
 * Every instruction that may be skipped has four bytes. Kept out of the game: x1, x3 to x7 and x18 to x31.
 */
final class RandomRoutines
{
    private static final int ROUTINES = 6;
    private static final long ROUTINE_BYTES = 0x2000;
    private static final int STATEMENTS = 30;

    /** Instructions at the begin of each routine that others replace. */
    private static final int PATCHES = 3;

    /** Where the middle of the memory for everything is, and what {@link #PLACES} points to: returns, then constants. */
    private static final int MEMORY = 3;
    private static final int PLACES = 4;
    private static final int A = 5;
    private static final int B = 6;
    private static final int C = 7;
    private static final int FIRST_COUNTER = 18;
    private static final int LEAVES = 26;

    private static final int SCRATCH_BYTES = 512;
    private static final long SCRATCH = SmallProgram.DATA + 0x1000;
    private static final long RETURNS = SmallProgram.DATA;
    private static final int CONSTANTS = ROUTINES * Long.BYTES;

    /** Pages of the window: data with random permissions, and the routines. */
    private static final int DATA_PAGE = 16;
    private static final int DATA_PAGES = 12;
    private static final int CODE_PAGE = 64;

    /** Three of 2 MiB and one of 1 GiB, which may be split. */
    private static final int SUPERPAGES = 4;
    private static final int GIGAPAGE = 3;
    private static final long MEGA_BYTES = 2 << 20;
    private static final long GIGAPAGE_ADDRESS = 0xC000_0000L;

    /** Where RAM is free, in steps of 2 MiB from its start. */
    private static final int FIRST_FREE_MEGAPAGE = 2;
    private static final int FREE_MEGAPAGES = 8;

    private static final long PLIC = 0x0C00_0000L;

    private static final int SIE = 0x104;
    private static final int SIP = 0x144;
    private static final int STIMECMP = 0x14D;
    private static final int TIME = 0xC01;
    private static final int INTERRUPTS = 0x22;
    private static final int SUPERVISOR_INTERRUPT_ENABLE = 2;
    private static final int FETCH_PAGE_FAULT = 12;
    private static final int ILLEGAL_INSTRUCTION = 2;
    private static final long FS = 0x6000;
    private static final long INITIAL = 0x2000;
    private static final long SUM = 1 << 18;
    private static final long MXR = 1 << 19;
    private static final long USER = 16;

    private final Random random;
    private final SmallProgram program = new SmallProgram();
    private final Assembler to = program.to;
    private final RandomFloatingPoint floating;
    private final boolean isTranslated;
    private int routine;
    private boolean isInLoop;

    RandomRoutines(final long seed)
    {
        random = new Random(seed);
        floating = new RandomFloatingPoint(random, to, MEMORY, SCRATCH_BYTES, this::rd);
        isTranslated = random.nextInt(5) > 0;
        data();
        begin();
        for (routine = 0; routine < ROUTINES; routine++)
        {
            program.at(start(routine));
            routine();
        }
    }

    byte[] image()
    {
        return program.image();
    }

    private static long start(final int number)
    {
        return SmallProgram.BASE + ROUTINE_BYTES * (number + 1);
    }

    /** Where a routine is by one of the two mappings. */
    private long anyStart(final int number)
    {
        return isTranslated && random.nextBoolean() ?
            SmallProgram.page(CODE_PAGE) + start(number) - SmallProgram.BASE : start(number);
    }

    private void data()
    {
        for (int set = 0; set < 2; set++)
        {
            for (int page = 0; page < DATA_PAGES; page++)
            {
                program.put(SmallProgram.leaf(set, DATA_PAGE + page), anyDataEntry());
            }
            for (int number = 0; number < SUPERPAGES; number++)
            {
                program.put(superpage(set, number), anySuperpageEntry(set, number));
            }
            for (int page = 0; page < (ROUTINES + 1) * ROUTINE_BYTES >> 12; page++)
            {
                program.put(SmallProgram.leaf(set, CODE_PAGE + page),
                    SmallProgram.entry(SmallProgram.BASE + 4096L * page, SmallProgram.ALL));
            }
            program.put(RETURNS + CONSTANTS + set * Long.BYTES, SmallProgram.satp(set, set * random.nextInt(3)));
        }
        for (int at = 0; at < SCRATCH_BYTES; at += Long.BYTES)
        {
            program.put(SCRATCH + at, random.nextLong() >> random.nextInt(64));
        }
    }

    private long anyDataEntry()
    {
        final long flags = random.nextInt(3) == 0 ? random.nextInt(256) : SmallProgram.ALL & ~(long)random.nextInt(256) |
            SmallProgram.V | SmallProgram.R;
        // A leaf, always: no pointer to tables that are none.
        return SmallProgram.entry(
            random.nextInt(8) == 0 ? PLIC : SmallProgram.DATA + 0x4000 + 4096L * random.nextInt(8),
            flags | SmallProgram.R);
    }

    /** Address of the entry of a superpage. */
    private static long superpage(final int set, final int number)
    {
        return number == GIGAPAGE ? SmallProgram.root(set) + 8 * GIGAPAGE : SmallProgram.middle(set) + 8 * (number + 1);
    }

    /** Mostly aligned; at times the table of the next level, whose pages are then accessed. */
    private long anySuperpageEntry(final int set, final int number)
    {
        if (random.nextInt(6) == 0)
        {
            return SmallProgram.entry(
                SmallProgram.root(set) + (number == GIGAPAGE ? 1 : 2) * GuestMemory.PAGE_BYTES, SmallProgram.V);
        }
        final long physical = GuestMemory.BASE +
            (number == GIGAPAGE ? 0 : MEGA_BYTES * (FIRST_FREE_MEGAPAGE + random.nextInt(FREE_MEGAPAGES)));
        final long offset = random.nextInt(6) > 0 ? 0 :
            number == GIGAPAGE ? MEGA_BYTES << random.nextInt(9) : (long)GuestMemory.PAGE_BYTES << random.nextInt(9);
        return SmallProgram.entry(physical + offset, anyDataEntry() & 0xFF);
    }

    private void begin()
    {
        handler();
        to.li(MEMORY, SCRATCH + SCRATCH_BYTES / 2);
        to.li(PLACES, RETURNS);
        to.li(LEAVES, SmallProgram.leaf(0, 0));
        if (isTranslated)
        {
            program.translate(0, 0);
        }
        to.addi(A, 0, INTERRUPTS);
        to.csr(1, 0, SIE, A);
        to.csr(6, 0, SmallProgram.SSTATUS, SUPERVISOR_INTERRUPT_ENABLE);
        final long loop = to.address();
        program.call(start(0));
        to.word(Assembler.jal(0, (int)(loop - to.address())));
    }

    /** Interrupts are taken back; a page of code may be executed again, FS is switched on; all else is skipped. */
    private void handler()
    {
        program.handler(() ->
        {
            to.csr(2, 31, SmallProgram.SCAUSE, 0);
            // A negative cause is an interrupt.
            to.word(Assembler.branch(5, 31, 0, 20));
            to.csr(7, 0, SIP, 2);
            to.addi(30, 0, -1);
            to.csr(1, 0, STIMECMP, 30);
            to.word(SmallProgram.SRET);

            to.addi(30, 0, ILLEGAL_INSTRUCTION);
            to.word(Assembler.branch(SmallProgram.BNE, 31, 30, 28));
            to.li(30, FS);
            to.csr(2, 0, SmallProgram.SSTATUS, 30);
            to.word(SmallProgram.SRET);

            to.addi(30, 0, FETCH_PAGE_FAULT);
            to.word(Assembler.branch(SmallProgram.BNE, 31, 30, 40));
            to.csr(2, 31, SmallProgram.STVAL, 0);
            to.i(Assembler.OP_IMM, 1, 31, 31, 43);
            to.i(Assembler.OP_IMM, 5, 31, 31, 55);
            to.i(Assembler.OP_IMM, 1, 31, 31, 3);
            to.r(Assembler.OP, 0, 0, 31, 31, LEAVES);
            to.ld(30, 31, 0);
            to.i(Assembler.OP_IMM, 6, 30, 30, (int)(SmallProgram.V | SmallProgram.X));
            to.sd(30, 31, 0);
            to.word(SmallProgram.SRET);

            to.csr(2, 31, SmallProgram.SEPC, 0);
            to.addi(31, 31, 4);
            to.csr(1, 0, SmallProgram.SEPC, 31);
        });
    }

    private void routine()
    {
        to.sd(SmallProgram.RETURN_ADDRESS, PLACES, routine * Long.BYTES);
        for (int i = 0; i < PATCHES; i++)
        {
            to.word(patch());
        }
        isInLoop = false;
        for (int i = 0; i < STATEMENTS; i++)
        {
            statement();
        }
        to.ld(SmallProgram.RETURN_ADDRESS, PLACES, routine * Long.BYTES);
        program.ret();
    }

    private void statement()
    {
        switch (random.nextInt(isTranslated ? 34 : 26))
        {
            case 0, 1, 2, 3 -> compute();
            case 4, 5, 6 -> access();
            case 7, 8, 9, 10, 11 -> floating.instruction();
            case 12, 13 -> over();
            case 14, 15 -> loop();
            case 16, 17, 18 -> call();
            case 19 -> replaceCode();
            case 20 -> to.word(SmallProgram.FENCE_I);
            case 21 -> changeStatus();
            case 22 -> to.csr(6, 0, SIP, 2);
            case 23 -> timer();
            case 24 -> accessNowhere();
            case 25 -> to.word(0x1200_0073 | (random.nextBoolean() ? A << 15 : 0) | (random.nextBoolean() ? B << 20 : 0));
            case 26, 27, 28, 29 -> accessPage();
            case 30, 31 -> changeData();
            case 32 -> changeCodeEntry();
            default -> changeAddressSpace();
        }
    }

    private void compute()
    {
        switch (random.nextInt(4))
        {
            case 0 -> to.r(Assembler.OP, random.nextInt(8), random.nextInt(2), rd(), rs(), rs());
            case 1 -> to.r(Assembler.OP_32, 0, 0x20 * random.nextInt(2), rd(), rs(), rs());
            case 2 -> to.i(Assembler.OP_IMM, new int[]{0, 2, 3, 4, 6, 7}[random.nextInt(6)], rd(), rs(),
                random.nextInt(4096) - 2048);
            default -> to.cr(random.nextBoolean() ? 8 : 12, rd(), rd());
        }
    }

    private void access()
    {
        access(MEMORY, -SCRATCH_BYTES / 2 + 8 * random.nextInt(SCRATCH_BYTES / 8));
    }

    private void access(final int register, final int offset)
    {
        switch (random.nextInt(5))
        {
            case 0, 1 -> to.i(Assembler.LOAD, random.nextInt(7), rd(), register, offset);
            case 2, 3 -> to.store(random.nextInt(4), rs(), register, offset);
            default ->
            {
                to.addi(C, register, offset);
                final int function = new int[]{0, 1, 2, 3, 4, 8, 12}[random.nextInt(7)];
                to.r(Assembler.AMO, 2 + random.nextInt(2), function << 2, rd(), C, function == 2 ? 0 : rs());
            }
        }
    }

    /** Without translation this is a device or nothing, with translation nothing is mapped there. */
    private void accessNowhere()
    {
        to.li(A, random.nextBoolean() ? PLIC + 4 : random.nextInt(0x1000_0000) & ~7L);
        access(A, 0);
    }

    /** Mostly within a page, and aligned. */
    private void accessPage()
    {
        final int within = random.nextInt(4) == 0 ? 4096 - 1 - random.nextInt(8) : 8 * random.nextInt(512);
        to.li(A, anyTable() + SmallProgram.page(DATA_PAGE + random.nextInt(DATA_PAGES)) - SmallProgram.WINDOW + within);
        access(A, 0);
    }

    /** Where the pages of the window are, or a superpage. */
    private long anyTable()
    {
        final int number = random.nextInt(3 * SUPERPAGES);
        return number > GIGAPAGE ? SmallProgram.WINDOW :
            number < GIGAPAGE ? SmallProgram.WINDOW + MEGA_BYTES * (number + 1) :
            GIGAPAGE_ADDRESS + MEGA_BYTES * (FIRST_FREE_MEGAPAGE + random.nextInt(FREE_MEGAPAGES));
    }

    /** Branches or jumps over some statements. */
    private void over()
    {
        final long from = to.address();
        final int kind = random.nextInt(4);
        final int condition = new int[]{0, 1, 4, 5, 6, 7}[random.nextInt(6)];
        final int left = rs();
        final int right = rs();
        program.at(from + (kind == 0 ? 8 : 4));
        for (int i = random.nextInt(3); i >= 0; i--)
        {
            compute();
            floating.instruction();
        }
        final long behind = to.address();
        program.at(from);
        if (kind == 0)
        {
            to.u(Assembler.AUIPC, A, 0);
            to.jalr(0, A, (int)(behind - from));
        }
        else
        {
            to.word(kind == 1 ? Assembler.jal(0, (int)(behind - from)) :
                Assembler.branch(condition, left, right, (int)(behind - from)));
        }
        program.at(behind);
    }

    private void loop()
    {
        if (isInLoop)
        {
            compute();
            return;
        }
        isInLoop = true;
        program.repeat(FIRST_COUNTER + routine, 1 + random.nextInt(12), () ->
        {
            for (int i = 1 + random.nextInt(4); i >= 0; i--)
            {
                statement();
            }
        });
        isInLoop = false;
    }

    private void call()
    {
        if (routine == ROUTINES - 1)
        {
            floating.instruction();
            return;
        }
        final int callee = routine + 1 + random.nextInt(ROUTINES - 1 - routine);
        if (random.nextBoolean())
        {
            program.call(start(callee));
        }
        else
        {
            to.li(A, anyStart(callee));
            program.callThrough(A);
        }
    }

    /** One instruction of four bytes or two of two. */
    private int patch()
    {
        return switch (random.nextInt(3))
        {
            case 0 -> random.nextInt(4096) << 20 | rd() << 15 | rd() << 7 | Assembler.OP_IMM;
            case 1 -> rd() << 20 | rd() << 15 | 4 << 12 | rd() << 7 | Assembler.OP;
            // c.addi and c.nop.
            default -> 1 << 16 | 8 + random.nextInt(8) << 7 | (1 + random.nextInt(31)) << 2 | 1;
        };
    }

    private void replaceCode()
    {
        to.li(A, anyStart(random.nextInt(ROUTINES)) + 4 + 4 * random.nextInt(PATCHES));
        to.li(B, patch() & 0xFFFF_FFFFL);
        to.store(2, B, A, 0);
    }

    /** FS becomes each of Off, Initial, Clean and Dirty. */
    private void changeStatus()
    {
        to.li(A, switch (random.nextInt(4))
        {
            case 0 -> (1L + random.nextInt(3)) * INITIAL;
            case 1 -> MXR;
            default -> SUM;
        });
        to.csr(2 + random.nextInt(2), 0, SmallProgram.SSTATUS, A);
    }

    private void timer()
    {
        to.csr(2, A, TIME, 0);
        to.addi(A, A, random.nextInt(40));
        to.csr(1, 0, STIMECMP, A);
    }

    private void changeData()
    {
        final int set = random.nextInt(2);
        final int number = random.nextInt(3 * SUPERPAGES);
        final boolean isSuperpage = number < SUPERPAGES;
        to.li(A, isSuperpage ? superpage(set, number) : SmallProgram.leaf(set, DATA_PAGE + random.nextInt(DATA_PAGES)));
        to.li(B, isSuperpage ? anySuperpageEntry(set, number) : anyDataEntry() | (random.nextInt(3) == 0 ? USER : 0));
        to.sd(B, A, 0);
    }

    /** Takes validity, the permission to execute or the accessed bit from a page of code. */
    private void changeCodeEntry()
    {
        final long bit = new long[]{SmallProgram.V, SmallProgram.X, SmallProgram.A}[random.nextInt(3)];
        final int page = random.nextInt((int)((ROUTINES + 1) * ROUTINE_BYTES >> 12));
        // Of the first set alone, which the handler knows.
        to.li(A, SmallProgram.leaf(0, CODE_PAGE + page));
        to.ld(B, A, 0);
        to.i(Assembler.OP_IMM, 7, B, B, (int)~bit);
        to.sd(B, A, 0);
    }

    private void changeAddressSpace()
    {
        to.ld(A, PLACES, CONSTANTS + Long.BYTES * random.nextInt(2));
        to.csr(1, 0, SmallProgram.SATP, A);
    }

    /** x8 to x17. */
    private int rd()
    {
        return 8 + random.nextInt(10);
    }

    private int rs()
    {
        return random.nextInt(8) == 0 ? 0 : rd();
    }
}
