package dev.understudy.guest.translate;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A kernel for S-mode that runs many {@link SupervisorProgram}s one after the other and notes every trap in memory.
 * <p>
 * A program is a row of slots: a few instructions each, with a state to start from. A slot ends with its first trap. The
 * trap handler writes a record of all registers and CSRs, sets up the state of the next slot and returns into it. So
 * whatever a slot does, the next one follows, and a run is the row of records and the memory that it leaves.
 * <pre>
 *   BASE      +0x1000         +0x2000
 *   +---------+---------------+-------+---------+----------+----------+----
 *   | handler | control block | slots | records | blocks of the programs ...
 *   +---------+---------------+-------+---------+----------+----------+----
 * </pre>
 */
final class SupervisorImage
{
    static final long BASE = 0x8020_0000L;

    /** What a slot's state is in a descriptor, as indices of longs; those from 1 to 31 are registers. */
    static final int SLOT_PC = 0;
    static final int SLOT_STATUS_CLEAR = 32;
    static final int SLOT_STATUS_SET = 33;
    static final int SLOT_SATP = 34;
    static final int SLOT_VECTORED = 35;
    static final int SLOT_RESET = 36;
    static final int SLOT_LONGS = 37;

    /** What a record holds in its first long: the number of the entry of the vector by which the trap came. */
    static final int VECTOR = 0;
    static final int FIRST_CSR = 32;
    static final int[] CSRS = {0x142, 0x141, 0x143, 0x100, 0x104, 0x144, 0x180, 0x106, 0x10A, 0x105};
    static final String[] CSR_NAMES =
        {"scause", "sepc", "stval", "sstatus", "sie", "sip", "satp", "scounteren", "senvcfg", "stvec"};
    static final int RECORD_LONGS = FIRST_CSR + CSRS.length;

    static final int SSTATUS = 0x100;
    static final int SIE = 0x104;
    static final int STVEC = 0x105;
    static final int SCOUNTEREN = 0x106;
    static final int SENVCFG = 0x10A;
    static final int SSCRATCH = 0x140;
    static final int SEPC = 0x141;
    static final int SIP = 0x144;
    static final int SATP = 0x180;
    static final int SRET = 0x1020_0073;
    static final int SFENCE_VMA = 0x1200_0073;

    /** As OpenSBI hands over, but for FS. */
    static final long SCOUNTEREN_ALL = 7;

    /** How often each slot runs in a row: translators want to see code more than once. */
    private static final int REPEATS = 3;
    private static final int SLOTS_OF_A_PROGRAM = SupervisorProgram.SLOTS * REPEATS;

    private static final int CONTROL_OFFSET = 0x1000;
    private static final int SLOTS_OFFSET = 0x2000;

    /** Fields of the control block. */
    private static final int NEXT_RECORD = 0;
    private static final int NEXT_SLOT = 8;
    private static final int SAVED_X1 = 16;
    private static final int SAVED_VECTOR = 24;

    private static final int VECTORS = 16;
    private static final int CSRRW = 1;
    private static final int CSRRS = 2;
    private static final int CSRRC = 3;
    private static final int A0 = 10;
    private static final int A6 = 16;
    private static final int A7 = 17;
    private static final int SBI_TIME = 0x5449_4D45;
    private static final int SBI_SRST = 0x5352_5354;

    private final List<SupervisorProgram> programs = new ArrayList<>();
    private final byte[] image;
    private final int recordsOffset;
    private final int blocksOffset;
    private final int slots;

    SupervisorImage(final long... seeds)
    {
        slots = seeds.length * SLOTS_OF_A_PROGRAM;
        recordsOffset = SLOTS_OFFSET + (slots + 1) * SLOT_LONGS * Long.BYTES;
        blocksOffset = recordsOffset + slots * RECORD_LONGS * Long.BYTES + GuestMemory.PAGE_BYTES - 1 &
            -GuestMemory.PAGE_BYTES;
        image = new byte[blocksOffset + seeds.length * SupervisorProgram.BLOCK_BYTES];
        final ByteBuffer buffer = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        final Assembler to = new Assembler(buffer, BASE);
        final long handler = handler(buffer, to);
        final long exit = to.address();
        shutDown(to);
        buffer.putLong(CONTROL_OFFSET + NEXT_RECORD, BASE + recordsOffset);
        buffer.putLong(CONTROL_OFFSET + NEXT_SLOT, BASE + SLOTS_OFFSET);
        for (int i = 0; i < seeds.length; i++)
        {
            final int block = blocksOffset + i * SupervisorProgram.BLOCK_BYTES;
            final SupervisorProgram program = new SupervisorProgram(seeds[i], buffer, BASE, block);
            programs.add(program);
            for (int slot = 0; slot < SLOTS_OF_A_PROGRAM; slot++)
            {
                putSlot(buffer, i * SLOTS_OF_A_PROGRAM + slot, program.slot(slot / REPEATS), handler);
            }
        }
        final long[] last = new long[SLOT_LONGS];
        last[SLOT_PC] = exit;
        last[SLOT_STATUS_CLEAR] = -1;
        last[SLOT_STATUS_SET] = 1 << 8;
        putSlot(buffer, slots, last, handler);
    }

    private static void putSlot(final ByteBuffer buffer, final int number, final long[] slot, final long handler)
    {
        final int at = SLOTS_OFFSET + number * SLOT_LONGS * Long.BYTES;
        for (int i = 0; i < SLOT_LONGS; i++)
        {
            buffer.putLong(at + i * Long.BYTES, i == SLOT_VECTORED ? handler | slot[i] : slot[i]);
        }
    }

    /** Writes start and handler, and returns the address of the handler. */
    private static long handler(final ByteBuffer buffer, final Assembler to)
    {
        to.li(2, BASE + CONTROL_OFFSET);
        to.csr(CSRRW, 0, SSCRATCH, 2);
        final int start = buffer.position();
        to.word(0);
        while (to.address() % 256 != 0)
        {
            to.word(0);
        }
        final long handler = to.address();
        final int vectors = buffer.position();
        buffer.position(vectors + VECTORS * 4);
        final int[] entries = new int[VECTORS];
        final int[] exits = new int[VECTORS];
        for (int i = 0; i < VECTORS; i++)
        {
            entries[i] = buffer.position();
            to.csr(CSRRW, 2, SSCRATCH, 2);
            to.sd(1, 2, SAVED_X1);
            to.addi(1, 0, i);
            exits[i] = buffer.position();
            to.word(0);
        }
        final int common = buffer.position();
        for (int i = 0; i < VECTORS; i++)
        {
            buffer.putInt(vectors + 4 * i, Assembler.jal(0, entries[i] - vectors - 4 * i));
            buffer.putInt(exits[i], Assembler.jal(0, common - exits[i]));
        }
        record(to);
        buffer.putInt(start, Assembler.jal(0, buffer.position() - start));
        goOn(buffer, to);
        return handler;
    }

    /** x1 and the vector are saved, x2 is the control block and {@code sscratch} the program's x2. */
    private static void record(final Assembler to)
    {
        to.sd(1, 2, SAVED_VECTOR);
        to.ld(1, 2, NEXT_RECORD);
        for (int register = 3; register < 32; register++)
        {
            to.sd(register, 1, register * Long.BYTES);
        }
        to.ld(3, 2, SAVED_X1);
        to.sd(3, 1, Long.BYTES);
        to.ld(3, 2, SAVED_VECTOR);
        to.sd(3, 1, VECTOR * Long.BYTES);
        to.csr(CSRRW, 3, SSCRATCH, 2);
        to.sd(3, 1, 2 * Long.BYTES);
        for (int i = 0; i < CSRS.length; i++)
        {
            to.csr(CSRRS, 3, CSRS[i], 0);
            to.sd(3, 1, (FIRST_CSR + i) * Long.BYTES);
        }
        to.addi(1, 1, RECORD_LONGS * Long.BYTES);
        to.sd(1, 2, NEXT_RECORD);
    }

    /** x2 is the control block. */
    private static void goOn(final ByteBuffer buffer, final Assembler to)
    {
        to.ld(1, 2, NEXT_SLOT);
        to.ld(3, 1, SLOT_RESET * Long.BYTES);
        final int branch = buffer.position();
        to.word(0);
        to.csr(CSRRW, 0, SIE, 0);
        to.csr(CSRRW, 0, SIP, 0);
        to.addi(A0, 0, -1);
        to.addi(A6, 0, 0);
        to.li(A7, SBI_TIME);
        to.ecall();
        to.addi(3, 0, (int)SCOUNTEREN_ALL);
        to.csr(CSRRW, 0, SCOUNTEREN, 3);
        to.csr(CSRRW, 0, SENVCFG, 0);
        buffer.putInt(branch, Assembler.branch(0, 3, 0, buffer.position() - branch));

        to.ld(3, 1, SLOT_STATUS_CLEAR * Long.BYTES);
        to.csr(CSRRC, 0, SSTATUS, 3);
        to.ld(3, 1, SLOT_STATUS_SET * Long.BYTES);
        to.csr(CSRRS, 0, SSTATUS, 3);
        to.ld(3, 1, SLOT_PC * Long.BYTES);
        to.csr(CSRRW, 0, SEPC, 3);
        to.ld(3, 1, SLOT_SATP * Long.BYTES);
        to.csr(CSRRW, 0, SATP, 3);
        to.word(SFENCE_VMA);
        to.ld(3, 1, SLOT_VECTORED * Long.BYTES);
        to.csr(CSRRW, 0, STVEC, 3);
        to.addi(3, 1, SLOT_LONGS * Long.BYTES);
        to.sd(3, 2, NEXT_SLOT);
        for (int register = 31; register > 0; register--)
        {
            if (register != 1)
            {
                to.ld(register, 1, register * Long.BYTES);
            }
        }
        to.ld(1, 1, Long.BYTES);
        to.word(SRET);
    }

    private static void shutDown(final Assembler to)
    {
        to.addi(A0, 0, 0);
        to.addi(A0 + 1, 0, 0);
        to.addi(A6, 0, 0);
        to.li(A7, SBI_SRST);
        to.ecall();
        to.word(Assembler.jal(0, 0));
    }

    byte[] bytes()
    {
        return image.clone();
    }

    /** Number of slots, and of records when all have run. */
    int slots()
    {
        return slots;
    }

    SupervisorProgram program(final int slot)
    {
        return programs.get(slot / SLOTS_OF_A_PROGRAM);
    }

    /** Number of that slot in its program. */
    static int numberInProgram(final int slot)
    {
        return slot % SLOTS_OF_A_PROGRAM / REPEATS;
    }

    SupervisorProgram programOfBlock(final int offset)
    {
        return programs.get((offset - blocksOffset) / SupervisorProgram.BLOCK_BYTES);
    }

    /** Offset of the first record from {@link #BASE}. */
    int recordsOffset()
    {
        return recordsOffset;
    }

    /** Offset of the first program's block from {@link #BASE}; all before it but the records does not concern programs. */
    int blocksOffset()
    {
        return blocksOffset;
    }

    /** The record of a slot in the memory that a run left. */
    long[] record(final byte[] memory, final int slot)
    {
        final long[] record = new long[RECORD_LONGS];
        ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN)
            .position(recordsOffset + slot * RECORD_LONGS * Long.BYTES).asLongBuffer().get(record);
        return record;
    }

    static String field(final int index)
    {
        return index == VECTOR ? "vector" : index < FIRST_CSR ? "x" + index : CSR_NAMES[index - FIRST_CSR];
    }
}
