package dev.understudy.hypervisor.net;

import dev.understudy.hypervisor.linux.LinuxCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * The descriptor of a TAP interface: a read takes a frame that the host sends there, a write has the host receive one.
 * <p>
 * Frames are bare: no header before them, whole, and with their checksums. Source: Documentation/networking/tuntap.rst
 * of Linux.
 */
final class TapInterface implements AutoCloseable
{
    private static final String DEVICE = "/dev/net/tun";

    private static final long TUNSETIFF = 0x4004_54CAL;
    private static final long TUNSETOFFLOAD = 0x4004_54D0L;
    private static final short IFF_TAP = 0x0002;
    private static final short IFF_NO_PI = 0x1000;

    /** {@code struct ifreq}: a name of 16 bytes, and of the union that follows the flags. */
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS = 16;

    private final Arena arena = Arena.ofShared();
    private final LinuxCalls calls = new LinuxCalls(arena);
    private final int descriptor;

    /**
     * Attaches to the interface, or makes one of that name, which ends with this process, if the user may.
     *
     * @throws NetdevException when there is no such interface for this user
     */
    TapInterface(final String name, final Consumer<String> notices)
    {
        try
        {
            descriptor = open(name);
        }
        catch (final NetdevException e)
        {
            arena.close();
            throw e;
        }
        boolean isAttached = false;
        try
        {
            attach(name, notices);
            isAttached = true;
        }
        finally
        {
            if (!isAttached)
            {
                close();
            }
        }
    }

    private int open(final String name)
    {
        final int opened = calls.open(
            arena.allocateFrom(DEVICE), LinuxCalls.O_RDWR | LinuxCalls.O_NONBLOCK | LinuxCalls.O_CLOEXEC);
        if (opened >= 0)
        {
            return opened;
        }
        throw new NetdevException("tap " + name + ": " + switch (calls.errno())
        {
            case LinuxCalls.ENOENT, LinuxCalls.ENODEV, LinuxCalls.ENXIO -> DEVICE +
                " does not exist on this host: load the kernel's module tun (modprobe tun), or give the container " +
                "the device";
            case LinuxCalls.EACCES, LinuxCalls.EPERM -> "this user may not open " + DEVICE +
                ": chmod 0666 it, as distributions do, or run as root";
            default -> DEVICE + " cannot be opened (errno " + calls.errno() + ")";
        });
    }

    private void attach(final String name, final Consumer<String> notices)
    {
        final boolean exists = calls.ifNameToIndex(arena.allocateFrom(name)) != 0;
        final MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
        final byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
        request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short)(IFF_TAP | IFF_NO_PI));
        if (calls.ioctl(descriptor, TUNSETIFF, request) < 0)
        {
            throw new NetdevException("tap " + name + ": " + reason(name, exists, calls.errno()));
        }
        // Whoever used the interface before may have left offloads on.
        calls.ioctl(descriptor, TUNSETOFFLOAD, 0L);
        if (!exists)
        {
            notices.accept("tap " + name + " was made, for as long as this process runs: bring it up with  ip link set " +
                name + " up");
        }
    }

    private static String reason(final String name, final boolean exists, final int errno)
    {
        return switch (errno)
        {
            case LinuxCalls.EPERM, LinuxCalls.EACCES -> exists ?
                "the interface belongs to another user: delete it and make it with  ip tuntap add dev " + name +
                    " mode tap user $USER" :
                "there is no such interface, and this user may not make one: have root make it with  ip tuntap add " +
                    "dev " + name + " mode tap user $USER";
            case LinuxCalls.EBUSY -> "another process uses the interface: stop it, or take another interface";
            case LinuxCalls.EINVAL -> "the interface is none of kind tap with one queue: make it with  ip tuntap add dev " +
                name + " mode tap";
            default -> "the interface cannot be had (errno " + errno + ")";
        };
    }

    int descriptor()
    {
        return descriptor;
    }

    @Override
    public void close()
    {
        calls.close(descriptor);
        arena.close();
    }
}
