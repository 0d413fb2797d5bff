package dev.understudy.replay.snapshot;

import java.io.IOException;

/**
 * What a guest has written to a drive since the snapshot before, in pages of 4096 bytes. It does not change while a store takes
 * it.
 */
public interface DriveChanges
{
    /** Number of pages of the drive; of the last one a part may lie behind its end. */
    int pages();

    /** What the drive had in the snapshot before; null when it was its image alone. */
    StoredDrive before();

    /** Whether a page may have been written. */
    boolean isWritten(int page);

    /** Copies a page out that may have been written. */
    void copyPage(int page, byte[] to) throws IOException;
}
