package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Seeds;
import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Chains of descriptors, right and wrong, on the queues of every device: what is wrong is never used, and a device writes
 * to nothing but the pieces that it was given to write and its own rings.
 * <p>
 * Whether a chain is right is decided here once more, by the rules of section 2.7.5 of virtio 1.2.
 */
@Tag("slow")
class RandomChainsTest
{
    private static final int SEEDS = 400;
    private static final int CHAINS = 60;
    private static final int DEVICES = 6;
    private static final int QUEUE_SIZE = GuestDriver.QUEUE_SIZE;
    private static final long BUFFERS = GuestMemory.BASE + 0x20_0000;
    private static final int BUFFERS_BYTES = 0x10_0000;
    private static final long TABLES = GuestMemory.BASE + 0x18_0000;
    private static final long EMPTY_TABLE = TABLES + 0x8000;
    private static final int FIRST_PAGE = (int)(GuestMemory.BASE / VirtioBalloon.PAGE_BYTES);
    private static final int USED_RING_BYTES = 4 + 8 * QUEUE_SIZE + 2;
    private static final int DRIVE_BYTES = 64 * 512;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    /** What the chains of all seeds came to, to see that the test reaches the devices. */
    private final Map<Class<?>, Integer> usedChains = new HashMap<>();
    private int wrongChains;
    private int resets;

    @Test
    void whatIsWrongIsNeverUsedAndNothingElseIsWritten()
    {
        Seeds.check(SEEDS, seed -> new Guest(new Random(seed)).run());

        assertThat(usedChains).as("chains that each device used").hasSize(DEVICES)
            .allSatisfy((device, chains) -> assertThat(chains).isGreaterThan(SEEDS / DEVICES));
        assertThat(wrongChains).as("chains that were wrong").isGreaterThan(SEEDS);
        assertThat(resets).as("devices that a wrong chain stopped").isGreaterThan(SEEDS);
    }

    /** A run of bytes that a device may write to. */
    private record Range(long from, long to)
    {
    }

    /** A chain that the device has not used yet. */
    private record Outstanding(int head, boolean isRight, long writableBytes)
    {
    }

    private final class Guest
    {
        private final Random random;
        private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
        private final DirtyPages written = memory.dirtyPages();
        private final byte[] before = new byte[GuestMemory.MIN_BYTES];
        private final Outputs outputs = new Outputs();
        private final VirtioConsole console = new VirtioConsole(memory, outputs, () -> {});
        private final VirtioEntropy entropy = new VirtioEntropy(memory);
        private final VirtioVsock vsock = new VirtioVsock(memory, 3, outputs);
        private final MemoryDrive drive = new MemoryDrive(DRIVE_BYTES);
        private final VirtioBlock block =
            new VirtioBlock(memory, 0, new DriveConfiguration(DRIVE_BYTES, false, true, "random"), drive);
        private final VirtioNet network = new VirtioNet(memory, new MacAddress(0x52_54_00_12_34_56L), outputs);
        private final VirtioBalloon balloon = new VirtioBalloon(memory);
        private final VirtioDevice device;
        private final int queues;
        private final boolean hasIndirect;
        private final long features;
        private final GuestDriver driver;
        private final List<Range> writable = new ArrayList<>();
        private final Outstanding[] outstanding;

        Guest(final Random random)
        {
            this.random = random;
            final VirtioDevice[] devices = {console, entropy, vsock, block, network, balloon};
            device = devices[random.nextInt(DEVICES)];
            queues = device.queueCount();
            hasIndirect = random.nextInt(4) > 0;
            features = (hasIndirect ? VirtioMmio.FEATURE_INDIRECT_DESC : 0) |
                (random.nextBoolean() ? VirtioMmio.FEATURE_EVENT_IDX : 0);
            driver = new GuestDriver(memory, new VirtioMmio(0, device, new Plic()), queues);
            outstanding = new Outstanding[queues];
            start();
        }

        private void start()
        {
            driver.start(features);
            Arrays.fill(outstanding, null);
            writable.clear();
            for (int queue = 0; queue < queues; queue++)
            {
                writable.add(new Range(driver.deviceArea(queue), driver.deviceArea(queue) + USED_RING_BYTES));
            }
        }

        void run()
        {
            for (int i = 0; i < CHAINS; i++)
            {
                final int queue = random.nextInt(queues);
                if (outstanding[queue] == null)
                {
                    publish(queue);
                }
                remember();
                driver.notifyDevice(queue);
                happen();
                checkWrites();
                for (int each = 0; each < queues; each++)
                {
                    checkUsed(each);
                }
                if (driver.needsReset())
                {
                    resets++;
                    start();
                }
            }
        }

        /** What the world may do to devices. */
        private void happen()
        {
            final int length = 1 + random.nextInt(400);
            console.receive(new byte[length], 0, length);
            entropy.supply(new byte[length], 0, Math.min(length, entropy.wanted()));
            network.receive(new byte[VirtioNet.MIN_FRAME_BYTES + length], 0, VirtioNet.MIN_FRAME_BYTES + length);
            final byte[] packet = new byte[VsockHeader.BYTES + length];
            VsockHeader.put(packet, 0, 2, random.nextInt(8), 3, random.nextInt(8), VsockHeader.OP_RW, 0, length, 0, 0);
            vsock.receive(packet, 0, packet.length);
            drive.serve(block);
            if (device == balloon)
            {
                balloon.target(random.nextInt(4));
            }
        }

        private void publish(final int queue)
        {
            final List<Integer> free = new ArrayList<>();
            for (int i = 0; i < QUEUE_SIZE; i++)
            {
                free.add(i);
            }
            Collections.shuffle(free, random);
            final int pieces = 1 + random.nextInt(5);
            final int firstWritable = random.nextInt(pieces + 1);
            final int direct = hasIndirect && random.nextBoolean() ? random.nextInt(pieces) : pieces;
            final long table = driver.descriptors(queue);
            final long indirectTable = TABLES + 0x1000L * queue;
            for (int i = 0; i < pieces; i++)
            {
                final int flags = (i >= firstWritable ? WRITE : 0) | (i + 1 < pieces ? NEXT : 0);
                if (i < direct)
                {
                    piece(table, free.get(i), flags, free.get(i + 1));
                }
                else
                {
                    piece(indirectTable, i - direct, flags, i - direct + 1);
                }
            }
            if (direct < pieces)
            {
                driver.descriptor(table, free.get(direct), indirectTable, 16 * (pieces - direct), INDIRECT, 0);
            }
            content(table, free.get(0));
            if (random.nextInt(3) == 0)
            {
                final boolean isIndirect = direct < pieces && random.nextBoolean();
                damage(isIndirect ? indirectTable : table, isIndirect ? random.nextInt(pieces - direct) :
                    free.get(random.nextInt(Math.min(pieces, direct + 1))));
            }
            final int head = random.nextInt(60) == 0 ? random.nextInt(0x1_0000) : free.get(0);
            final long writableBytes = head < QUEUE_SIZE ? follow(table, head) : -1;
            wrongChains += writableBytes < 0 ? 1 : 0;
            outstanding[queue] = new Outstanding(head, writableBytes >= 0, writableBytes);
            driver.publish(queue, head);
        }

        private void piece(final long table, final int index, final int flags, final int next)
        {
            final int length = random.nextInt(10) == 0 ? 0 : random.nextInt(3) == 0 ? 512 : 1 + random.nextInt(300);
            driver.descriptor(table, index, BUFFERS + random.nextInt(BUFFERS_BYTES), length, flags, next);
        }

        /** What a driver might send, so that some chains go further than the first look at them. */
        private void content(final long table, final int index)
        {
            final long at = BUFFERS + random.nextInt(BUFFERS_BYTES);
            if ((memory.readShort(table + 16L * index + 12) & (WRITE | INDIRECT)) == 0 && random.nextBoolean())
            {
                memory.writeLong(table + 16L * index, at);
                final byte[] header = new byte[VsockHeader.BYTES];
                if (device == balloon)
                {
                    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(FIRST_PAGE + random.nextInt(memory.pages()));
                    memory.writeInt(table + 16L * index + 8, Integer.BYTES);
                }
                else if (random.nextBoolean())
                {
                    VsockHeader.put(header, 0, 3, random.nextInt(8), 2, random.nextInt(8), random.nextInt(9), 0, 0, 0, 0);
                    memory.writeInt(table + 16L * index + 8, VsockHeader.BYTES);
                }
                else
                {
                    header[0] = new byte[]{0, 1, 4, 8, 11, 13}[random.nextInt(6)];
                    header[8] = (byte)random.nextInt(70);
                    memory.writeInt(table + 16L * index + 8, 16);
                }
                memory.write(at, header, 0, header.length);
            }
        }

        private void damage(final long table, final int index)
        {
            final long at = table + 16L * index;
            switch (random.nextInt(8))
            {
                case 0 -> memory.writeLong(at, random.nextLong());
                case 1 -> memory.writeLong(at, GuestMemory.BASE + memory.size() - random.nextInt(300));
                case 2 -> memory.writeLong(at, GuestMemory.BASE - random.nextInt(300));
                case 3 -> memory.writeInt(at + 8, random.nextBoolean() ? random.nextInt() : random.nextInt(600));
                case 4 -> memory.writeShort(at + 12, random.nextInt(4));
                case 5 -> memory.writeShort(at + 14, random.nextInt(random.nextBoolean() ? QUEUE_SIZE : 0x1_0000));
                case 6 ->
                {
                    memory.writeShort(at + 12, memory.readShort(at + 12) | NEXT);
                    memory.writeShort(at + 14, random.nextInt(4));
                }
                default ->
                {
                    memory.writeLong(at, EMPTY_TABLE);
                    memory.writeShort(at + 12, INDIRECT | random.nextInt(4));
                }
            }
        }

        /** Bytes that the device may write, which are noted; -1 for a chain that is wrong. */
        private long follow(final long firstTable, final int head)
        {
            final List<Range> found = new ArrayList<>();
            long table = firstTable;
            int entries = QUEUE_SIZE;
            int index = head;
            int pieces = 0;
            long bytes = 0;
            while (true)
            {
                final long address = memory.readLong(table + 16L * index);
                final long length = memory.readInt(table + 16L * index + 8) & 0xFFFF_FFFFL;
                final int flags = memory.readShort(table + 16L * index + 12);
                final int next = memory.readShort(table + 16L * index + 14);
                if ((flags & INDIRECT) != 0)
                {
                    if (!hasIndirect || table != firstTable || (flags & NEXT) != 0 || length == 0 || length % 16 != 0 ||
                        length > 16L * QUEUE_SIZE || !memory.contains(address, length))
                    {
                        return -1;
                    }
                    table = address;
                    entries = (int)length / 16;
                    index = 0;
                    continue;
                }
                if (++pieces > QUEUE_SIZE || (length > 0 && !memory.contains(address, length)) ||
                    ((flags & WRITE) == 0 && !found.isEmpty()))
                {
                    return -1;
                }
                if ((flags & WRITE) != 0)
                {
                    found.add(new Range(address, address + length));
                    bytes += length;
                }
                if ((flags & NEXT) == 0)
                {
                    writable.addAll(found);
                    return bytes;
                }
                if (next >= entries)
                {
                    return -1;
                }
                index = next;
            }
        }

        private void checkUsed(final int queue)
        {
            for (final GuestDriver.Used used : driver.used(queue))
            {
                final Outstanding chain = outstanding[queue];
                assertThat(chain).as("a chain that was used").isNotNull();
                assertThat(chain.isRight).as("whether the chain that was used is right").isTrue();
                assertThat(used.head()).isEqualTo(chain.head);
                assertThat((long)used.writtenBytes()).isBetween(0L, chain.writableBytes);
                outstanding[queue] = null;
                usedChains.merge(device.getClass(), 1, Integer::sum);
            }
        }

        private void remember()
        {
            for (int page = 0; page < memory.pages(); page++)
            {
                if (written.contains(page))
                {
                    final int at = page << GuestMemory.PAGE_SHIFT;
                    System.arraycopy(memory.array(), at, before, at, GuestMemory.PAGE_BYTES);
                }
            }
            written.take();
        }

        private void checkWrites()
        {
            for (int page = 0; page < memory.pages(); page++)
            {
                final int start = page << GuestMemory.PAGE_SHIFT;
                for (int i = start; written.contains(page) && i < start + GuestMemory.PAGE_BYTES; i++)
                {
                    final long address = GuestMemory.BASE + i;
                    if (memory.array()[i] != before[i])
                    {
                        assertThat(writable.stream().anyMatch(range -> range.from <= address && address < range.to))
                            .as("whether the device may write to 0x%x", address).isTrue();
                    }
                }
            }
        }
    }
}
