package dev.understudy.hypervisor.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.node.DriveException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is written to an overlay is read from it; the base stays as it is. */
class OverlayImageTest
{
    private static final int CLUSTER = OverlayImage.CLUSTER_BYTES;
    private static final int SECTOR = 512;

    /** Five clusters and a part of a sixth. */
    private static final int BYTES = 5 * CLUSTER + 20 * SECTOR;

    private Path directory;
    private Path base;
    private Path overlay;
    private byte[] baseContent;
    private DriveFile drive;

    @BeforeEach
    @BeforeTry
    void makeBase() throws IOException
    {
        directory = Files.createTempDirectory("overlay-test-");
        base = directory.resolve("base.img");
        overlay = directory.resolve("overlay");
        baseContent = bytes(BYTES, 1);
        Files.write(base, baseContent);
        drive = DriveFile.of(base, false, true, "");
    }

    @AfterEach
    @AfterTry
    void baseIsAsItWas() throws IOException
    {
        if (Files.exists(base))
        {
            assertThat(Files.readAllBytes(base)).isEqualTo(baseContent);
        }
        try (var files = Files.list(directory))
        {
            for (final Path file : files.toList())
            {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    @Property(tries = 60)
    void anOverlayIsWhatAnArrayIsAlsoAfterItWasClosed(@ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final byte[] model = baseContent.clone();
        OverlayImage image = OverlayImage.create(drive, overlay);
        for (int i = 0; i < 60; i++)
        {
            change(image, model, random);
            if (random.nextInt(10) == 0)
            {
                image.flush();
            }
            if (random.nextInt(15) == 0)
            {
                image.close();
                image = OverlayImage.openOrCreate(drive, overlay);
            }
            final int at = random.nextInt(BYTES / SECTOR) * SECTOR;
            final byte[] found = new byte[Math.min((1 + random.nextInt(300)) * SECTOR, BYTES - at)];
            image.read(at, found);
            assertThat(Arrays.equals(found, Arrays.copyOfRange(model, at, at + found.length))).isTrue();
        }
        image.close();
    }

    @Property(tries = 40)
    void anOverlayThatIsNotKeptIsWhatAnArrayIs(@ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final byte[] model = baseContent.clone();
        try (OverlayImage image =
            random.nextBoolean() ? OverlayImage.temporary(drive) : OverlayImage.beginAnew(drive, overlay))
        {
            for (int i = 0; i < 60; i++)
            {
                change(image, model, random);
            }
            assertThat(Arrays.equals(content(image), model)).isTrue();
        }
    }

    /** Each sector is as it was at the last flush, or as it was at some time since. */
    @Property(tries = 150)
    void whatWasFlushedSurvivesAKillAndALossOfPower(@ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final byte[] model = baseContent.clone();
        FaultyFile file = new FaultyFile();
        OverlayImage image = OverlayImage.create(drive, file);
        final List<byte[]> since = new ArrayList<>();
        since.add(model.clone());
        for (int life = 0; life < 4; life++)
        {
            for (int i = 0; i < 12; i++)
            {
                change(image, model, random);
                since.add(model.clone());
                if (random.nextInt(4) == 0)
                {
                    image.flush();
                    since.clear();
                    since.add(model.clone());
                }
            }
            file = random.nextBoolean() ? file.afterKill() : file.afterPowerLoss(random);
            image = OverlayImage.open(drive, file);
            final byte[] left = content(image);
            for (int at = 0; at < BYTES; at += SECTOR)
            {
                final int from = at;
                assertThat(since.stream().anyMatch(
                    then -> Arrays.equals(then, from, from + SECTOR, left, from, from + SECTOR)))
                    .as("sector " + at / SECTOR + " in life " + life).isTrue();
            }
            System.arraycopy(left, 0, model, 0, BYTES);
            image.flush();
            since.clear();
            since.add(model.clone());
        }
    }

    @Test
    void clearedClustersAreUsedAgain() throws IOException
    {
        try (OverlayImage image = OverlayImage.create(drive, overlay))
        {
            for (int i = 0; i < 50; i++)
            {
                image.write(0, bytes(4 * CLUSTER, i));
                image.clear(0, 4L * CLUSTER);
                image.flush();
            }
        }
        assertThat(Files.size(overlay)).isLessThanOrEqualTo(CLUSTER + 8L * CLUSTER);
    }

    @Test
    void anOverlayOfAnotherBaseIsRefusedByNameAndHash() throws IOException
    {
        OverlayImage.create(drive, overlay).close();
        final Path other = Files.write(directory.resolve("other.img"), bytes(BYTES, 2));
        assertThatThrownBy(() -> OverlayImage.openOrCreate(DriveFile.of(other, false, true, ""), overlay))
            .isInstanceOf(DriveException.class)
            .hasMessageContaining(overlay.toString()).hasMessageContaining("other.img").hasMessageContaining("SHA-256");
    }

    @Test
    void whatIsNoOverlayOrADamagedOneIsRefused() throws IOException
    {
        Files.write(overlay, bytes(2 * CLUSTER, 3));
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("no overlay");
        Files.write(overlay, new byte[10]);
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("no overlay");
        OverlayImage.beginAnew(drive, overlay).close();
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("no overlay");
        Files.delete(overlay);

        try (OverlayImage image = OverlayImage.create(drive, overlay))
        {
            image.write(0, bytes(3 * CLUSTER, 4));
        }
        final byte[] good = Files.readAllBytes(overlay);
        damage(good, 20);
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("checksum");
        damage(good, OverlayHeader.PAGE_BYTES + 3);
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("does not have");
        final byte[] doubled = good.clone();
        doubled[OverlayHeader.PAGE_BYTES + 4] = doubled[OverlayHeader.PAGE_BYTES];
        Files.write(overlay, doubled);
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("as well");
        Files.write(overlay, Arrays.copyOf(good, OverlayHeader.PAGE_BYTES));
        assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("cannot be used");
    }

    @Test
    void anImageThatIsInUseIsRefused() throws IOException
    {
        try (OverlayImage image = OverlayImage.create(drive, overlay))
        {
            assertThatThrownBy(() -> OverlayImage.openOrCreate(drive, overlay)).hasMessageContaining("in use");
            assertThatThrownBy(() -> RawImage.writable(base)).hasMessageContaining("in use");
            assertThatThrownBy(() -> OverlayImage.create(drive, overlay)).hasMessageContaining("exists already");
            RawImage.readOnly(base).close();
        }
        try (RawImage written = RawImage.writable(base))
        {
            assertThatThrownBy(() -> RawImage.readOnly(base)).hasMessageContaining("in use");
            assertThatThrownBy(() -> OverlayImage.beginAnew(drive, directory.resolve("other"))).hasMessageContaining("in use");
            written.flush();
        }
        RawImage.readOnly(base).close();
    }

    @Test
    void anErrorOfTheDiskIsReported() throws IOException
    {
        final FaultyFile file = new FaultyFile();
        final OverlayImage image = OverlayImage.create(drive, file);
        file.fail();
        assertThatThrownBy(() -> image.write(0, new byte[SECTOR])).isInstanceOf(IOException.class);
    }

    @Test
    void aLargeDriveTakesLittleRoom() throws IOException
    {
        final Path large = directory.resolve("large.img");
        try (FileChannel channel = FileChannel.open(large, StandardOpenOption.CREATE, StandardOpenOption.WRITE))
        {
            channel.write(ByteBuffer.allocate(1), (1L << 31) - 1);
        }
        try (OverlayImage image = OverlayImage.beginAnew(DriveFile.of(large, false, true, ""), overlay))
        {
            image.write((1L << 31) - SECTOR, bytes(SECTOR, 5));
            final byte[] found = new byte[SECTOR];
            image.read((1L << 31) - SECTOR, found);
            assertThat(found).isEqualTo(bytes(SECTOR, 5));
        }
        assertThat(Files.size(overlay)).isLessThan(1 << 20);
    }

    private void damage(final byte[] good, final int at) throws IOException
    {
        final byte[] damaged = good.clone();
        damaged[at] ^= 0x40;
        Files.write(overlay, damaged);
    }

    private static void change(final OverlayImage image, final byte[] model, final Random random) throws IOException
    {
        final int at = random.nextInt(BYTES / SECTOR) * SECTOR;
        final int length = Math.min((1 + random.nextInt(random.nextBoolean() ? 4 : 400)) * SECTOR, BYTES - at);
        if (random.nextInt(4) == 0)
        {
            image.clear(at, length);
            Arrays.fill(model, at, at + length, (byte)0);
        }
        else
        {
            final byte[] data = bytes(length, random.nextInt());
            image.write(at, data);
            System.arraycopy(data, 0, model, at, length);
        }
    }

    private static byte[] content(final OverlayImage image) throws IOException
    {
        final byte[] content = new byte[BYTES];
        image.read(0, content);
        return content;
    }

    private static byte[] bytes(final int length, final long seed)
    {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
