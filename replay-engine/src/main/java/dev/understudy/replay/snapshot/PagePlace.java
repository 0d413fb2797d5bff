package dev.understudy.replay.snapshot;

/**
 * Where a page is.
 *
 * @param slot its number in the pack, from 0
 */
record PagePlace(PackFile pack, int slot)
{
}
