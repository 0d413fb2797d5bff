package dev.understudy.hypervisor.drive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.journal.Genesis;
import dev.understudy.replay.snapshot.Capture;
import dev.understudy.replay.snapshot.SnapshotStore;
import dev.understudy.replay.snapshot.StoredDrive;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayeredImageTest
{
    private static final Path HELLO = Path.of("../guests/tests/hello.elf");

    /** Some clusters, a part of one, and a page that is not whole at the end. */
    private static final int BYTES = 5 * OverlayImage.CLUSTER_BYTES + 3 * 4096 + 512;
    private static final int SECTOR = 512;

    @TempDir
    private Path directory;

    private final Random random = new Random(156);
    private final byte[] model = new byte[BYTES];
    private byte[] kernel;
    private Capture capture;
    private DriveFile drive;
    private SnapshotStore store;

    @BeforeEach
    void prepare() throws IOException
    {
        random.nextBytes(model);
        drive = DriveFile.of(Files.write(directory.resolve("disk.img"), model), false, true, "");
        kernel = Files.readAllBytes(HELLO);
        capture = new Capture(
            new Machine(new MachineConfiguration(4 << 20, 3, kernel, null, ""), new Nowhere()), 0, 0, 0);
        store = store("store");
    }

    @Test
    void eachSnapshotHasTheDriveAsItWas() throws IOException
    {
        final Map<String, byte[]> taken = new HashMap<>();
        goOn(null, taken, 1_200);
        assertAllAreAsTheyWere(taken);

        // From one of them on, in another store.
        final Map.Entry<String, byte[]> one = taken.entrySet().iterator().next();
        final StoredDrive begun = store.open("guest", one.getKey()).drive(0);
        System.arraycopy(one.getValue(), 0, model, 0, BYTES);
        store = store("other");
        final Map<String, byte[]> takenThere = new HashMap<>();
        goOn(begun, takenThere, 300);
        assertAllAreAsTheyWere(takenThere);
    }

    private void goOn(final StoredDrive before, final Map<String, byte[]> taken, final int steps) throws IOException
    {
        try (LayeredImage image = new LayeredImage(drive, OverlayImage.temporary(drive, before), before))
        {
            for (int step = 0; step < steps; step++)
            {
                final int offset = random.nextInt(BYTES / SECTOR) * SECTOR;
                final int length = Math.min(BYTES - offset, SECTOR * (1 + random.nextInt(random.nextBoolean() ? 4 : 300)));
                switch (random.nextInt(8))
                {
                    case 0, 1, 2 ->
                    {
                        final byte[] data = new byte[length];
                        random.nextBytes(data);
                        image.write(offset, data);
                        System.arraycopy(data, 0, model, offset, length);
                    }
                    case 3 ->
                    {
                        image.clear(offset, length);
                        Arrays.fill(model, offset, offset + length, (byte)0);
                    }
                    case 4 -> takeOrFail(image, taken);
                    default ->
                    {
                        final byte[] data = new byte[length];
                        image.read(offset, data);
                        assertThat(data).isEqualTo(Arrays.copyOfRange(model, offset, offset + length));
                    }
                }
            }
            takeOrFail(image, taken);
        }
        assertThat(taken).isNotEmpty();
    }

    /** One in three is not taken: what its layer has belongs to the next one. */
    private void takeOrFail(final LayeredImage image, final Map<String, byte[]> taken) throws IOException
    {
        image.endLayer();
        if (taken.isEmpty() || random.nextInt(3) > 0)
        {
            final StoredSnapshot snapshot = store.take("guest", null, capture, genesis(), kernel, null,
                List.of(image.changes()), 0);
            taken.put(snapshot.info().name(), model.clone());
            image.store(snapshot.drive(0));
        }
    }

    private void assertAllAreAsTheyWere(final Map<String, byte[]> taken) throws IOException
    {
        for (final Map.Entry<String, byte[]> entry : taken.entrySet())
        {
            final StoredSnapshot snapshot = store.open("guest", entry.getKey());
            try (OverlayImage image = OverlayImage.temporary(drive, snapshot.drive(0)))
            {
                final byte[] content = new byte[BYTES];
                image.read(0, content);
                assertThat(Arrays.equals(content, entry.getValue())).as(entry.getKey()).isTrue();
            }
            assertThat(snapshot.verify()).isEmpty();
        }
    }

    private SnapshotStore store(final String name)
    {
        return new SnapshotStore(directory.resolve(name), notice ->
        {
            throw new AssertionError(notice);
        });
    }

    private Genesis genesis()
    {
        return new Genesis("guest", 4 << 20, 3, HELLO.toString(), sha256(), null, null, "",
            new byte[32], MachineConfiguration.MACHINE_VERSION, 0);
    }

    private byte[] sha256()
    {
        try
        {
            return MessageDigest.getInstance("SHA-256").digest(kernel);
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError(e);
        }
    }

    private static final class Nowhere implements OutputSink
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
