package dev.understudy.journal;

import java.util.List;

/**
 * The first entry: what the guest is, its files by path and hash.
 *
 * @param name             of the guest
 * @param memoryBytes      size of its RAM
 * @param vsockCid         its context identifier
 * @param kernelPath       where the kernel was
 * @param kernelSha256     32 bytes
 * @param initrdPath       where the initial RAM disk was; null without one
 * @param initrdSha256     32 bytes; null without one
 * @param commandLine      kernel command line
 * @param deviceTreeSha256 of the blob that describes the machine to the guest, 32 bytes
 * @param machineVersion   version of the guest-visible machine
 * @param createdEpochMs   when the journal was begun, in milliseconds since 1970
 * @param drives           in the order in which the guest finds them
 * @param mac              6 bytes, the address of the network device; null without one
 * @param reboots          whether a reset that the guest asks for starts it again
 */
public record Genesis(
    String name,
    long memoryBytes,
    long vsockCid,
    String kernelPath,
    byte[] kernelSha256,
    String initrdPath,
    byte[] initrdSha256,
    String commandLine,
    byte[] deviceTreeSha256,
    int machineVersion,
    long createdEpochMs,
    List<DriveImage> drives,
    byte[] mac,
    boolean reboots)
{
    /** Length of a MAC address in bytes. */
    static final int MAC_BYTES = 6;

    public Genesis
    {
        drives = List.copyOf(drives);
        if (mac != null && mac.length != MAC_BYTES)
        {
            throw new IllegalArgumentException("a MAC address of " + mac.length + " bytes: expected " + MAC_BYTES);
        }
    }

    /** A guest without drives and network device, which a reset starts again. */
    public Genesis(
        final String name,
        final long memoryBytes,
        final long vsockCid,
        final String kernelPath,
        final byte[] kernelSha256,
        final String initrdPath,
        final byte[] initrdSha256,
        final String commandLine,
        final byte[] deviceTreeSha256,
        final int machineVersion,
        final long createdEpochMs)
    {
        this(name, memoryBytes, vsockCid, kernelPath, kernelSha256, initrdPath, initrdSha256, commandLine,
            deviceTreeSha256, machineVersion, createdEpochMs, List.of(), null, true);
    }
}
