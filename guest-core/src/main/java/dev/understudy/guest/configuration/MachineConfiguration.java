package dev.understudy.guest.configuration;

import dev.understudy.guest.memory.GuestMemory;
import java.util.List;

/**
 * What a machine is before its first instruction; with the events, all that its execution depends on.
 *
 * @param memoryBytes size of RAM, as {@link dev.understudy.guest.memory.GuestMemory} allows
 * @param vsockCid    the guest's context identifier, 3 or more
 * @param kernel      an ELF file
 * @param initrd      an initial RAM disk, or null
 * @param commandLine what the guest finds in {@code /chosen/bootargs}
 * @param drives      at most {@link #MAX_DRIVES}, in the order in which the guest finds them
 * @param mac         address of the network device; null without one
 * @param reboots     whether a reset that the guest asks for starts it again; else it ends the guest
 */
public record MachineConfiguration(
    int memoryBytes,
    long vsockCid,
    byte[] kernel,
    byte[] initrd,
    String commandLine,
    List<DriveConfiguration> drives,
    MacAddress mac,
    boolean reboots)
{
    /**
     * Version of the guest-visible machine. A journal replays only on the version that it was recorded on: raise it
     * with every change that a guest could notice.
     */
    public static final int MACHINE_VERSION = 9;

    /** The context identifier that the first guest of a host usually has. */
    public static final long DEFAULT_VSOCK_CID = 3;

    /** The most drives that a machine can have. */
    public static final int MAX_DRIVES = 4;

    /**
     * @throws IllegalArgumentException when there are too many drives
     */
    public MachineConfiguration
    {
        drives = List.copyOf(drives);
        if (drives.size() > MAX_DRIVES)
        {
            throw new IllegalArgumentException(drives.size() + " drives: expected at most " + MAX_DRIVES);
        }
    }

    /** A machine that a reset starts again. */
    public MachineConfiguration(
        final int memoryBytes,
        final long vsockCid,
        final byte[] kernel,
        final byte[] initrd,
        final String commandLine,
        final List<DriveConfiguration> drives,
        final MacAddress mac)
    {
        this(memoryBytes, vsockCid, kernel, initrd, commandLine, drives, mac, true);
    }

    /** A machine without a network device. */
    public MachineConfiguration(
        final int memoryBytes,
        final long vsockCid,
        final byte[] kernel,
        final byte[] initrd,
        final String commandLine,
        final List<DriveConfiguration> drives)
    {
        this(memoryBytes, vsockCid, kernel, initrd, commandLine, drives, null);
    }

    /** A machine without drives and network device. */
    public MachineConfiguration(
        final int memoryBytes, final long vsockCid, final byte[] kernel, final byte[] initrd, final String commandLine)
    {
        this(memoryBytes, vsockCid, kernel, initrd, commandLine, List.of());
    }

    /** Length of the initial RAM disk; 0 without one. */
    public int initrdBytes()
    {
        return initrd == null ? 0 : initrd.length;
    }

    /** Physical address of the initial RAM disk: on the last pages of RAM. */
    public long initrdAddress()
    {
        return GuestMemory.BASE + memoryBytes - initrdBytes() & -GuestMemory.PAGE_BYTES;
    }
}
