package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateHash;
import org.junit.jupiter.api.Test;

/** The source of random bytes. */
class VirtioEntropyTest
{
    private static final int QUEUE = VirtioEntropy.REQUEST_QUEUE;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final VirtioEntropy entropy = new VirtioEntropy(memory);
    private final VirtioMmio transport = new VirtioMmio(0, entropy, new Plic());
    private final GuestDriver driver = new GuestDriver(memory, transport, 1);

    @Test
    void requestsWaitAndAreAnsweredInOrder()
    {
        driver.start(0);
        final GuestDriver.Piece a = driver.writable(3);
        final GuestDriver.Piece b = driver.writable(2);
        final int first = driver.add(QUEUE, a, b);
        final int second = driver.add(QUEUE, driver.writable(7));
        assertThat(entropy.wanted()).isZero();
        driver.notifyDevice(QUEUE);
        assertThat(entropy.wanted()).isEqualTo(5);
        assertThat(driver.used(QUEUE)).isEmpty();

        entropy.supply(new byte[]{9, 1, 2, 3, 4, 5}, 1, 5);

        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(first, 5));
        assertThat(driver.content(a, 3)).containsExactly(1, 2, 3);
        assertThat(driver.content(b, 2)).containsExactly(4, 5);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
        assertThat(entropy.wanted()).isEqualTo(7);
        entropy.supply(new byte[100], 0, 100);
        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(second, 7));
        assertThat(entropy.wanted()).isZero();
    }

    @Test
    void aLargeRequestGetsABoundedAnswer()
    {
        driver.start(0);
        driver.add(QUEUE, driver.writable(100_000));
        driver.notifyDevice(QUEUE);

        assertThat(entropy.wanted()).isEqualTo(VirtioEntropy.MAX_BYTES);
    }

    @Test
    void aRequestForNothingIsAnsweredAtOnce()
    {
        driver.start(0);
        driver.add(QUEUE, driver.writable(0));
        driver.add(QUEUE, driver.writable(4));
        driver.notifyDevice(QUEUE);

        assertThat(driver.used(QUEUE)).containsExactly(new GuestDriver.Used(0, 0));
        assertThat(entropy.wanted()).isEqualTo(4);
    }

    @Test
    void supplyWithoutARequestDoesNothing()
    {
        entropy.supply(new byte[4], 0, 4);
        driver.start(0);
        entropy.supply(new byte[4], 0, 4);

        assertThat(driver.used(QUEUE)).isEmpty();
        assertThat(driver.takeInterrupt()).isZero();
    }

    @Test
    void aQueueThatIsTakenAwayTakesItsRequestsWithIt()
    {
        driver.start(0);
        driver.add(QUEUE, driver.writable(4));
        driver.notifyDevice(QUEUE);
        driver.store(VirtioMmio.QUEUE_SEL, QUEUE);
        driver.store(VirtioMmio.QUEUE_READY, 0);
        // A used ring outside RAM, which a supply would write to.
        driver.store(VirtioMmio.QUEUE_DEVICE_LOW, 0);

        assertThat(entropy.wanted()).isZero();
        entropy.supply(new byte[4], 0, 4);

        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void whatTheDriverDoesToARequestAfterwardsChangesNothing()
    {
        driver.start(0);
        final GuestDriver.Piece piece = driver.writable(4);
        final int head = driver.add(QUEUE, piece);
        driver.notifyDevice(QUEUE);
        driver.descriptor(driver.descriptors(QUEUE), head, 0, -1, 0, 0);

        entropy.supply(new byte[]{1, 2, 3, 4}, 0, 4);

        assertThat(driver.content(piece, 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aReadableRequestNeedsAResetAndWantsNothing()
    {
        driver.start(0);
        driver.add(QUEUE, driver.readable(new byte[4]), driver.writable(4));
        driver.notifyDevice(QUEUE);

        assertThat(driver.needsReset()).isTrue();
        assertThat(entropy.wanted()).isZero();
    }

    @Test
    void theRequestThatWaitsIsPartOfTheDigest()
    {
        driver.start(0);
        driver.add(QUEUE, driver.writable(4));
        final long before = digest();

        driver.notifyDevice(QUEUE);

        assertThat(digest()).isNotEqualTo(before);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        transport.save(hash);
        return hash.value();
    }
}
