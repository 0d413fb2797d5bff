package dev.understudy.replay.snapshot;

/**
 * A layer of a drive in a snapshot: a file of the store that has what the guest wrote over the layer below.
 *
 * @param sha256 of the whole file, 32 bytes; names it
 * @param bytes  size of the file
 */
record DriveLayer(byte[] sha256, long bytes)
{
}
