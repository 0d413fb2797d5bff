package dev.understudy.guest;

/**
 * What a machine is before its first instruction; with the events, all that its execution depends on.
 *
 * @param memoryBytes size of RAM, as {@link dev.understudy.guest.memory.GuestMemory} allows
 * @param vsockCid    the guest's context identifier, 3 or more
 * @param kernel      an ELF file
 * @param initrd      an initial RAM disk, or null
 * @param commandLine what the guest finds in {@code /chosen/bootargs}
 */
public record MachineConfiguration(int memoryBytes, long vsockCid, byte[] kernel, byte[] initrd, String commandLine)
{
    /**
     * Version of the guest-visible machine. A journal replays only on the version that it was recorded on: raise it
     * with every change that a guest could notice.
     */
    public static final int MACHINE_VERSION = 3;

    /** The context identifier that the first guest of a host usually has. */
    public static final long DEFAULT_VSOCK_CID = 3;
}
