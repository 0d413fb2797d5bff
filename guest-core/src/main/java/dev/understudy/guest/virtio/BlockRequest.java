package dev.understudy.guest.virtio;

/**
 * What a guest wants of a drive: made at the position of the notify, carried out by the host.
 * <p>
 * What is to be written was copied out of RAM, and what is read goes into {@link #data} first, so that host and guest
 * never touch the same bytes at a time. The host fills {@link #data} of a {@link Kind#READ} before it lets the
 * completion enter the guest; it changes nothing else.
 */
public final class BlockRequest
{
    /** What is to be done. */
    public enum Kind
    {
        /** Fill {@link BlockRequest#data} from the drive. */
        READ,

        /** Write {@link BlockRequest#data}; it survives a loss of power only after a {@link #FLUSH}. */
        WRITE,

        /** Write {@link BlockRequest#data} so that it survives a loss of power. */
        WRITE_THROUGH,

        /** Have everything that was written before survive a loss of power. */
        FLUSH,

        /** The range is not needed any more: it reads as zeros, and need not take room. */
        DISCARD,

        /** The range reads as zeros. */
        WRITE_ZEROES
    }

    private static final byte[] NOTHING = new byte[0];

    private final int drive;
    private final long number;
    private final Kind kind;
    private final long offset;
    private final long length;
    private final byte[] data;

    BlockRequest(final int drive, final long number, final Kind kind, final long offset, final long length)
    {
        this.drive = drive;
        this.number = number;
        this.kind = kind;
        this.offset = offset;
        this.length = length;
        data = switch (kind)
        {
            case READ, WRITE, WRITE_THROUGH -> new byte[Math.toIntExact(length)];
            case FLUSH, DISCARD, WRITE_ZEROES -> NOTHING;
        };
    }

    /** Index of the drive on the machine, from 0. */
    public int drive()
    {
        return drive;
    }

    /** Number of the request among those of the drive, from 0; the guest's reset of the device does not reset it. */
    public long number()
    {
        return number;
    }

    public Kind kind()
    {
        return kind;
    }

    /** First byte on the drive, a multiple of 512; the range lies within the drive. */
    public long offset()
    {
        return offset;
    }

    /** Length of the range in bytes, a multiple of 512; 0 for a {@link Kind#FLUSH}. */
    public long length()
    {
        return length;
    }

    /** The {@link #length} bytes that are read or written; empty for the other kinds. */
    public byte[] data()
    {
        return data;
    }
}
