package dev.understudy.journal;

/**
 * The first entry: what the guest is, its files by path and hash.
 *
 * @param name           of the guest
 * @param memoryBytes    size of its RAM
 * @param vsockCid       its context identifier
 * @param kernelPath     where the kernel was
 * @param kernelSha256   32 bytes
 * @param initrdPath     where the initial RAM disk was; null without one
 * @param initrdSha256   32 bytes; null without one
 * @param commandLine    kernel command line
 * @param machineVersion version of the guest-visible machine
 * @param createdEpochMs when the journal was begun, in milliseconds since 1970
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
    int machineVersion,
    long createdEpochMs)
{
}
