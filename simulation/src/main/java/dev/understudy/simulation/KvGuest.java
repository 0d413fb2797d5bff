package dev.understudy.simulation;

import dev.understudy.guest.Machine;
import dev.understudy.guest.boot.MachineDeviceTree;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.journal.Genesis;
import dev.understudy.node.GuestDrives;
import dev.understudy.node.GuestSource;
import dev.understudy.node.WrongGuestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** The key-value guest of a process. What its machine sends is noted with the entries that it depends on. */
final class KvGuest implements GuestSource
{
    private static final int MEMORY_BYTES = 12 << 20;

    private final byte[] kernel;
    private final SimulatedProcess process;

    KvGuest(final byte[] kernel, final SimulatedProcess process)
    {
        this.kernel = kernel;
        this.process = process;
    }

    private MachineConfiguration configuration()
    {
        return new MachineConfiguration(MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID, kernel, null, "");
    }

    @Override
    public Genesis genesis()
    {
        return new Genesis("simulated", MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID, "kv.elf", sha256(kernel), null,
            null, "", sha256(MachineDeviceTree.blob(configuration())), MachineConfiguration.MACHINE_VERSION, 0);
    }

    private static byte[] sha256(final byte[] bytes)
    {
        try
        {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    @Override
    public void checkAgainst(final Genesis genesis)
    {
        if (!Arrays.equals(genesis.kernelSha256(), sha256(kernel)))
        {
            throw new WrongGuestException("another kernel", null);
        }
    }

    @Override
    public GuestDrives openDrives(final Runnable onDone)
    {
        return new NoDrives();
    }

    @Override
    public Machine machine(final OutputSink outputs, final GuestDrives drives)
    {
        return new Machine(configuration(), new Noted(outputs), drives, EngineKind.INTERPRETER);
    }

    private final class Noted implements OutputSink
    {
        private final OutputSink outputs;

        Noted(final OutputSink outputs)
        {
            this.outputs = outputs;
        }

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            outputs.sendConsole(data, offset, length);
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
            if (process.isLive())
            {
                process.world().produced(process.node().lastSequence());
            }
            outputs.sendVsock(packet, offset, length);
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
            outputs.sendFrame(frame, offset, length);
        }
    }

    private static final class NoDrives implements GuestDrives
    {
        @Override
        public void submit(final BlockRequest request)
        {
            throw new IllegalStateException("the guest has no drive");
        }

        @Override
        public void await(final BlockRequest request)
        {
            throw new IllegalStateException("the guest has no drive");
        }

        @Override
        public int count()
        {
            return 0;
        }

        @Override
        public boolean isDone(final BlockRequest request)
        {
            throw new IllegalStateException("the guest has no drive");
        }

        @Override
        public long underWay(final int drive)
        {
            return -1;
        }

        @Override
        public String name(final int drive)
        {
            return "none";
        }

        @Override
        public void check()
        {
            // None can fail.
        }

        @Override
        public void close()
        {
            // There is nothing to let go of.
        }
    }
}
