package dev.understudy.hypervisor.drive;

import java.io.IOException;

/** What an overlay lies over, which does not change. */
interface LowerImage
{
    /** Fills a part of {@code to}, from within the drive. */
    void read(long offset, byte[] to, int index, int length) throws IOException;
}
