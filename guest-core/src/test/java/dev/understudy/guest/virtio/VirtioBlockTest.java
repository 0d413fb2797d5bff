package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The drive, from the guest's side. */
class VirtioBlockTest
{
    private static final int QUEUE = VirtioBlock.REQUEST_QUEUE;
    private static final int SECTORS = 64;
    private static final int BYTES = SECTORS * 512;
    private static final int OK = 0;
    private static final int IOERR = 1;
    private static final int UNSUPP = 2;
    private static final int NO_ANSWER = 0xEE;

    private final GuestMemory memory = new GuestMemory(16 << 20);
    private final MemoryDrive host = new MemoryDrive(BYTES);
    private VirtioBlock block;
    private VirtioMmio transport;
    private GuestDriver driver;

    VirtioBlockTest()
    {
        make(new DriveConfiguration(BYTES, false, true, "serial-1"));
    }

    private void make(final DriveConfiguration configuration)
    {
        block = new VirtioBlock(memory, 0, configuration, host);
        transport = new VirtioMmio(4, block, new Plic());
        driver = new GuestDriver(memory, transport, 1);
    }

    @Test
    void configurationSpaceSaysWhatTheDeviceCan()
    {
        assertThat(config(VirtioBlock.CONFIG_CAPACITY, 8)).isEqualTo(SECTORS);
        assertThat(config(VirtioBlock.CONFIG_SIZE_MAX, 4)).isEqualTo(32 << 10);
        assertThat(config(VirtioBlock.CONFIG_SEG_MAX, 4)).isEqualTo(126);
        assertThat(config(VirtioBlock.CONFIG_BLOCK_SIZE, 4)).isEqualTo(512);
        assertThat(config(VirtioBlock.CONFIG_MAX_DISCARD_SECTORS, 4)).isEqualTo(1 << 22);
        assertThat(config(VirtioBlock.CONFIG_MAX_DISCARD_SEGMENTS, 4)).isEqualTo(1);
        assertThat(config(VirtioBlock.CONFIG_DISCARD_ALIGNMENT, 4)).isEqualTo(128);
        assertThat(config(VirtioBlock.CONFIG_MAX_WRITE_ZEROES_SECTORS, 4)).isEqualTo(1 << 15);
        assertThat(config(VirtioBlock.CONFIG_MAX_WRITE_ZEROES_SEGMENTS, 4)).isEqualTo(1);
        assertThat(config(VirtioBlock.CONFIG_WRITE_ZEROES_MAY_UNMAP, 1)).isEqualTo(1);
        assertThat(transport.load(VirtioMmio.CONFIG + 0x200, 4)).isZero();
        assertThat(VirtioBlock.MAX_SEGMENTS * VirtioBlock.MAX_SEGMENT_BYTES)
            .isLessThanOrEqualTo(VirtioBlock.MAX_REQUEST_BYTES);
    }

    @Test
    void featuresAreThoseThatWork()
    {
        final long always = VirtioBlock.FEATURE_SIZE_MAX | VirtioBlock.FEATURE_SEG_MAX |
            VirtioBlock.FEATURE_BLOCK_SIZE | VirtioBlock.FEATURE_FLUSH;
        assertThat(block.features())
            .isEqualTo(always | VirtioBlock.FEATURE_DISCARD | VirtioBlock.FEATURE_WRITE_ZEROES);
        make(new DriveConfiguration(BYTES, false, false, ""));
        assertThat(block.features()).isEqualTo(always | VirtioBlock.FEATURE_WRITE_ZEROES);
        make(new DriveConfiguration(BYTES, true, false, ""));
        assertThat(block.features()).isEqualTo(always | VirtioBlock.FEATURE_READ_ONLY);
    }

    @Test
    void dataAreCopiedAtTheNotifyAndAtTheCompletion()
    {
        driver.start(0);
        final byte[] written = bytes(1024, 1);
        final GuestDriver.Piece source = driver.readable(written);
        final GuestDriver.Piece target = driver.writable(1024);
        final GuestDriver.Piece status = driver.writable(1);
        final int write = driver.add(QUEUE, driver.readable(header(BlockHeader.OUT, 3)), source, driver.writable(1));
        final int read = driver.add(QUEUE, driver.readable(header(BlockHeader.IN, 3)), target, status);
        driver.notifyDevice(QUEUE);
        // What the driver does with its buffer now is too late for the device.
        memory.write(source.address(), new byte[1024], 0, 1024);
        final BlockRequest first = host.submitted.remove();
        final BlockRequest second = host.submitted.remove();
        assertThat(first.kind()).isEqualTo(BlockRequest.Kind.WRITE_THROUGH);
        assertThat(first.offset()).isEqualTo(3 * 512);
        assertThat(first.data()).isEqualTo(written);
        host.execute(first);
        host.execute(second);
        assertThat(driver.content(target, 1024)).isEqualTo(new byte[1024]);
        assertThat(driver.used(QUEUE)).isEmpty();

        assertThat(block.oldest()).isSameAs(first);
        block.complete(BlockStatus.OK);
        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(write, 1));
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
        assertThat(block.oldest()).isSameAs(second);
        block.complete(BlockStatus.OK);
        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(read, 1025));
        assertThat(driver.content(target, 1024)).isEqualTo(written);
        assertThat(driver.content(status, 1)).containsExactly(OK);
        assertThat(block.oldest()).isNull();
    }

    @Test
    void writesNeedNoFlushForADriverThatKnowsNone()
    {
        driver.start(VirtioBlock.FEATURE_FLUSH);
        assertThat(request(BlockHeader.OUT, 0, bytes(512, 1), 0)).isEqualTo(OK);
        driver.add(QUEUE, driver.readable(header(BlockHeader.OUT, 0)), driver.readable(bytes(512, 2)),
            driver.writable(1));
        driver.notifyDevice(QUEUE);
        assertThat(host.submitted.remove().kind()).isEqualTo(BlockRequest.Kind.WRITE);
    }

    @Test
    void theHostsErrorBecomesTheStatus()
    {
        driver.start(0);
        final GuestDriver.Piece target = driver.writable(512);
        final GuestDriver.Piece status = driver.writable(1);
        final int head = driver.add(QUEUE, driver.readable(header(BlockHeader.IN, 0)), target, status);
        driver.notifyDevice(QUEUE);
        Arrays.fill(host.submitted.remove().data(), (byte)7);

        block.complete(BlockStatus.IOERR);

        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(head, 0));
        assertThat(driver.content(target, 512)).isEqualTo(new byte[512]);
        assertThat(driver.content(status, 1)).containsExactly(IOERR);
    }

    @Test
    void serialNumberIsAnsweredAtOnce()
    {
        driver.start(0);
        final GuestDriver.Piece text = driver.writable(20);
        final GuestDriver.Piece status = driver.writable(1);
        final int head = driver.add(QUEUE, driver.readable(header(BlockHeader.GET_ID, 0)), text, status);
        driver.notifyDevice(QUEUE);

        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(head, 21));
        assertThat(driver.content(status, 1)).containsExactly(OK);
        assertThat(new String(driver.content(text, 20), StandardCharsets.US_ASCII)).isEqualTo("serial-1" + "\0".repeat(12));
        assertThat(request(BlockHeader.GET_ID, 0, new byte[0], 19)).isEqualTo(IOERR);
    }

    @Test
    void whatIsOutOfRangeMisalignedOrTooShortIsAnIoError()
    {
        driver.start(0);
        assertThat(request(BlockHeader.IN, SECTORS - 1, new byte[0], 512)).isEqualTo(OK);
        assertThat(request(BlockHeader.IN, SECTORS - 1, new byte[0], 1024)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, SECTORS, new byte[0], 512)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, -1, new byte[0], 512)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, Long.MIN_VALUE, new byte[0], 512)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, 1L << 55, new byte[0], 512)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, 0, new byte[0], 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, 0, new byte[0], 511)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.OUT, 0, new byte[513], 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.OUT, 0, new byte[0], 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.OUT, SECTORS - 1, new byte[1024], 0)).isEqualTo(IOERR);
        assertThat(request(99, 0, new byte[0], 512)).isEqualTo(UNSUPP);
        assertThat(request(-1, 0, new byte[0], 0)).isEqualTo(UNSUPP);
        assertThat(host.submitted).isEmpty();
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void aHeaderThatIsTooShortIsAnIoError()
    {
        driver.start(0);
        final GuestDriver.Piece status = driver.writable(1);
        final int head = driver.add(QUEUE, driver.readable(new byte[15]), status);
        driver.notifyDevice(QUEUE);
        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(head, 1));
        assertThat(driver.content(status, 1)).containsExactly(IOERR);
    }

    @Test
    void aRequestWithoutRoomForItsStatusNeedsAReset()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)));
        driver.notifyDevice(QUEUE);
        assertThat(driver.needsReset()).isTrue();
        assertThat(host.submitted).isEmpty();
    }

    @Test
    void aLongRequestReachesTheHostInPartsAndTheNextFollowsTheLast()
    {
        final int length = 2 * VirtioBlock.MAX_REQUEST_BYTES + 512;
        final MemoryDrive large = new MemoryDrive(length + 512);
        block = new VirtioBlock(memory, 0, new DriveConfiguration(length + 512, false, true, ""), large);
        transport = new VirtioMmio(4, block, new Plic());
        driver = new GuestDriver(memory, transport, 1);
        driver.start(0);
        final byte[] written = bytes(length, 1);
        final GuestDriver.Piece data = driver.readable(written);
        final GuestDriver.Piece target = new GuestDriver.Piece(data.address(), length, true);
        final GuestDriver.Piece status = driver.writable(1);
        final int write = driver.add(QUEUE, driver.readable(header(BlockHeader.OUT, 1)), data, status);
        final int read = driver.add(QUEUE, driver.readable(header(BlockHeader.IN, 1)), target, status);
        driver.notifyDevice(QUEUE);
        for (int part = 0; part < 6; part++)
        {
            assertThat(large.submitted).hasSize(1);
            final BlockRequest request = large.submitted.remove();
            assertThat(request.number()).isEqualTo(part);
            assertThat(request.offset()).isEqualTo(512 + (long)part % 3 * VirtioBlock.MAX_REQUEST_BYTES);
            large.execute(request);
            if (part == 3)
            {
                memory.write(target.address(), new byte[length], 0, length);
            }
            assertThat(driver.used(QUEUE)).isEmpty();
            final long before = digest(transport);
            block.complete(BlockStatus.OK);
            assertThat(digest(transport)).isNotEqualTo(before);
            if (part == 2)
            {
                assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(write, 1));
            }
        }
        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(read, length + 1));
        assertThat(driver.content(target, length)).isEqualTo(written);
        assertThat(Arrays.copyOfRange(large.content, 512, length + 512)).isEqualTo(written);
        assertThat(block.oldest()).isNull();
    }

    @Test
    void aLongRequestWhosePartFailsFails()
    {
        make(new DriveConfiguration(1L << 40, false, true, ""));
        driver.start(0);
        final GuestDriver.Piece status = driver.writable(1);
        driver.add(QUEUE, driver.readable(header(BlockHeader.IN, 0)),
            driver.writable(VirtioBlock.MAX_REQUEST_BYTES + 512), status);
        driver.notifyDevice(QUEUE);
        block.complete(BlockStatus.IOERR);
        assertThat(driver.content(status, 1)).containsExactly(IOERR);
        assertThat(block.oldest()).isNull();
    }

    @Test
    void aDriveThatIsReadOnlyTakesNoWrites()
    {
        make(new DriveConfiguration(BYTES, true, false, ""));
        driver.start(0);
        assertThat(request(BlockHeader.OUT, 0, new byte[512], 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(0, 1, 0), 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.DISCARD, 0, segment(0, 1, 0), 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.IN, 0, new byte[0], 512)).isEqualTo(OK);
        assertThat(request(BlockHeader.FLUSH, 0, new byte[0], 0)).isEqualTo(OK);
    }

    @Test
    void rangesAreClearedAndCheckedAsSection5262Says()
    {
        driver.start(0);
        Arrays.fill(host.content, (byte)1);
        assertThat(request(BlockHeader.DISCARD, 0, segment(2, 1, 0), 0)).isEqualTo(OK);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(4, 2, 0), 0)).isEqualTo(OK);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(8, 1, 1), 0)).isEqualTo(OK);
        for (int sector = 0; sector < 10; sector++)
        {
            final boolean isCleared = sector == 2 || sector == 4 || sector == 5 || sector == 8;
            assertThat(host.content[sector * 512]).as("sector " + sector).isEqualTo((byte)(isCleared ? 0 : 1));
        }
        assertThat(request(BlockHeader.DISCARD, 0, segment(2, 1, 1), 0)).as("unmap").isEqualTo(UNSUPP);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(2, 1, 2), 0)).as("a flag").isEqualTo(UNSUPP);
        assertThat(request(BlockHeader.DISCARD, 0, new byte[32], 0)).as("two segments").isEqualTo(UNSUPP);
        assertThat(request(BlockHeader.DISCARD, 0, new byte[15], 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.DISCARD, 0, segment(2, 0, 0), 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.DISCARD, 0, segment(SECTORS, 1, 0), 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(0, -1, 0), 0)).isEqualTo(IOERR);
        assertThat(request(BlockHeader.WRITE_ZEROES, 0, segment(-1, 1, 0), 0)).isEqualTo(IOERR);
        make(new DriveConfiguration(BYTES, false, false, ""));
        driver.start(0);
        assertThat(request(BlockHeader.DISCARD, 0, segment(2, 1, 0), 0)).as("not offered").isEqualTo(UNSUPP);
    }

    @Test
    void aResetForgetsRequestsButNotTheirNumbers()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)), driver.writable(1));
        driver.notifyDevice(QUEUE);
        assertThat(block.oldest().number()).isZero();
        driver.status(0);
        assertThat(block.oldest()).isNull();
        block.complete(BlockStatus.OK);
        driver.start(0);
        block.complete(BlockStatus.OK);
        assertThat(driver.used(QUEUE)).isEmpty();
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)), driver.writable(1));
        driver.notifyDevice(QUEUE);
        assertThat(block.oldest().number()).isEqualTo(1);
    }

    @Test
    void aQueueThatIsTakenAwayTakesItsRequestsWithIt()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(header(BlockHeader.IN, 0)), driver.writable(512), driver.writable(1));
        driver.notifyDevice(QUEUE);
        driver.store(VirtioMmio.QUEUE_SEL, QUEUE);
        driver.store(VirtioMmio.QUEUE_READY, 0);
        assertThat(block.oldest()).isNull();
    }

    @Test
    void aBrokenDeviceCompletesNothing()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)), driver.writable(1));
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)));
        driver.notifyDevice(QUEUE);
        assertThat(driver.needsReset()).isTrue();
        assertThat(block.oldest()).isNull();
        block.complete(BlockStatus.OK);
        assertThat(driver.used(QUEUE)).isEmpty();
    }

    @Test
    void requestsInFlightAreBoundedAndTheOthersFollow()
    {
        make(new DriveConfiguration(1L << 40, false, true, ""));
        driver = new GuestDriver(memory, transport, 1, 128);
        driver.start(0);
        final GuestDriver.Piece target = driver.writable(VirtioBlock.MAX_REQUEST_BYTES);
        final GuestDriver.Piece header = driver.readable(header(BlockHeader.IN, 0));
        final GuestDriver.Piece status = driver.writable(1);
        for (int i = 0; i < 10; i++)
        {
            driver.add(QUEUE, header, target, status);
        }
        driver.notifyDevice(QUEUE);
        assertThat(host.submitted).hasSize(4);
        for (int i = 0; i < 10; i++)
        {
            assertThat(block.oldest().number()).isEqualTo(i);
            block.complete(BlockStatus.OK);
        }
        assertThat(driver.used(QUEUE)).hasSize(10);
        assertThat(block.oldest()).isNull();
    }

    @Test
    void whatIsOnTheDriveShowsInTheDigestOnceItIsRead()
    {
        assertThat(digestAfterReading(0)).isNotEqualTo(digestAfterReading(1)).isEqualTo(digestAfterReading(0));
    }

    /** Of the device alone: the RAM, which differs as well, has a hash of its own. */
    private long digestAfterReading(final int lastByte)
    {
        make(new DriveConfiguration(BYTES, false, true, ""));
        driver.start(0);
        host.content[511] = (byte)lastByte;
        assertThat(request(BlockHeader.IN, 0, new byte[0], 512)).isEqualTo(OK);
        final StateHash hash = new StateHash();
        block.save(hash);
        return hash.value();
    }

    @Test
    void aRequestThatWaitsIsPartOfTheDigest()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(header(BlockHeader.FLUSH, 0)), driver.writable(1));
        final long before = digest(transport);
        driver.notifyDevice(QUEUE);
        final long waiting = digest(transport);
        block.complete(BlockStatus.OK);
        assertThat(waiting).isNotEqualTo(before).isNotEqualTo(digest(transport));
    }

    @Property(tries = 200)
    void requestsInAnyPiecesDoWhatAnArrayDoes(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        make(new DriveConfiguration(BYTES, false, true, ""));
        Arrays.fill(host.content, (byte)0);
        driver = new GuestDriver(memory, transport, 1, 128);
        driver.start(random.nextInt(4) << 28 | VirtioBlock.FEATURE_FLUSH);
        final byte[] model = new byte[BYTES];
        for (int i = 0; i < 40; i++)
        {
            final int sectors = 1 + random.nextInt(4);
            final int sector = random.nextInt(SECTORS - sectors + 1);
            final byte[] data = bytes(sectors * 512, random.nextInt());
            final boolean isWrite = random.nextBoolean();
            final GuestDriver.Piece target = driver.writable(isWrite ? 1 : data.length + 1);
            final List<GuestDriver.Piece> pieces = new ArrayList<>();
            split(random, driver.readable(isWrite ? join(header(BlockHeader.OUT, sector), data) :
                header(BlockHeader.IN, sector)), pieces);
            split(random, target, pieces);
            driver.add(QUEUE, pieces.toArray(GuestDriver.Piece[]::new));
            driver.notifyDevice(QUEUE);
            host.serve(block);

            assertThat(driver.used(QUEUE)).hasSize(1);
            final byte[] answer = driver.content(target, target.length());
            assertThat(answer[answer.length - 1]).isEqualTo((byte)OK);
            if (isWrite)
            {
                System.arraycopy(data, 0, model, sector * 512, data.length);
            }
            else
            {
                assertThat(Arrays.copyOf(answer, data.length))
                    .isEqualTo(Arrays.copyOfRange(model, sector * 512, sector * 512 + data.length));
            }
        }
        assertThat(host.content).isEqualTo(model);
    }

    private static void split(final Random random, final GuestDriver.Piece whole, final List<GuestDriver.Piece> into)
    {
        int done = 0;
        for (int i = 0; i < 6 && done < whole.length(); i++)
        {
            final int length = i == 5 ? whole.length() - done :
                random.nextBoolean() ? random.nextInt(whole.length() - done + 1) :
                    random.nextInt(Math.min(20, whole.length() - done + 1));
            into.add(new GuestDriver.Piece(whole.address() + done, length, whole.isWritable()));
            done += length;
        }
    }

    /** Makes a request and has it served; the status. */
    private int request(final int type, final long sector, final byte[] data, final int answerBytes)
    {
        final GuestDriver.Piece status = driver.writable(1);
        memory.writeByte(status.address(), NO_ANSWER);
        driver.add(QUEUE, driver.readable(header(type, sector)), driver.readable(data), driver.writable(answerBytes), status);
        driver.notifyDevice(QUEUE);
        host.serve(block);
        assertThat(driver.used(QUEUE)).hasSize(1);
        return memory.readByte(status.address());
    }

    private long config(final int offset, final int bytes)
    {
        return transport.load(VirtioMmio.CONFIG + offset, bytes);
    }

    private static long digest(final VirtioMmio transport)
    {
        final StateHash hash = new StateHash();
        transport.save(hash);
        return hash.value();
    }

    private static byte[] header(final int type, final long sector)
    {
        return ByteBuffer.allocate(BlockHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type).putInt(0).putLong(sector).array();
    }

    private static byte[] segment(final long sector, final int sectors, final int flags)
    {
        return ByteBuffer.allocate(BlockHeader.SEGMENT_BYTES).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(sector).putInt(sectors).putInt(flags).array();
    }

    private static byte[] join(final byte[] a, final byte[] b)
    {
        final byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static byte[] bytes(final int length, final int seed)
    {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
