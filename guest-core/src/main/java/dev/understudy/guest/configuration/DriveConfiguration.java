package dev.understudy.guest.configuration;

import java.nio.charset.StandardCharsets;

/**
 * What the guest can see of a drive, apart from what is on it.
 *
 * @param bytes       capacity, a positive multiple of {@link #SECTOR_BYTES}
 * @param isReadOnly  whether the guest may not write
 * @param canDiscard  whether the guest may give sectors up, which then read as zeros; not with {@code isReadOnly}
 * @param serial      at most {@link #MAX_SERIAL_BYTES} printable ASCII characters; empty for none
 */
public record DriveConfiguration(long bytes, boolean isReadOnly, boolean canDiscard, String serial)
{
    /** What a drive reads and writes at least, in bytes (virtio 1.2, section 5.2.4). */
    public static final int SECTOR_BYTES = 512;

    /** The most that a serial number can have (virtio 1.2, section 5.2.6). */
    public static final int MAX_SERIAL_BYTES = 20;

    /**
     * @throws IllegalArgumentException when a value is not as described
     */
    public DriveConfiguration
    {
        if (bytes <= 0 || bytes % SECTOR_BYTES != 0)
        {
            throw new IllegalArgumentException("a drive of " + bytes + " bytes: expected a positive multiple of " +
                SECTOR_BYTES);
        }
        if (isReadOnly && canDiscard)
        {
            throw new IllegalArgumentException("a drive that is only read discards nothing");
        }
        if (!isSerial(serial))
        {
            throw new IllegalArgumentException("serial number \"" + serial + "\": expected at most " +
                MAX_SERIAL_BYTES + " printable ASCII characters");
        }
    }

    /** Whether a text can be a serial number. */
    public static boolean isSerial(final String text)
    {
        return text.length() <= MAX_SERIAL_BYTES && text.chars().allMatch(it -> it > ' ' && it < 0x7F);
    }

    /** The serial number, ended by zeros unless it takes all {@link #MAX_SERIAL_BYTES} bytes. */
    public byte[] serialBytes()
    {
        final byte[] bytes = new byte[MAX_SERIAL_BYTES];
        final byte[] text = serial.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 0, text.length);
        return bytes;
    }
}
