package dev.understudy.hypervisor.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.Machine;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.node.DriveException;
import dev.understudy.node.HartAgent;
import dev.understudy.node.Inbox;
import dev.understudy.node.Outbox;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The host's side of drives, and what a guest sees of one that fails. */
@Timeout(60)
class DrivesTest
{
    private static final Path ROUNDS = Path.of("../guests/tests/block_rounds.elf");
    private static final int MEMORY_BYTES = 16 << 20;

    @TempDir
    private Path temp;

    private DriveFile drive;
    private final Inbox inbox = new Inbox(() -> {});
    private final Outbox outbox = new Outbox(() ->
    {
    });

    @BeforeEach
    void makeImage() throws IOException
    {
        drive = DriveFile.of(Files.write(temp.resolve("disk.img"), new byte[1 << 20]), false, true, "");
    }

    @Test
    void guestEndsWhenItsDriveIsSlow() throws Exception
    {
        final HartAgent guest = run(new SlowImage(OverlayImage.temporary(drive), Integer.MAX_VALUE));
        assertThat(guest.failure()).isNull();
        assertThat(guest.endState()).isNotNull();
    }

    @Test
    void replicaWhoseDriveFailsStopsAndSaysWhy() throws Exception
    {
        final HartAgent guest = run(new SlowImage(OverlayImage.temporary(drive), 50));
        assertThat(guest.endState()).isNull();
        assertThat(guest.failure()).isInstanceOf(DriveException.class)
            .hasMessageContaining("disk.img").hasMessageContaining("No space left on device")
            .hasMessageContaining("as if its host had died");
    }

    @Test
    void requestsAreCarriedOutInOrderAndAlsoThoseThatNobodyWaitsFor() throws Exception
    {
        final CountDownLatch mayGoOn = new CountDownLatch(1);
        final AtomicInteger done = new AtomicInteger();
        final Path image = drive.path();
        final Drives drives = Drives.open(List.of(drive), (i, file) -> new GatedImage(RawImage.writable(image), mayGoOn),
            done::incrementAndGet);
        final Machine machine = machine(drives);
        // Up to the first requests, which are eight writes.
        machine.run(Long.MAX_VALUE);
        final BlockRequest first = machine.blockRequest(0);
        assertThat(first.kind()).isEqualTo(BlockRequest.Kind.WRITE);
        assertThat(drives.isDone(first)).isFalse();
        assertThat(done).hasValue(0);
        mayGoOn.countDown();
        drives.await(first);
        assertThat(drives.isDone(first)).isTrue();
        drives.close();
        assertThat(Files.readAllBytes(image)).contains(first.data());
        assertThatThrownBy(drives::check).isInstanceOf(DriveException.class).hasMessageContaining("closed");
    }

    @Test
    void whenOneDriveCannotBeOpenedNoneIs() throws IOException
    {
        final DriveFile other = DriveFile.of(Files.write(temp.resolve("other.img"), new byte[512]), false, false, "");
        assertThatThrownBy(() -> Drives.open(List.of(other, drive), (i, file) ->
        {
            if (i == 1)
            {
                throw new DriveException("drive 1 is broken");
            }
            return RawImage.writable(file.path());
        }, () ->
        {
        })).hasMessage("drive 1 is broken");
        RawImage.writable(other.path()).close();
    }

    private HartAgent run(final BlockImage image) throws Exception
    {
        final Drives drives = Drives.open(List.of(drive), (i, file) -> image, inbox::announce);
        final HartAgent guest = new HartAgent(machine(drives), inbox, outbox, drives, SystemNanoClock.INSTANCE,
            new SecureRandom(), () -> {}, () -> {}, () -> {}, Long.MAX_VALUE);
        guest.beginLive(EventLog.none());
        while (!guest.isFinished())
        {
            guest.doWork(Recorder.SLICE_INSTRUCTIONS);
        }
        if (guest.failure() == null)
        {
            drives.close();
        }
        else
        {
            // Whoever closes the drives learns it as well.
            assertThatThrownBy(drives::close).isSameAs(guest.failure());
        }
        return guest;
    }

    private Machine machine(final Drives drives) throws IOException
    {
        return new Machine(
            new MachineConfiguration(
                MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID, Files.readAllBytes(ROUNDS), null, "",
                List.of(drive.configuration())),
            outbox, drives);
    }

    /** Takes its time, and fails after so many requests. */
    private static final class SlowImage implements BlockImage
    {
        private final BlockImage image;
        private int left;

        SlowImage(final BlockImage image, final int left)
        {
            this.image = image;
            this.left = left;
        }

        private void pass() throws IOException
        {
            left--;
            if (left <= 0)
            {
                throw new IOException("No space left on device");
            }
            if (left % 16 == 0)
            {
                try
                {
                    Thread.sleep(2);
                }
                catch (final InterruptedException e)
                {
                    Thread.currentThread().interrupt();
                }
            }
        }

        @Override
        public void read(final long offset, final byte[] to) throws IOException
        {
            pass();
            image.read(offset, to);
        }

        @Override
        public void write(final long offset, final byte[] from) throws IOException
        {
            pass();
            image.write(offset, from);
        }

        @Override
        public void clear(final long offset, final long length) throws IOException
        {
            pass();
            image.clear(offset, length);
        }

        @Override
        public void flush() throws IOException
        {
            pass();
            image.flush();
        }

        @Override
        public void close() throws IOException
        {
            image.close();
        }
    }

    /** Does nothing until it may. */
    private record GatedImage(BlockImage image, CountDownLatch mayGoOn) implements BlockImage
    {
        @Override
        public void read(final long offset, final byte[] to) throws IOException
        {
            image.read(offset, to);
        }

        @Override
        public void write(final long offset, final byte[] from) throws IOException
        {
            try
            {
                mayGoOn.await();
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            image.write(offset, from);
        }

        @Override
        public void clear(final long offset, final long length) throws IOException
        {
            image.clear(offset, length);
        }

        @Override
        public void flush() throws IOException
        {
            image.flush();
        }

        @Override
        public void close() throws IOException
        {
            image.close();
        }
    }
}
