package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import org.junit.jupiter.api.Test;

/** The registers that every virtio device has. */
class VirtioMmioTest
{
    private static final int READY_TO_RUN =
        VirtioMmio.STATUS_ACKNOWLEDGE | VirtioMmio.STATUS_DRIVER | VirtioMmio.STATUS_FEATURES_OK;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final Plic plic = new Plic();
    private final Outputs outputs = new Outputs();
    private final VirtioVsock vsock = new VirtioVsock(memory, 0x1_2345, outputs);
    private final VirtioMmio transport = new VirtioMmio(2, vsock, plic);
    private final GuestDriver driver = new GuestDriver(memory, transport, 3);

    @Test
    void introducesItselfAsAModernDevice()
    {
        assertThat(transport.base()).isEqualTo(0x1000_3000L);
        assertThat(driver.load(VirtioMmio.MAGIC_VALUE)).isEqualTo(0x7472_6976);
        assertThat(driver.load(VirtioMmio.VERSION)).isEqualTo(2);
        assertThat(driver.load(VirtioMmio.DEVICE_ID)).isEqualTo(19);
        assertThat(driver.load(VirtioMmio.SHM_LEN_LOW)).isEqualTo(0xFFFF_FFFFL);
        assertThat(driver.load(VirtioMmio.SHM_LEN_HIGH)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void offersFeaturesInTwoWordsAndNoneBeyond()
    {
        driver.store(VirtioMmio.DEVICE_FEATURES_SEL, 0);
        assertThat(driver.load(VirtioMmio.DEVICE_FEATURES)).isEqualTo(1 | 1 << 28 | 1 << 29);
        driver.store(VirtioMmio.DEVICE_FEATURES_SEL, 1);
        assertThat(driver.load(VirtioMmio.DEVICE_FEATURES)).isEqualTo(1);
        driver.store(VirtioMmio.DEVICE_FEATURES_SEL, 2);
        assertThat(driver.load(VirtioMmio.DEVICE_FEATURES)).isZero();
    }

    @Test
    void configurationIsReadAtEveryWidth()
    {
        assertThat(transport.load(VirtioMmio.CONFIG, 1)).isEqualTo(0x45);
        assertThat(transport.load(VirtioMmio.CONFIG, 2)).isEqualTo(0x2345);
        assertThat(transport.load(VirtioMmio.CONFIG, 4)).isEqualTo(0x1_2345);
        assertThat(transport.load(VirtioMmio.CONFIG, 8)).isEqualTo(0x1_2345);
        assertThat(transport.load(VirtioMmio.CONFIG + 8, 8)).isZero();
    }

    @Test
    void refusesADriverWithoutVersion1()
    {
        driver.negotiate(0);

        assertThat(driver.status()).isEqualTo(VirtioMmio.STATUS_ACKNOWLEDGE | VirtioMmio.STATUS_DRIVER);
    }

    @Test
    void refusesADriverThatTakesWhatIsNotOffered()
    {
        driver.negotiate(VirtioMmio.FEATURE_VERSION_1 | 1L << 34);

        assertThat(driver.status() & VirtioMmio.STATUS_FEATURES_OK).isZero();
    }

    @Test
    void aDriverThatIgnoresTheRefusalNeverGetsTheDeviceGoing()
    {
        driver.negotiate(0);

        driver.status(READY_TO_RUN | VirtioMmio.STATUS_DRIVER_OK);

        assertThat(driver.status() & VirtioMmio.STATUS_DRIVER_OK).isZero();
        assertThat(vsock.canReceive(VsockHeader.BYTES)).isFalse();
    }

    @Test
    void featuresAreFixedOnceAccepted()
    {
        driver.negotiate(VirtioMmio.FEATURE_VERSION_1);
        driver.store(VirtioMmio.DRIVER_FEATURES_SEL, 0);
        driver.store(VirtioMmio.DRIVER_FEATURES, VirtioMmio.FEATURE_EVENT_IDX);

        assertThat(transport.hasEventIndex()).isFalse();
    }

    @Test
    void queuesExistUpToTheDevicesNumber()
    {
        driver.store(VirtioMmio.QUEUE_SEL, 2);
        assertThat(driver.load(VirtioMmio.QUEUE_NUM_MAX)).isEqualTo(256);
        driver.store(VirtioMmio.QUEUE_SEL, 3);
        assertThat(driver.load(VirtioMmio.QUEUE_NUM_MAX)).isZero();
        driver.store(VirtioMmio.QUEUE_SEL, -1);
        assertThat(driver.load(VirtioMmio.QUEUE_NUM_MAX)).isZero();
        driver.store(VirtioMmio.QUEUE_READY, 1);
        assertThat(driver.load(VirtioMmio.QUEUE_READY)).isZero();
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void aQueueWithAnInvalidSizeNeedsAReset()
    {
        for (final long size : new long[]{0, 3, 512, 0xFFFF_FFFFL, 0x8000_0000L})
        {
            driver.negotiate(VirtioMmio.FEATURE_VERSION_1);
            driver.store(VirtioMmio.QUEUE_NUM, size);
            driver.store(VirtioMmio.QUEUE_DESC_LOW, GuestMemory.BASE);
            driver.store(VirtioMmio.QUEUE_DRIVER_LOW, GuestMemory.BASE);
            driver.store(VirtioMmio.QUEUE_DEVICE_LOW, GuestMemory.BASE);
            driver.store(VirtioMmio.QUEUE_READY, 1);

            assertThat(driver.needsReset()).as("size %d", size).isTrue();
            assertThat(driver.load(VirtioMmio.QUEUE_READY)).isZero();
        }
    }

    @Test
    void aRingOutsideRamOrMisalignedNeedsAReset()
    {
        final long end = GuestMemory.BASE + memory.size();
        final int[] registers =
            {VirtioMmio.QUEUE_DESC_LOW, VirtioMmio.QUEUE_DRIVER_LOW, VirtioMmio.QUEUE_DEVICE_LOW};
        for (final int register : registers)
        {
            for (final long address : new long[]{0, GuestMemory.BASE + 1, end - 2, end, GuestMemory.BASE - 16, -16})
            {
                driver.negotiate(VirtioMmio.FEATURE_VERSION_1);
                driver.startQueue(0);
                assertThat(driver.load(VirtioMmio.QUEUE_READY)).isEqualTo(1);
                driver.store(VirtioMmio.QUEUE_READY, 0);
                driver.store(register, address);
                driver.store(register + 4, address >>> 32);
                driver.store(VirtioMmio.QUEUE_READY, 1);

                assertThat(driver.needsReset()).as("register %x address %x", register, address).isTrue();
            }
        }
    }

    @Test
    void aQueueThatIsReadyCannotBeMoved()
    {
        driver.start(0);
        driver.store(VirtioMmio.QUEUE_SEL, 1);
        driver.store(VirtioMmio.QUEUE_DEVICE_LOW, 0);
        driver.store(VirtioMmio.QUEUE_NUM, 3);

        driver.add(1, driver.readable(new byte[VsockHeader.BYTES]));
        driver.notifyDevice(1);

        assertThat(driver.used(1)).hasSize(1);
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void buffersAreNotTouchedBeforeDriverOk()
    {
        driver.negotiate(VirtioMmio.FEATURE_VERSION_1);
        driver.startQueue(1);
        driver.add(1, driver.readable(new byte[VsockHeader.BYTES]));
        driver.notifyDevice(1);
        assertThat(driver.used(1)).isEmpty();

        driver.status(READY_TO_RUN | VirtioMmio.STATUS_DRIVER_OK);

        assertThat(driver.used(1)).hasSize(1);
    }

    @Test
    void theInterruptStaysUntilItIsAcknowledged()
    {
        plic.store(4 * 3, 4, 1);
        plic.store(0x2000, 4, 1 << 3);
        driver.start(0);
        driver.add(1, driver.readable(new byte[VsockHeader.BYTES]));
        driver.notifyDevice(1);

        assertThat(plic.asserted()).isTrue();
        assertThat(plic.load(0x20_0004, 4)).isEqualTo(3);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
        plic.store(0x20_0004, 4, 3);
        assertThat(plic.asserted()).isFalse();
    }

    @Test
    void aBrokenDeviceSaysSoOnceAndStaysStillUntilReset()
    {
        driver.start(0);
        driver.publish(1, GuestDriver.QUEUE_SIZE);
        driver.notifyDevice(1);

        assertThat(driver.needsReset()).isTrue();
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_CONFIG_CHANGE);
        driver.status(READY_TO_RUN | VirtioMmio.STATUS_DRIVER_OK);
        assertThat(driver.needsReset()).isTrue();
        driver.notifyDevice(1);
        assertThat(driver.takeInterrupt()).isZero();
        assertThat(driver.used(1)).isEmpty();

        driver.start(0);

        assertThat(driver.needsReset()).isFalse();
        driver.add(1, driver.readable(new byte[VsockHeader.BYTES]));
        driver.notifyDevice(1);
        assertThat(driver.used(1)).hasSize(1);
    }

    @Test
    void resetClearsEverything()
    {
        driver.start(0);
        driver.add(1, driver.readable(new byte[VsockHeader.BYTES]));
        driver.notifyDevice(1);

        driver.status(0);

        assertThat(driver.status()).isZero();
        assertThat(driver.load(VirtioMmio.INTERRUPT_STATUS)).isZero();
        for (int queue = 0; queue < 3; queue++)
        {
            driver.store(VirtioMmio.QUEUE_SEL, queue);
            assertThat(driver.load(VirtioMmio.QUEUE_READY)).isZero();
        }
    }

    @Test
    void otherWidthsReadZeroAndChangeNothing()
    {
        transport.store(VirtioMmio.STATUS, 8, 1);
        transport.store(VirtioMmio.STATUS, 1, 1);

        assertThat(driver.status()).isZero();
        assertThat(transport.load(VirtioMmio.MAGIC_VALUE, 2)).isZero();
        assertThat(transport.load(VirtioMmio.MAGIC_VALUE, 8)).isZero();
    }

    @Test
    void aDeviceCannotBeOnTwoTransports()
    {
        assertThatThrownBy(() -> new VirtioMmio(3, vsock, plic)).hasMessageContaining("already on the transport");
    }
}
