package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of the split virtqueue, seen through a console's transmit queue. */
class VirtQueueTest
{
    private static final int TX = VirtioConsole.TRANSMIT_QUEUE;
    private static final int SIZE = GuestDriver.QUEUE_SIZE;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final long BUFFER = GuestMemory.BASE + 0x1000;
    private static final long TABLE = GuestMemory.BASE + 0x2000;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final Outputs outputs = new Outputs();
    private final GuestDriver driver = new GuestDriver(
        memory, new VirtioMmio(0, new VirtioConsole(memory, outputs, () ->
    {
    }), new Plic()), 2);

    @BeforeEach
    void start()
    {
        driver.start(VirtioMmio.FEATURE_INDIRECT_DESC);
    }

    @Test
    void takesChainsInOrderAndGivesTheirHeadsBack()
    {
        final int first = driver.add(TX, text("ab"), text("c"), text(""));
        final int second = driver.add(TX, text("de"));

        driver.notifyDevice(TX);

        assertThat(outputs.console()).isEqualTo("abcde");
        assertThat(driver.used(TX)).containsExactly(
            new GuestDriver.Used(first, 0), new GuestDriver.Used(second, 0));
    }

    @Test
    void goesOnAfterTheIndicesWrapAround()
    {
        for (int i = 0; i < 70_000; i++)
        {
            driver.add(TX, text("x"));
            driver.notifyDevice(TX);
            assertThat(driver.used(TX)).hasSize(1);
        }
        assertThat(outputs.bytes).isEqualTo(70_000);
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void readsAnIndirectTable()
    {
        final int head = driver.addIndirect(TX, text("ab"), text("cd"), text("ef"));

        driver.notifyDevice(TX);

        assertThat(outputs.console()).isEqualTo("abcdef");
        assertThat(driver.used(TX)).containsExactly(new GuestDriver.Used(head, 0));
    }

    @Test
    void readsDirectDescriptorsThatEndInAnIndirectTable()
    {
        driver.descriptor(driver.descriptors(TX), 0, put(BUFFER, "ab"), 2, NEXT, 1);
        // The write flag of a descriptor that refers to a table means nothing (section 2.7.5.3.2).
        driver.descriptor(driver.descriptors(TX), 1, TABLE, 16, INDIRECT | WRITE, 0);
        driver.descriptor(TABLE, 0, put(BUFFER + 8, "cd"), 2, 0, 0);
        driver.publish(TX, 0);
        driver.notifyDevice(TX);

        assertThat(outputs.console()).isEqualTo("abcd");
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void aChainMayBeAsLongAsTheQueueAndNoLonger()
    {
        final GuestDriver.Piece[] pieces = new GuestDriver.Piece[SIZE];
        for (int i = 0; i < SIZE; i++)
        {
            pieces[i] = text("x");
        }
        driver.add(TX, pieces);
        driver.notifyDevice(TX);
        assertThat(outputs.bytes).isEqualTo(SIZE);
        driver.addIndirect(TX, pieces);
        driver.notifyDevice(TX);
        assertThat(outputs.bytes).isEqualTo(2 * SIZE);
        assertThat(driver.needsReset()).isFalse();

        driver.addIndirect(TX, pieces);
        driver.descriptor(driver.descriptors(TX), 2, BUFFER, 1, NEXT, 3);
        driver.descriptor(driver.descriptors(TX), 3, tableOf(SIZE), 16 * SIZE, INDIRECT, 0);
        driver.publish(TX, 2);
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isTrue();
    }

    @Test
    void aLoopNeedsAReset()
    {
        driver.descriptor(driver.descriptors(TX), 0, BUFFER, 1, NEXT, 1);
        driver.descriptor(driver.descriptors(TX), 1, BUFFER, 1, NEXT, 0);
        refused(0);
    }

    @Test
    void aLoopInsideAnIndirectTableNeedsAReset()
    {
        driver.descriptor(TABLE, 0, BUFFER, 1, NEXT, 0);
        driver.descriptor(driver.descriptors(TX), 0, TABLE, 16, INDIRECT, 0);
        refused(0);
    }

    @Test
    void aNextOutsideTheTableNeedsAReset()
    {
        driver.descriptor(driver.descriptors(TX), 0, BUFFER, 1, NEXT, SIZE);
        refused(0);
    }

    @Test
    void aNextOutsideTheIndirectTableNeedsAReset()
    {
        driver.descriptor(TABLE, 0, BUFFER, 1, NEXT, 1);
        driver.descriptor(driver.descriptors(TX), 0, TABLE, 16, INDIRECT, 0);
        refused(0);
    }

    @Test
    void aBufferThatIsNotWhollyInRamNeedsAReset()
    {
        final long end = GuestMemory.BASE + memory.size();
        final long[] addresses = {0, GuestMemory.BASE - 1, end - 1, end, -1, Long.MIN_VALUE, Long.MAX_VALUE};
        for (final long address : addresses)
        {
            driver.start(0);
            driver.descriptor(driver.descriptors(TX), 0, address, 2, 0, 0);
            refused(0);
        }
        driver.start(0);
        driver.descriptor(driver.descriptors(TX), 0, BUFFER, 0x8000_0000, 0, 0);
        refused(0);
    }

    @Test
    void readableAfterWritableNeedsAReset()
    {
        driver.add(TX, driver.writable(1), text("x"));
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isTrue();
        assertThat(outputs.calls).isZero();
    }

    @Test
    void anIndirectTableThatIsNotOneNeedsAReset()
    {
        final long end = GuestMemory.BASE + memory.size();
        final long[][] tables = {{TABLE, 0}, {TABLE, 15}, {TABLE, 16 * (SIZE + 1)}, {end - 8, 16}, {0, 16}};
        for (final long[] table : tables)
        {
            driver.start(VirtioMmio.FEATURE_INDIRECT_DESC);
            driver.descriptor(driver.descriptors(TX), 0, table[0], (int)table[1], INDIRECT, 0);
            refused(0);
        }
    }

    @Test
    void anIndirectTableWithinAnotherOrWithASuccessorNeedsAReset()
    {
        driver.descriptor(TABLE, 0, TABLE, 16, INDIRECT, 0);
        driver.descriptor(driver.descriptors(TX), 0, TABLE, 16, INDIRECT, 0);
        refused(0);
        driver.start(VirtioMmio.FEATURE_INDIRECT_DESC);
        driver.descriptor(driver.descriptors(TX), 0, tableOf(1), 16, INDIRECT | NEXT, 1);
        refused(0);
    }

    @Test
    void anIndirectTableThatWasNotNegotiatedNeedsAReset()
    {
        driver.start(0);
        driver.descriptor(driver.descriptors(TX), 0, tableOf(1), 16, INDIRECT, 0);
        refused(0);
    }

    @Test
    void moreBuffersThanTheQueueHoldsNeedAReset()
    {
        memory.writeShort(driver.driverArea(TX) + 2, SIZE + 1);
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isTrue();
        assertThat(driver.used(TX)).isEmpty();
    }

    @Test
    void theDriverCanAskForNoInterrupt()
    {
        memory.writeShort(driver.driverArea(TX), 1);
        driver.add(TX, text("x"));
        driver.notifyDevice(TX);
        assertThat(driver.takeInterrupt()).isZero();

        memory.writeShort(driver.driverArea(TX), 0);
        driver.add(TX, text("x"));
        driver.notifyDevice(TX);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
    }

    @Test
    void withEventIndexAnInterruptComesWhenUsedEventIsPassed()
    {
        driver.start(VirtioMmio.FEATURE_EVENT_IDX);
        final long usedEvent = driver.driverArea(TX) + 4 + 2 * SIZE;
        memory.writeShort(driver.driverArea(TX), 1);
        memory.writeShort(usedEvent, 2);

        driver.add(TX, text("a"));
        driver.add(TX, text("b"));
        driver.notifyDevice(TX);
        assertThat(driver.takeInterrupt()).as("entries 0 and 1 used").isZero();

        driver.add(TX, text("c"));
        driver.notifyDevice(TX);
        assertThat(driver.takeInterrupt()).as("entry 2 used").isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);

        driver.add(TX, text("d"));
        driver.notifyDevice(TX);
        assertThat(driver.takeInterrupt()).as("used_event not moved").isZero();
    }

    @Test
    void withEventIndexANotifyIsAskedForTheFirstBufferNotTaken()
    {
        driver.start(VirtioMmio.FEATURE_EVENT_IDX);
        final long availEvent = driver.deviceArea(TX) + 4 + 8 * SIZE;
        driver.add(TX, text("a"));
        driver.add(TX, text("b"));
        driver.notifyDevice(TX);

        assertThat(memory.readShort(availEvent)).isEqualTo(2);
    }

    @Test
    void withoutEventIndexAvailEventIsNotWritten()
    {
        final long availEvent = driver.deviceArea(TX) + 4 + 8 * SIZE;
        memory.writeShort(availEvent, 0x5555);
        driver.add(TX, text("a"));
        driver.notifyDevice(TX);

        assertThat(memory.readShort(availEvent)).isEqualTo(0x5555);
    }

    @Test
    void aQueueThatIsStoppedAndStartedBeginsAtZero()
    {
        driver.add(TX, text("a"));
        driver.notifyDevice(TX);
        driver.store(VirtioMmio.QUEUE_SEL, TX);
        driver.store(VirtioMmio.QUEUE_READY, 0);
        driver.notifyDevice(TX);
        assertThat(driver.load(VirtioMmio.QUEUE_READY)).isZero();

        driver.startQueue(TX);
        driver.add(TX, text("b"));
        driver.notifyDevice(TX);

        assertThat(outputs.console()).isEqualTo("ab");
        assertThat(driver.used(TX)).hasSize(1);
    }

    /** Publishes a head and expects that nothing happens but the call for a reset. */
    private void refused(final int head)
    {
        driver.publish(TX, head);
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isTrue();
        assertThat(driver.used(TX)).isEmpty();
        assertThat(outputs.calls).isZero();
    }

    private GuestDriver.Piece text(final String text)
    {
        return driver.readable(text.getBytes(StandardCharsets.US_ASCII));
    }

    private long put(final long address, final String text)
    {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        memory.write(address, bytes, 0, bytes.length);
        return address;
    }

    private long tableOf(final int pieces)
    {
        for (int i = 0; i < pieces; i++)
        {
            driver.descriptor(TABLE, i, BUFFER, 1, i + 1 < pieces ? NEXT : 0, i + 1);
        }
        return TABLE;
    }
}
