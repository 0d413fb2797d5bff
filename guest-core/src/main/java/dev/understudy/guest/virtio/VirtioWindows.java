package dev.understudy.guest.virtio;

import dev.understudy.guest.configuration.MachineConfiguration;
import java.util.stream.IntStream;

/**
 * Says which virtio-mmio window of the machine each device has.
 * <p>
 * The number of a window, from 0, gives its address and its interrupt source. A guest sees both: another number is another
 * version of the machine.
 */
public final class VirtioWindows
{
    public static final int CONSOLE = 0;
    public static final int ENTROPY = 1;
    public static final int VSOCK = 2;

    /** Empty when the machine has no network device. */
    public static final int NETWORK = 3;

    /** Each drive has the next one; those of drives that the machine does not have are empty. */
    public static final int FIRST_DRIVE = 4;
    public static final int BALLOON = FIRST_DRIVE + MachineConfiguration.MAX_DRIVES;

    /** Physical address of the first window, as on QEMU's {@code virt} machine. */
    private static final long FIRST_BASE = 0x1000_1000L;

    /** Interrupt source of the first window; the next has the next source. */
    private static final int FIRST_SOURCE = 1;

    private VirtioWindows()
    {
    }

    /** Numbers of the windows that hold a device, from the lowest on. */
    public static int[] of(final MachineConfiguration configuration)
    {
        final int endOfDrives = FIRST_DRIVE + configuration.drives().size();
        return IntStream.rangeClosed(CONSOLE, BALLOON)
            .filter(window -> window != NETWORK || configuration.mac() != null)
            .filter(window -> window < endOfDrives || window == BALLOON)
            .toArray();
    }

    /** Physical address of a window. */
    public static long base(final int window)
    {
        return FIRST_BASE + window * VirtioMmio.WINDOW_BYTES;
    }

    /** Interrupt source of a window. */
    public static int source(final int window)
    {
        return FIRST_SOURCE + window;
    }
}
