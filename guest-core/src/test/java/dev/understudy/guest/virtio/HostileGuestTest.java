package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateHash;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A guest that writes anything anywhere: nothing may throw, one store may not ask for work without bound, and the
 * machine stays a function of what was done to it. A write outside RAM would throw, since RAM is an array.
 */
@Tag("slow")
@net.jqwik.api.Tag("slow")
class HostileGuestTest
{
    /** Rings lie here, over each other now and then. */
    private static final int RING_AREA_BYTES = 0x8000;

    private static final int DEVICES = 6;
    private static final int STEPS = 300;
    private static final int DRIVE_BYTES = 64 * 512;

    /** What one store may ask of the drive. */
    private static final int MAX_REQUESTS_AT_ONCE = VirtioBlock.QUEUE_SIZE;

    /** What one store or event may print or send. */
    private static final long MAX_BYTES_AT_ONCE = VirtioDevice.MAX_NOTIFY_BYTES;

    /** The most that a queue's chains can have pieces, or that a reset of the device ends connections. */
    private static final long MAX_CALLS_AT_ONCE = (long)VirtQueue.MAX_SIZE * VirtQueue.MAX_SIZE;

    private static final int[] QUEUE_REGISTERS = {
        VirtioMmio.QUEUE_DESC_LOW, VirtioMmio.QUEUE_DRIVER_LOW, VirtioMmio.QUEUE_DEVICE_LOW};

    /** What a random guest did with the devices, to see that the test reaches them. */
    private static final class Tally
    {
        private long resets;
        private long usedBuffers;
        private long packets;
        private long frames;
        private long consoleBytes;
        private long requests;
    }

    private static final class Guest
    {
        private final Random random;
        private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
        private final Plic plic = new Plic();
        private final Outputs outputs = new Outputs();
        private final VirtioConsole console = new VirtioConsole(memory, outputs, () ->
    {
    });
        private final VirtioEntropy entropy = new VirtioEntropy(memory);
        private final VirtioVsock vsock = new VirtioVsock(memory, 3, outputs);
        private final MemoryDrive drive = new MemoryDrive(DRIVE_BYTES);
        private final VirtioBlock block =
            new VirtioBlock(memory, 0, new DriveConfiguration(DRIVE_BYTES, false, true, "hostile"), drive);
        private final VirtioNet network = new VirtioNet(memory, new MacAddress(0x52_54_00_12_34_56L), outputs);
        private final VirtioBalloon balloon = new VirtioBalloon(memory);
        private final VirtioMmio[] devices = {
            new VirtioMmio(0, console, plic), new VirtioMmio(1, entropy, plic), new VirtioMmio(2, vsock, plic),
            new VirtioMmio(4, block, plic), new VirtioMmio(3, network, plic), new VirtioMmio(8, balloon, plic)};

        Guest(final long seed)
        {
            random = new Random(seed);
            for (final VirtioMmio device : devices)
            {
                start(device);
            }
        }

        void run(final Tally tally)
        {
            for (int i = 0; i < STEPS; i++)
            {
                final long calls = outputs.calls;
                final long bytes = outputs.bytes;
                final int requests = drive.submitted.size();
                step();
                assertThat(drive.submitted.size() - requests).isLessThanOrEqualTo(MAX_REQUESTS_AT_ONCE);
                tally.requests += Math.max(0, drive.submitted.size() - requests);
                assertThat(outputs.calls - calls).isLessThanOrEqualTo(MAX_CALLS_AT_ONCE);
                assertThat(outputs.bytes - bytes).isLessThanOrEqualTo(MAX_BYTES_AT_ONCE);
                for (final VirtioMmio device : devices)
                {
                    tally.resets += (device.load(VirtioMmio.STATUS, 4) & VirtioMmio.STATUS_NEEDS_RESET) >> 6;
                    tally.usedBuffers += device.load(VirtioMmio.INTERRUPT_STATUS, 4) & 1;
                }
            }
            tally.packets += outputs.packets.size();
            tally.frames += outputs.frames.size();
            tally.consoleBytes += outputs.console().length();
        }

        private void step()
        {
            final VirtioMmio device = devices[random.nextInt(DEVICES)];
            final boolean isBroken = (device.load(VirtioMmio.STATUS, 4) & VirtioMmio.STATUS_NEEDS_RESET) != 0;
            if (isBroken && random.nextInt(3) == 0)
            {
                start(device);
            }
            switch (random.nextInt(15))
            {
                case 0 -> start(device);
                case 1 -> device.store(4L * random.nextInt(0x50), 4, word());
                case 2 -> device.store(4L * random.nextInt(0x50), 1 << random.nextInt(4), random.nextLong());
                case 3 -> device.load(4L * random.nextInt(0x400), 1 << random.nextInt(4));
                case 4 -> memory.writeInt(GuestMemory.BASE + 4L * random.nextInt(RING_AREA_BYTES / 4), random.nextInt());
                case 5 -> entropy.supply(new byte[5000], 0, random.nextInt(5000));
                case 6 -> console.receive(new byte[5000], 0, random.nextInt(5000));
                case 7 -> receivePacket();
                case 8 -> completeRequests();
                case 9 ->
                {
                    if (random.nextInt(8) == 0)
                    {
                        vsock.resetConnections();
                    }
                }
                case 10 -> receiveFrames();
                case 11 ->
                {
                    console.resize(random.nextInt(1 << 16), random.nextInt(1 << 16));
                    balloon.target(random.nextInt(4));
                }
                default ->
                {
                    fillRings(device);
                    for (int queue = 0; queue < 3; queue++)
                    {
                        device.store(VirtioMmio.QUEUE_NOTIFY, 4, queue);
                    }
                }
            }
        }

        private void receiveFrames()
        {
            for (int i = random.nextInt(4); i > 0; i--)
            {
                network.receive(new byte[VirtioNet.MAX_FRAME_BYTES], 0,
                    VirtioNet.MIN_FRAME_BYTES + random.nextInt(VirtioNet.MTU + 1) / (1 + random.nextInt(40)));
            }
        }

        private void start(final VirtioMmio device)
        {
            device.store(VirtioMmio.STATUS, 4, 0);
            device.store(VirtioMmio.DRIVER_FEATURES_SEL, 4, 0);
            device.store(VirtioMmio.DRIVER_FEATURES, 4, random.nextInt(4) << 28);
            device.store(VirtioMmio.DRIVER_FEATURES_SEL, 4, 1);
            device.store(VirtioMmio.DRIVER_FEATURES, 4, 1);
            device.store(VirtioMmio.STATUS, 4, 11);
            final boolean isOverlapping = random.nextInt(4) == 0;
            for (int queue = 0; queue < 3; queue++)
            {
                device.store(VirtioMmio.QUEUE_SEL, 4, queue);
                device.store(VirtioMmio.QUEUE_NUM, 4, 1 << random.nextInt(9));
                for (int i = 0; i < QUEUE_REGISTERS.length; i++)
                {
                    final long offset = isOverlapping ? 16L * random.nextInt(RING_AREA_BYTES / 16) :
                        RING_AREA_BYTES + 0x1000L * (3 * queue + i);
                    device.store(QUEUE_REGISTERS[i], 4, GuestMemory.BASE + offset);
                }
                device.store(VirtioMmio.QUEUE_READY, 4, 1);
            }
            device.store(VirtioMmio.STATUS, 4, 15);
        }

        /** Everything in a plausible range, so that checks are passed now and then. */
        private void fillRings(final VirtioMmio device)
        {
            for (int queue = 0; queue < 3; queue++)
            {
                final VirtQueue rings = queueOf(device, queue);
                if (rings == null || !rings.isReady())
                {
                    continue;
                }
                final boolean isForDevice = random.nextBoolean();
                for (int i = 0; i < rings.size(); i++)
                {
                    descriptor(rings.descriptorArea() + 16L * i, isForDevice);
                }
                for (int i = 0; i < rings.size(); i++)
                {
                    memory.writeShort(rings.driverArea() + 4 + 2L * i, random.nextInt(rings.size()));
                }
                if (random.nextBoolean())
                {
                    packet(rings);
                }
                final boolean isOne = device == devices[3] && random.nextInt(4) > 0;
                if (isOne)
                {
                    blockRequest(rings);
                }
                memory.writeShort(rings.driverArea() + 2, random.nextInt(50) == 0 ? random.nextInt() :
                    rings.nextAvailable() + (isOne ? 1 : random.nextInt(rings.size() + 1)));
            }
        }

        private void descriptor(final long at, final boolean isForDevice)
        {
            memory.writeLong(at, random.nextInt(500) == 0 ? random.nextLong() :
                GuestMemory.BASE + random.nextInt(random.nextInt(10) == 0 ? RING_AREA_BYTES : memory.size() - 256));
            memory.writeInt(at + 8, random.nextInt(500) == 0 ? random.nextInt() : random.nextInt(256));
            final int direction = random.nextInt(50) == 0 ? random.nextInt(4) : isForDevice ? 2 : 0;
            memory.writeShort(at + 12, random.nextInt(500) == 0 ? random.nextInt() :
                random.nextInt(100) == 0 ? 4 : direction | random.nextInt(4) / 3);
            memory.writeShort(at + 14, random.nextInt(random.nextInt(20) == 0 ? 0x1_0000 : 4));
        }

        /** Makes the next buffer a packet that a driver might send. */
        private void packet(final VirtQueue rings)
        {
            final byte[] packet = new byte[VsockHeader.BYTES];
            VsockHeader.put(packet, 0, 3, random.nextInt(8), 2, random.nextInt(8), random.nextInt(9), 0, 0, 0, 0);
            final long at = GuestMemory.BASE + 0x10_0000;
            memory.write(at, packet, 0, packet.length);
            memory.writeLong(rings.descriptorArea(), at);
            memory.writeInt(rings.descriptorArea() + 8, VsockHeader.BYTES);
            memory.writeShort(rings.descriptorArea() + 12, 0);
            memory.writeShort(rings.driverArea() + 4 + 2L * (rings.nextAvailable() % rings.size()), 0);
        }

        /** A request that is right, but for its sector now and then. */
        private void blockRequest(final VirtQueue rings)
        {
            final int[] types = {0, 1, 4, 8, 11, 13, random.nextInt()};
            final long at = GuestMemory.BASE + 0x10_0000 + 16L * random.nextInt(64);
            memory.writeInt(at, types[random.nextInt(types.length)]);
            memory.writeLong(at + 8, random.nextInt(10) == 0 ? random.nextLong() : random.nextInt(64));
            memory.writeLong(at + 16, random.nextInt(64));
            memory.writeLong(at + 24, random.nextInt(4));
            final int headerBytes = random.nextInt(3) == 0 ? 16 + 16 : 16 + 512 * random.nextInt(3);
            memory.writeLong(rings.descriptorArea(), at);
            memory.writeInt(rings.descriptorArea() + 8, headerBytes);
            memory.writeShort(rings.descriptorArea() + 12, rings.size() > 1 ? 1 : 0);
            memory.writeShort(rings.descriptorArea() + 14, 1);
            if (rings.size() > 1)
            {
                memory.writeLong(rings.descriptorArea() + 16, GuestMemory.BASE + random.nextInt(memory.size() - 4096));
                memory.writeInt(rings.descriptorArea() + 24, 1 + 512 * random.nextInt(3));
                memory.writeShort(rings.descriptorArea() + 28, 2);
            }
            memory.writeShort(rings.driverArea() + 4 + 2L * (rings.nextAvailable() % rings.size()), 0);
        }

        private void completeRequests()
        {
            if (random.nextInt(4) == 0)
            {
                block.complete(BlockStatus.values()[random.nextInt(3)]);
            }
            drive.serve(block);
        }

        private static VirtQueue queueOf(final VirtioMmio device, final int queue)
        {
            device.store(VirtioMmio.QUEUE_SEL, 4, queue);
            return device.load(VirtioMmio.QUEUE_NUM_MAX, 4) == 0 ? null : device.queue(queue);
        }

        private void receivePacket()
        {
            final int payloadBytes = random.nextInt(5) == 0 ? random.nextInt(VsockHeader.MAX_PAYLOAD_BYTES) : 0;
            final byte[] packet = new byte[VsockHeader.BYTES + payloadBytes];
            VsockHeader.put(packet, 0, 2, random.nextInt(8), 3, random.nextInt(8),
                payloadBytes > 0 ? VsockHeader.OP_RW : 1 + random.nextInt(7), 0, payloadBytes, 0, 0);
            vsock.receive(packet, 0, packet.length);
        }

        private long word()
        {
            return switch (random.nextInt(4))
            {
                case 0 -> random.nextInt();
                case 1 -> GuestMemory.BASE + random.nextInt(memory.size());
                default -> random.nextInt(512);
            };
        }

        long digest()
        {
            final StateHash hash = new StateHash();
            plic.save(hash);
            for (final VirtioMmio device : devices)
            {
                device.save(hash);
            }
            hash.write(memory.array(), 0, memory.size());
            return hash.value();
        }
    }

    @Property(tries = 30)
    void nothingAGuestDoesEscapesOrRunsWithoutBound(@ForAll final long seed)
    {
        final Guest first = new Guest(seed);
        first.run(new Tally());
        final Guest second = new Guest(seed);
        second.run(new Tally());

        assertThat(second.digest()).isEqualTo(first.digest());
    }

    @Test
    void theRandomGuestGetsSomewhere()
    {
        final Tally tally = new Tally();
        for (int seed = 0; seed < 40; seed++)
        {
            new Guest(seed).run(tally);
        }

        assertThat(tally.resets).as("steps after which a device was broken").isGreaterThan(1000);
        assertThat(tally.usedBuffers).as("steps after which a device had used buffers").isGreaterThan(1000);
        assertThat(tally.requests).as("requests of the drive").isGreaterThan(50);
        assertThat(tally.frames).as("frames sent").isGreaterThan(100);
        assertThat(tally.packets).as("packets sent").isGreaterThan(100);
        assertThat(tally.consoleBytes).as("bytes printed").isGreaterThan(1000);
    }
}
