package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The balloon. */
class VirtioBalloonTest
{
    private static final long PAGE = GuestMemory.BASE / VirtioBalloon.PAGE_BYTES;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final VirtioBalloon balloon = new VirtioBalloon(memory);
    private final GuestDriver driver = new GuestDriver(memory, new VirtioMmio(0, balloon, new Plic()), 2);

    @Test
    void targetIsInTheConfigurationAndAChangeIsTold()
    {
        balloon.target(5);
        driver.start(VirtioBalloon.FEATURE_DEFLATE_ON_OOM);
        assertThat(driver.load(VirtioMmio.CONFIG)).isEqualTo(5);
        assertThat(driver.takeInterrupt()).as("nobody was there to be told").isZero();

        balloon.target(5);
        assertThat(driver.takeInterrupt()).as("nothing has changed").isZero();
        balloon.target(7);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_CONFIG_CHANGE);
        assertThat(driver.load(VirtioMmio.CONFIG)).isEqualTo(7);
    }

    @Test
    void theDriverSaysHowManyPagesThereAreUntilAReset()
    {
        driver.start(0);
        driver.store(VirtioMmio.CONFIG, 99);
        driver.store(VirtioMmio.CONFIG + VirtioBalloon.CONFIG_ACTUAL, 3);
        assertThat(balloon.target()).isZero();
        assertThat(balloon.actual()).isEqualTo(3);

        balloon.target(8);
        driver.status(0);
        assertThat(balloon.actual()).isZero();
        assertThat(balloon.target()).isEqualTo(8);
    }

    @ParameterizedTest
    @ValueSource(ints = {VirtioBalloon.INFLATE_QUEUE, VirtioBalloon.DEFLATE_QUEUE})
    void pagesAreTakenAndKeepTheirContent(final int queue)
    {
        final long address = GuestMemory.BASE + 3L * VirtioBalloon.PAGE_BYTES;
        memory.writeLong(address, 42);
        driver.start(0);
        final int head = driver.add(queue, pages(PAGE + 3, PAGE + memory.pages() - 1));
        driver.notifyDevice(queue);

        assertThat(driver.used(queue)).containsExactly(new GuestDriver.Used(head, 0));
        assertThat(memory.readLong(address)).isEqualTo(42);
    }

    @Test
    void whatAreNoPagesOfTheGuestNeedsAReset()
    {
        assertNeedsReset(pages(PAGE, PAGE - 1));
        assertNeedsReset(pages(PAGE + memory.pages()));
        assertNeedsReset(pages(0xFFFF_FFFFL));
        assertNeedsReset(driver.readable(new byte[5]));
        assertNeedsReset(driver.writable(4));
        final long[] tooMany = new long[memory.pages() + 1];
        Arrays.fill(tooMany, PAGE);
        assertNeedsReset(pages(tooMany));
    }

    @Test
    void aBufferMayHoldANumberForEachPage()
    {
        driver.start(0);
        final long[] all = new long[memory.pages()];
        Arrays.setAll(all, i -> PAGE + i);
        final int head = driver.add(VirtioBalloon.INFLATE_QUEUE, pages(all));
        driver.notifyDevice(VirtioBalloon.INFLATE_QUEUE);
        assertThat(driver.used(VirtioBalloon.INFLATE_QUEUE)).containsExactly(new GuestDriver.Used(head, 0));
    }

    private void assertNeedsReset(final GuestDriver.Piece piece)
    {
        driver.start(0);
        driver.add(VirtioBalloon.INFLATE_QUEUE, piece);
        driver.notifyDevice(VirtioBalloon.INFLATE_QUEUE);
        assertThat(driver.needsReset()).isTrue();
    }

    private GuestDriver.Piece pages(final long... numbers)
    {
        final ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (final long number : numbers)
        {
            bytes.putInt((int)number);
        }
        return driver.readable(bytes.array());
    }
}
