/**
 * Snapshots: the whole state of a machine at one position, kept on a disk.
 * <p>
 * A {@link dev.understudy.replay.snapshot.SnapshotStore} is a directory. It has each page of guest RAM once, named by its
 * SHA-256, in packs; the kernels and other files that guests need, named by theirs; and a manifest for each snapshot, which
 * is written last and atomically. No thread of its own.
 */
package dev.understudy.replay.snapshot;
