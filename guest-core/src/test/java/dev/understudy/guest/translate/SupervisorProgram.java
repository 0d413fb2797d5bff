package dev.understudy.guest.translate;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Random;

/**
 * Random slots for S-mode and U-mode under random page tables; see {@link SupervisorImage}.
 * <p>
 * Control only goes forward to the slot's end, which is a breakpoint; a jump leads to one, too, or to an instruction that
 * does nothing and lies across two pages. Left out is what the specification leaves open and QEMU 7.2 decides
 * otherwise: see the comments that begin with "Not".
 */
final class SupervisorProgram
{
    static final int SLOTS = 24;

    private static final int PAGE_BYTES = 4096;
    private static final int CODE_PAGES = 2;
    private static final int DATA_PAGES = 3;
    private static final int FIRST_TABLE = CODE_PAGES + DATA_PAGES + 1;
    static final int BLOCK_BYTES = (FIRST_TABLE + RandomPageTables.PAGES) * PAGE_BYTES;

    /** Every page begins with these many bytes of breakpoints; stores across pages keep them so. */
    private static final int LANDING_BYTES = 64;
    private static final short BREAKPOINT = (short)0x9002;

    /** The register that stores across pages write. */
    private static final int ACROSS_DATA = 31;
    private static final long BREAKPOINTS = 0x9002_9002_9002_9002L;

    /** The low half of an instruction that has no effect, whatever its high half is. */
    private static final short ACROSS = 0x0013;

    private static final long SIE = 1 << 1;
    private static final long SPIE = 1 << 5;
    private static final long SPP = 1 << 8;
    private static final long FS = 3 << 13;
    private static final long SUM = 1 << 18;
    private static final long MXR = 1 << 19;
    private static final long VS = 3 << 9;
    private static final long UXL = 3L << 32;

    private static final int CSRRW = 1;
    private static final int CSRRS = 2;
    private static final int CSRRC = 3;
    private static final int CSRRSI = 6;
    private static final int CSRRCI = 7;
    private static final int WFI = 0x1050_0073;
    private static final int SSIP = 2;
    private static final int SSIE = 2;
    private static final int HTIMEDELTA = 0x605;
    private static final int STIMECMP = 0x14D;

    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int A6 = 16;
    private static final int A7 = 17;

    private final long seed;
    private final Random random;
    private final ByteBuffer memory;
    private final long base;
    private final int block;
    private final Assembler to;
    private final RandomPageTables tables;
    private final long[][] slots = new long[SLOTS][];
    private final String[] listings = new String[SLOTS];
    private final int[] codeEnds = {LANDING_BYTES, LANDING_BYTES};
    private final boolean isPaged;

    /** Of the slot that is being written. */
    private long[] slot;
    private boolean isUser;
    private int taken;
    private boolean staysMapped;

    /**
     * @param memory takes the program's block
     * @param base   address of the buffer's first byte
     * @param block  offset of the block, a multiple of a page
     */
    SupervisorProgram(final long seed, final ByteBuffer memory, final long base, final int block)
    {
        this.seed = seed;
        this.memory = memory;
        this.base = base;
        this.block = block;
        random = new Random(seed);
        to = new Assembler(memory, base);
        for (int page = 0; page < FIRST_TABLE; page++)
        {
            for (int i = 0; i < PAGE_BYTES; i += 2)
            {
                final boolean isBreakpoint = page < CODE_PAGES || i < LANDING_BYTES;
                memory.putShort(block + page * PAGE_BYTES + i, isBreakpoint ? BREAKPOINT : (short)random.nextInt());
            }
        }
        for (int page = 0; page < CODE_PAGES; page++)
        {
            memory.putShort(block + (page + 1) * PAGE_BYTES - 2, ACROSS);
        }
        tables = new RandomPageTables(random, memory, base, base + block + FIRST_TABLE * PAGE_BYTES, base + block,
            0, 1, 2, 3, 4);
        isPaged = random.nextInt(8) > 0;
        for (int i = 0; i < SLOTS; i++)
        {
            slots[i] = write(i);
        }
    }

    long seed()
    {
        return seed;
    }

    /** State of a slot, as {@link SupervisorImage} describes it. */
    long[] slot(final int number)
    {
        return slots[number];
    }

    /** The slot's instructions in hexadecimal, with its mode. */
    String listing(final int number)
    {
        return listings[number];
    }

    private long[] write(final int number)
    {
        slot = new long[SupervisorImage.SLOT_LONGS];
        taken = 1;
        staysMapped = number == 0;
        for (int i = 1; i < 32; i++)
        {
            slot[i] = value();
        }
        slot[ACROSS_DATA] = BREAKPOINTS;
        isUser = number > 0 && random.nextInt(5) < 2;
        // Not vectored where OpenSBI hands a trap on: it leaves the mode of stvec in the address that it returns to.
        final boolean isVectored = random.nextInt(5) == 0;
        final int page = random.nextInt(CODE_PAGES);
        final int start = block + page * PAGE_BYTES + codeEnds[page];
        memory.position(start);
        if (number == 0)
        {
            clearFloatingPoint();
        }
        for (int i = 1 + random.nextInt(3); i > 0; i--)
        {
            if (isVectored)
            {
                interruptAction();
            }
            else
            {
                action();
            }
        }
        if (!isVectored)
        {
            finish();
        }
        to.half(BREAKPOINT);
        codeEnds[page] = memory.position() - block - page * PAGE_BYTES;
        slot[SupervisorImage.SLOT_PC] = entry(page, start, isVectored);
        slot[SupervisorImage.SLOT_STATUS_CLEAR] = number == 0 ? -1 :
            SPP | SPIE | (random.nextInt(3) == 0 ? SUM | MXR | FS : 0);
        slot[SupervisorImage.SLOT_STATUS_SET] = (isUser ? 0 : SPP) | (random.nextInt(3) == 0 ? SPIE : 0) |
            (random.nextInt(4) == 0 ? SUM : 0) | (random.nextInt(4) == 0 ? MXR : 0) |
            (number == 0 || random.nextInt(4) == 0 ? FS : random.nextInt(4) << 13);
        slot[SupervisorImage.SLOT_SATP] = isPaged ? tables.satp() : 0;
        slot[SupervisorImage.SLOT_VECTORED] = isVectored ? 1 : 0;
        slot[SupervisorImage.SLOT_RESET] = number == 0 || random.nextInt(5) == 0 ? 1 : 0;

        final StringBuilder listing = new StringBuilder(isUser ? "U" : "S");
        for (int at = start; at < memory.position(); at += 2)
        {
            listing.append(String.format(Locale.ROOT, " %04x", memory.getShort(at) & 0xFFFF));
        }
        listings[number] = listing.toString();
        return slot;
    }

    private long entry(final int page, final int start, final boolean isRight)
    {
        final int offset = start & PAGE_BYTES - 1;
        // Not code that changes its own mapping: QEMU goes on with what it has translated.
        if (!isPaged || staysMapped || (!isUser && random.nextInt(5) < 3))
        {
            return base + start;
        }
        if (!isRight && random.nextInt(12) == 0)
        {
            return tables.any().address() + LANDING_BYTES / 2;
        }
        return tables.good(page, isUser).address() + offset;
    }

    private void action()
    {
        switch (random.nextInt(30))
        {
            case 0, 1, 2, 3, 4, 5, 6 -> access();
            case 7, 8 -> atomic();
            case 9, 10, 11 -> csr();
            case 12 -> jump();
            case 13 -> to.word(illegal());
            case 14, 15 -> interrupt();
            case 16 -> timer();
            case 17 -> fence();
            case 18, 19 -> changeTable();
            case 20 -> waitForInterrupt();
            case 21 -> floatingPoint();
            case 22 -> call();
            case 23 -> savedCsr();
            case 24, 25 -> permitted();
            case 26 -> untranslated();
            default -> anyInstruction();
        }
    }

    /** What the firmware or the program before has left. */
    private void clearFloatingPoint()
    {
        for (int register = 0; register < 32; register++)
        {
            to.r(Assembler.OP_FP, 0, 0x79, register, 0, 0);
        }
        to.csr(CSRRW, 0, Assembler.FCSR, 0);
    }

    private void interruptAction()
    {
        if (isUser)
        {
            to.ecall();
            return;
        }
        switch (random.nextInt(4))
        {
            case 0 -> timer();
            case 1 -> waitForInterrupt();
            default -> interrupt();
        }
    }

    private void finish()
    {
        switch (random.nextInt(12))
        {
            case 0, 1, 2 -> to.half(BREAKPOINT);
            case 3 ->
            {
                if (isUser)
                {
                    to.ecall();
                }
            }
            case 4 -> to.word(illegal());
            case 5, 6 -> returnFromTrap();
            case 7 -> jump();
            default -> to.word(0x0010_0073);
        }
    }

    /** A register that holds this value when the slot begins, x0 to x30; those that calls use are left alone. */
    private int register(final long value)
    {
        while (taken < 31)
        {
            final int candidate = taken++;
            if (candidate != A0 && candidate != A1 && candidate != A6 && candidate != A7)
            {
                slot[candidate] = value;
                return candidate;
            }
        }
        return 0;
    }

    /** A register for a result: not one with a value that is still wanted. */
    private int result()
    {
        return 24 + random.nextInt(7);
    }

    /**
     * Address of a byte of a page.
     *
     * @param isWritten    whether it may be written to
     * @param isMisaligned whether the access to it is. Not where there is no RAM: QEMU reports an aligned address then;
     *                     nor a store that ends there: QEMU writes its first bytes
     */
    private long address(final int offset, final boolean isWritten, final boolean isMisaligned)
    {
        if (!isPaged)
        {
            final int kind = isMisaligned ? 2 : random.nextInt(10);
            return kind == 0 ? 0x9000_0000L + offset : kind == 1 ? 0x1_8000_0000L + offset :
                base + block + (CODE_PAGES + random.nextInt(DATA_PAGES)) * PAGE_BYTES + offset;
        }
        RandomPageTables.Target target = tables.any();
        while (isWritten && isCode(target) ||
            isMisaligned && (target.isNowhere() || tables.isBeforeNowhere(target)))
        {
            target = tables.any();
        }
        return target.address() + offset;
    }

    private static boolean isCode(final RandomPageTables.Target target)
    {
        return target.page() >= 0 && target.page() < CODE_PAGES;
    }

    /** An offset from which this many bytes are neither breakpoints nor beyond the page. */
    private int dataOffset(final int bytes)
    {
        final int offset = LANDING_BYTES + random.nextInt(PAGE_BYTES - LANDING_BYTES - bytes + 1);
        return random.nextInt(3) == 0 ? offset : offset & -bytes;
    }

    private void access()
    {
        final boolean isStore = random.nextInt(5) < 2;
        final boolean isFloating = random.nextInt(8) == 0;
        final int width = isFloating ? 2 + random.nextInt(2) : random.nextInt(4);
        final int bytes = 1 << width;
        final boolean isAcross = bytes > 1 && random.nextInt(6) == 0;
        final int offset = isAcross ? PAGE_BYTES - 1 - random.nextInt(bytes - 1) : dataOffset(bytes);
        final int immediate = random.nextBoolean() ? 0 : random.nextInt(4096) - 2048;
        final int pointer = register(address(offset, isStore, (offset & bytes - 1) != 0) - immediate);
        if (isStore)
        {
            if (isFloating && !isAcross)
            {
                to.storeFloating(width, random.nextInt(32), pointer, immediate);
            }
            else
            {
                to.store(width, isAcross ? ACROSS_DATA : random.nextInt(31), pointer, immediate);
            }
        }
        else if (isFloating)
        {
            to.loadFloating(width, random.nextInt(32), pointer, immediate);
        }
        else
        {
            to.i(Assembler.LOAD, width == 3 ? 3 : width + 4 * random.nextInt(2), result(), pointer, immediate);
        }
    }

    /** Accesses under other permissions. */
    private void permitted()
    {
        final long bits = random.nextInt(3) == 0 ? SUM | MXR : random.nextBoolean() ? SUM : MXR;
        if (!isUser)
        {
            to.csr(CSRRS + random.nextInt(2), result(), SupervisorImage.SSTATUS, register(bits));
        }
        access();
    }

    /** Accesses without translation, and with it again. */
    private void untranslated()
    {
        if (isUser)
        {
            return;
        }
        staysMapped = true;
        final int old = register(0);
        to.csr(CSRRW, old, SupervisorImage.SATP, 0);
        to.ld(result(), register(base + block + (CODE_PAGES + 1) * PAGE_BYTES + dataOffset(8)), 0);
        to.csr(CSRRW, 0, SupervisorImage.SATP, old);
        access();
    }

    /** One that computes, right or reserved, or one that the reserved 16-bit encodings have. */
    private void anyInstruction()
    {
        if (random.nextInt(4) == 0)
        {
            final int[] reserved = {0, 0x0004, 0x8000 | random.nextInt(0x800) << 2, 0x2001, 0x6001 | result() << 7,
                0x6101, 0x4002, 0x6002, 0x8002, 0x9C41, 0x9C61};
            to.half(reserved[random.nextInt(reserved.length)]);
            return;
        }
        final int[] opcodes = {Assembler.OP, Assembler.OP, Assembler.OP_32, Assembler.OP_IMM, Assembler.OP_IMM_32,
            Assembler.OP_FP, Assembler.OP_FP, Assembler.OP_FP, Assembler.FMADD, 0x0F};
        final int funct7 = random.nextInt(3) == 0 ? random.nextInt(128) :
            new int[]{0, 1, 0x20, 0x50, 0x51, 0x10, 0x11, 0x60, 0x61, 0x68, 0x69, 0x70, 0x71, 0x14, 0x15, 0x20, 0x21}[
                random.nextInt(17)];
        final int opcode = opcodes[random.nextInt(opcodes.length)];
        if (opcode == Assembler.OP_FP && ((funct7 & 0x7E) == 0x50 || (funct7 & 0x7E) == 0x60))
        {
            // Not comparisons and conversions to integers while FS is not Dirty: with QEMU new flags do not make it so.
            to.r(Assembler.OP_FP, 0, 0x79, random.nextInt(32), 0, 0);
        }
        to.r(opcode, random.nextInt(8), funct7, result(),
            random.nextInt(32), random.nextInt(random.nextBoolean() ? 4 : 32));
    }

    private void atomic()
    {
        final int width = 2 + random.nextInt(2);
        final int bytes = 1 << width;
        final int misaligned = random.nextInt(8) == 0 ? 1 + random.nextInt(bytes - 1) : 0;
        final int pointer = register(atomicAddress((dataOffset(bytes) & -bytes) + misaligned));
        if (random.nextInt(3) == 0)
        {
            // Not SC alone: whether it faults without a reservation is open.
            to.r(Assembler.AMO, width, 2 << 2 | random.nextInt(4), result(), pointer, 0);
            to.r(Assembler.AMO, width, 3 << 2 | random.nextInt(4), result(), pointer, random.nextInt(31));
        }
        else
        {
            final int function = new int[]{0, 1, 4, 8, 12, 16, 20, 24, 28}[random.nextInt(9)];
            to.r(Assembler.AMO, width, function << 2 | random.nextInt(4), result(), pointer, random.nextInt(31));
        }
    }

    /** Not atomics where there is no RAM: QEMU reports the fault of a load. */
    private long atomicAddress(final int offset)
    {
        if (!isPaged)
        {
            return base + block + (CODE_PAGES + random.nextInt(DATA_PAGES)) * PAGE_BYTES + offset;
        }
        RandomPageTables.Target target = tables.any();
        while (target.isNowhere() || isCode(target))
        {
            target = tables.any();
        }
        return target.address() + offset;
    }

    private void jump()
    {
        final boolean isAcross = random.nextInt(4) == 0;
        RandomPageTables.Target target = tables.any();
        // Not an instruction whose second half is where there is no RAM: QEMU aborts.
        while (isAcross && (target.page() >= CODE_PAGES || tables.isBeforeNowhere(target)))
        {
            target = tables.any();
        }
        final int offset = isAcross ? PAGE_BYTES - 2 : 8 + random.nextInt(48);
        final int page = isAcross ? random.nextInt(CODE_PAGES) : random.nextInt(CODE_PAGES + DATA_PAGES);
        final long address = !isPaged ? base + block + page * PAGE_BYTES + offset :
            target.page() < 0 && isAcross ? target.address() + 8 : target.address() + offset;
        forgetAccesses();
        if (random.nextInt(4) == 0)
        {
            to.cr(random.nextBoolean() ? 8 : 12, register(address), 0);
            return;
        }
        final int immediate = random.nextInt(4096) - 2048;
        to.jalr(random.nextBoolean() ? 0 : result(), register(address - immediate), immediate);
    }

    /** Not a jump of S-mode to a page of U-mode that it has accessed with SUM: QEMU executes it. */
    private void forgetAccesses()
    {
        if (!isUser)
        {
            to.word(SupervisorImage.SFENCE_VMA);
        }
    }

    private void returnFromTrap()
    {
        forgetAccesses();
        final int pc = register(address(8 + random.nextInt(24) * 2, false, false));
        to.csr(CSRRW, 0, SupervisorImage.SEPC, pc);
        to.csr(CSRRS + random.nextInt(2), 0, SupervisorImage.SSTATUS, register(SPP));
        to.csr(CSRRS + random.nextInt(2), 0, SupervisorImage.SSTATUS, register(SPIE));
        to.word(SupervisorImage.SRET);
    }

    private void csr()
    {
        final int funct3 = CSRRW + random.nextInt(3);
        final boolean isImmediate = random.nextInt(4) == 0;
        switch (random.nextInt(13))
        {
            case 0, 1, 2 ->
            {
                // Not UXL: QEMU has 32-bit user programs, here the field is read-only. Nor VS, which QEMU keeps without V.
                final long any = value() & ~(UXL | VS);
                change(SupervisorImage.SSTATUS, funct3, isImmediate, funct3 == CSRRW ? any | 2L << 32 : any);
            }
            case 3 -> change(SupervisorImage.SIE, funct3, isImmediate, value());
            case 4 -> change(SupervisorImage.SIP, funct3, isImmediate, value());
            case 5 -> change(0x142, funct3, isImmediate, value());
            case 6 -> change(0x143, funct3, isImmediate, value());
            // Not odd addresses: QEMU keeps the lowest bit.
            case 7 -> change(SupervisorImage.SEPC, funct3, false, value() & ~1L);
            // Not the counters that are not there, which QEMU lets be enabled, nor the fields of Zicbom.
            case 8 -> change(SupervisorImage.SCOUNTEREN, funct3, isImmediate, value() & 7);
            case 9 -> change(SupervisorImage.SENVCFG, funct3, false, value() & 1);
            case 10 -> floatingPointCsr();
            case 11 -> counter();
            default -> unknownCsr(funct3);
        }
    }

    /** Not CSRRS and CSRRC with a zero in a register, which are no writes for QEMU. */
    private void floatingPointCsr()
    {
        final long any = value();
        change(1 + random.nextInt(3), CSRRW + random.nextInt(3), random.nextInt(4) == 0, any == 0 ? 1 : any);
    }

    private void change(final int number, final int funct3, final boolean isImmediate, final long value)
    {
        final boolean fitsImmediate = isImmediate && number != SupervisorImage.SSTATUS &&
            number != SupervisorImage.SCOUNTEREN;
        to.csr(fitsImmediate ? funct3 + 4 : funct3, result(), number,
            fitsImmediate ? random.nextInt(32) : random.nextInt(8) == 0 ? 0 : register(value));
        to.csr(CSRRS, result(), number, 0);
    }

    /**
     * Not their values: they are no function of the program. Nor {@code time} in U-mode: OpenSBI emulates it, whatever
     * {@code scounteren} says. Nor CSRRS with a zero in a register, which QEMU lets pass.
     */
    private void counter()
    {
        final int number = 0xC00 + (isUser ? 2 * random.nextInt(2) : random.nextInt(3));
        to.csr(CSRRS, 0, number, random.nextInt(4) == 0 ? register(1) : 0);
    }

    /** Not {@code htimedelta}: OpenSBI emulates it without the hypervisor extension. */
    private void unknownCsr(final int funct3)
    {
        int number;
        do
        {
            number = random.nextInt(4096) & (random.nextBoolean() ? -1 : ~0x200);
        }
        while (isKnown(number));
        to.csr(funct3, result(), number, random.nextInt(32));
    }

    private static boolean isKnown(final int number)
    {
        return switch (number)
        {
            case 1, 2, 3, 0x100, 0x104, 0x105, 0x106, 0x10A, 0x140, 0x141, 0x142, 0x143, 0x144, STIMECMP, 0x180,
                HTIMEDELTA, 0xC00, 0xC01, 0xC02 -> true;
            default -> false;
        };
    }

    /** CSRs that the handler needs as they are: written, read back and restored. */
    private void savedCsr()
    {
        final int old = register(0);
        switch (random.nextInt(3))
        {
            case 0 -> saved(SupervisorImage.STVEC, old, value());
            case 1 -> saved(SupervisorImage.SSCRATCH, old, value());
            default ->
            {
                // Not modes 9 and 10: QEMU has Sv48 and Sv57. Nor ASIDs, which are not implemented here.
                final long mode = new long[]{1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15}[random.nextInt(12)];
                saved(SupervisorImage.SATP, old, mode << 60 | random.nextLong() & (1L << 60) - 1);
            }
        }
    }

    private void saved(final int number, final int old, final long value)
    {
        to.csr(CSRRW, old, number, register(value));
        to.csr(CSRRS, result(), number, 0);
        to.csr(CSRRW, 0, number, old);
    }

    private void interrupt()
    {
        if (random.nextBoolean())
        {
            to.csr(random.nextInt(4) > 0 ? CSRRSI : CSRRCI, 0, SupervisorImage.SIP, SSIP);
        }
        if (random.nextBoolean())
        {
            to.csr(random.nextInt(4) > 0 ? CSRRS : CSRRC, result(), SupervisorImage.SIE,
                register(random.nextInt(3) == 0 ? -1 : 1L << new int[]{1, 5, 9}[random.nextInt(3)]));
        }
        if (random.nextBoolean())
        {
            to.csr(random.nextInt(4) > 0 ? CSRRSI : CSRRCI, 0, SupervisorImage.SSTATUS, (int)SIE);
        }
    }

    private void timer()
    {
        final boolean isPast = random.nextInt(3) > 0;
        if (random.nextBoolean())
        {
            to.csr(CSRRW, 0, STIMECMP, register(isPast ? random.nextInt(3) : -1));
            return;
        }
        to.addi(A0, 0, isPast ? random.nextInt(3) : -1);
        environmentCall(0x5449_4D45, 0);
    }

    private void call()
    {
        if (isUser)
        {
            to.ecall();
            return;
        }
        switch (random.nextInt(6))
        {
            case 0 ->
            {
                to.addi(A0, 0, random.nextInt(2));
                to.addi(A1, 0, -random.nextInt(2));
                environmentCall(0x0073_5049, 0);
            }
            case 1 ->
            {
                to.addi(A0, 0, 1);
                to.addi(A1, 0, 0);
                environmentCall(0x5246_4E43, random.nextInt(3));
            }
            case 2 ->
            {
                to.addi(A0, 0, 0);
                environmentCall(0x0048_534D, 2);
            }
            case 3 -> environmentCall(0x5449_4D45, 1 + random.nextInt(5));
            case 4 ->
            {
                to.li(A0, new int[]{0x5449_4D45, 0x0073_5049, 0x5246_4E43, 0x0048_534D, 0x5352_5354, 0x1234_5678}[
                    random.nextInt(6)]);
                environmentCall(0x10, 3);
            }
            default -> environmentCall(0x0900_0000 + random.nextInt(0x1000), random.nextInt(8));
        }
    }

    private void environmentCall(final int extension, final int function)
    {
        to.addi(A6, 0, function);
        to.li(A7, extension);
        to.ecall();
    }

    private void fence()
    {
        to.r(Assembler.SYSTEM, 0, 9, random.nextInt(20) == 0 ? 1 : 0,
            random.nextBoolean() ? 0 : register(address(0, false, false)), random.nextBoolean() ? 0 : register(value() & 0xFFFF));
        if (random.nextInt(4) == 0)
        {
            to.word(random.nextBoolean() ? 0x0000_100F : 0x0FF0_000F);
        }
    }

    /** Writes a leaf through the mapping of the handler, and makes that known; then uses it. */
    private void changeTable()
    {
        final RandomPageTables.Target target = tables.any();
        if (!isPaged || isUser || target.entry() == 0 || target.isOpen())
        {
            access();
            return;
        }
        staysMapped = true;
        to.sd(register(tables.changed(target)), register(target.entry()), 0);
        to.r(Assembler.SYSTEM, 0, 9, 0, random.nextBoolean() ? 0 : register(target.address()), 0);
        final int pointer = register(target.address() + (dataOffset(8) & -8));
        if (isCode(target) || target.page() < 0 || random.nextBoolean())
        {
            to.ld(result(), pointer, 0);
        }
        else
        {
            to.sd(random.nextInt(31), pointer, 0);
        }
    }

    private void waitForInterrupt()
    {
        to.csr(CSRRSI, 0, SupervisorImage.SIP, SSIP);
        to.csr(CSRRSI, 0, SupervisorImage.SIE, SSIE);
        to.word(WFI);
    }

    private void floatingPoint()
    {
        final int register = random.nextInt(32);
        switch (random.nextInt(4))
        {
            case 0 -> to.r(Assembler.OP_FP, 0, 0x79, register, random.nextInt(31), 0);
            case 1 -> to.r(Assembler.OP_FP, 0, 0x71, result(), register, 0);
            case 2 -> to.r(Assembler.OP_FP, random.nextInt(8), random.nextInt(2), register, random.nextInt(32),
                random.nextInt(32));
            default -> floatingPointCsr();
        }
    }

    /** An instruction of four bytes that is of no extension that both machines have, or not for S-mode. */
    private int illegal()
    {
        final int any = random.nextInt() & ~0x7F;
        return switch (random.nextInt(9))
        {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> any | new int[]{0x0B, 0x2B, 0x5B, 0x7B, 0x57, 0x77, 0x6B}[random.nextInt(7)];
            case 3 -> new int[]{0x3020_0073, 0x0020_0073, 0x7B20_0073, 0x7020_0073}[random.nextInt(4)];
            case 4 -> any & ~0x7000 | 0x4073;
            case 5 -> any & 0x01FF_8F80 | 0x2233 | (2 + random.nextInt(30)) << 25;
            case 6 -> any & ~0x7000 | (random.nextBoolean() ? 0x7003 : 0x4023 + (random.nextInt(4) << 12));
            case 7 -> any & ~0x7000 | 0x2F | new int[]{0, 1, 4, 5, 6, 7}[random.nextInt(6)] << 12;
            default -> any & 0x01FF_8F80 | 0x73 | new int[]{0x0B, 0x13, 0x18, 0x22, 0x31, 0x51}[random.nextInt(6)] << 25;
        };
    }

    private long value()
    {
        return switch (random.nextInt(5))
        {
            case 0 -> random.nextInt(4096) - 2048;
            case 1 -> 1L << random.nextInt(64);
            case 2 -> (random.nextBoolean() ? -1L : 1L) * base + random.nextInt(1 << 20);
            default -> random.nextLong();
        };
    }
}
