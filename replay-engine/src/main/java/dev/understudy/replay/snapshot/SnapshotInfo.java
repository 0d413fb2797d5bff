package dev.understudy.replay.snapshot;

/**
 * What is known of a snapshot without reading its pages.
 *
 * @param guest     whose it is: the name of a directory in the store
 * @param name      unique for the guest
 * @param position  of the guest
 * @param sequence  of the last entry of the guest's journal that it has had
 * @param timeNs    the guest's time, in nanoseconds
 * @param epochMs   when it was taken, in milliseconds since 1970; for people
 * @param chainHigh first 8 bytes of the journal's hash chain at that entry, as a big-endian number
 * @param chainLow  the next 8
 * @param digest    of the machine
 * @param pages     number of its pages that are not all zeros
 * @param bytes     what it takes on the disk when nothing else shares its pages
 */
public record SnapshotInfo(
    String guest,
    String name,
    long position,
    long sequence,
    long timeNs,
    long epochMs,
    long chainHigh,
    long chainLow,
    long digest,
    int pages,
    long bytes)
{
}
