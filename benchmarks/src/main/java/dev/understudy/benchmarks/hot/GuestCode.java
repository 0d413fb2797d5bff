package dev.understudy.benchmarks.hot;

import dev.understudy.guest.Machine;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Machines with a few instructions in place of a kernel, which run for ever. Register numbers are those of x0 to x31. */
final class GuestCode
{
    /** Where the instructions are; a power of two, so that {@link #auipc} reaches round addresses. */
    static final long BASE = 0x8020_0000L;

    private static final int ELF_HEADER_BYTES = 0x1000;
    private static final int LOAD = 0x03;
    private static final int OP_IMM = 0x13;
    private static final int AUIPC = 0x17;
    private static final int STORE = 0x23;
    private static final int OP = 0x33;
    private static final int BRANCH = 0x63;
    private static final int JAL = 0x6F;

    private GuestCode()
    {
    }

    /** A machine that has executed nothing yet, with the interpreter. */
    static Machine machine(final int memoryBytes, final List<Integer> instructions)
    {
        return new Machine(
            new MachineConfiguration(
                memoryBytes, MachineConfiguration.DEFAULT_VSOCK_CID, elf(instructions), null, "", List.of(), null),
            new Nothing(),
            BlockRequests.none(),
            EngineKind.INTERPRETER);
    }

    /** So many of the same kind, told apart by their index. */
    static List<Integer> times(final int count, final IntUnaryOperator instruction)
    {
        return IntStream.range(0, count).map(instruction).boxed().toList();
    }

    /** {@code ld}: a register from the 8 bytes at an offset from an address, which is less than 2,048. */
    static int ld(final int to, final int offset, final int address)
    {
        return offset << 20 | address << 15 | 3 << 12 | to << 7 | LOAD;
    }

    /** {@code sd}: the opposite. */
    static int sd(final int from, final int offset, final int address)
    {
        return offset >> 5 << 25 | from << 20 | address << 15 | 3 << 12 | (offset & 31) << 7 | STORE;
    }

    static int addi(final int to, final int from, final int value)
    {
        return value << 20 | from << 15 | to << 7 | OP_IMM;
    }

    static int slli(final int to, final int from, final int bits)
    {
        return bits << 20 | from << 15 | 1 << 12 | to << 7 | OP_IMM;
    }

    static int add(final int to, final int left, final int right)
    {
        return right << 20 | left << 15 | to << 7 | OP;
    }

    /** The instruction's own address and so many pages. */
    static int auipc(final int to, final int pages)
    {
        return pages << 12 | to << 7 | AUIPC;
    }

    /** A branch so many bytes away, fewer than 4,096, if two registers differ. */
    static int bne(final int left, final int right, final int bytes)
    {
        return (bytes >> 12 & 1) << 31 | (bytes >> 5 & 0x3F) << 25 | right << 20 | left << 15 | 1 << 12 |
            (bytes >> 1 & 0xF) << 8 | (bytes >> 11 & 1) << 7 | BRANCH;
    }

    /** A jump so many bytes away. */
    static int jump(final int bytes)
    {
        return (bytes >> 20 & 1) << 31 | (bytes >> 1 & 0x3FF) << 21 | (bytes >> 11 & 1) << 20 | (bytes >> 12 & 0xFF) << 12 |
            JAL;
    }

    /** An executable of one segment, which starts at its first byte. */
    private static byte[] elf(final List<Integer> instructions)
    {
        final int bytes = Integer.BYTES * instructions.size();
        final ByteBuffer file = ByteBuffer.allocate(ELF_HEADER_BYTES + bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[]{0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        file.putShort((short)2).putShort((short)243).putInt(1).putLong(BASE);
        file.putLong(64).putLong(0).putInt(1);
        file.putShort((short)64).putShort((short)56).putShort((short)1).putShort((short)64).putInt(0);
        file.putInt(1).putInt(7).putLong(ELF_HEADER_BYTES).putLong(BASE).putLong(BASE);
        file.putLong(bytes).putLong(bytes).putLong(ELF_HEADER_BYTES);
        file.position(ELF_HEADER_BYTES);
        instructions.forEach(file::putInt);
        return file.array();
    }

    /** A world that takes no notice. */
    private static final class Nothing implements OutputSink
    {
        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }
    }
}
