package dev.understudy.guest.virtio;

/**
 * The driver's part of a block request, and the segment of a discard or write-zeroes request.
 * <pre>
 *   header (16 bytes)              segment (16 bytes)
 *  +-------------------------+    +----------------------------+
 *  | type                  4 |    | sector                   8 |
 *  | reserved              4 |    | number of sectors        4 |
 *  | sector                8 |    | flags: bit 0 is unmap    4 |
 *  +-------------------------+    +----------------------------+
 * </pre>
 * Source: virtio 1.2, section 5.2.6.
 */
final class BlockHeader
{
    static final int BYTES = 16;
    static final int TYPE = 0;
    static final int SECTOR = 8;

    static final int SEGMENT_BYTES = 16;
    static final int SEGMENT_SECTOR = 0;
    static final int SEGMENT_SECTORS = 8;
    static final int SEGMENT_FLAGS = 12;
    static final int FLAG_UNMAP = 1;

    static final int IN = 0;
    static final int OUT = 1;
    static final int FLUSH = 4;
    static final int GET_ID = 8;
    static final int DISCARD = 11;
    static final int WRITE_ZEROES = 13;

    private BlockHeader()
    {
    }
}
