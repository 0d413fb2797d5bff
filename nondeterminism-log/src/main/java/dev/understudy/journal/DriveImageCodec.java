package dev.understudy.journal;

import dev.understudy.journal.codec.DriveDescriptionDecoder;
import dev.understudy.journal.codec.DriveDescriptionEncoder;
import dev.understudy.journal.codec.Flag;
import dev.understudy.journal.codec.VarDataDecoder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The drives in the first entry: one DriveDescription after another, without headers. Not thread-safe.
 */
final class DriveImageCodec
{
    private static final int VARIABLE_PARTS = 2;

    private final DriveDescriptionEncoder encoder = new DriveDescriptionEncoder();
    private final DriveDescriptionDecoder decoder = new DriveDescriptionDecoder();

    /** The drives as they stand in the entry. */
    byte[] encode(final List<DriveImage> drives)
    {
        final MutableDirectBuffer buffer = new ExpandableArrayBuffer();
        int length = 0;
        for (final DriveImage drive : drives)
        {
            encoder.wrap(buffer, length)
                .imageBytes(drive.bytes())
                .putImageSha256(drive.sha256(), 0, DriveDescriptionEncoder.imageSha256Length())
                .readOnly(drive.readOnly() ? Flag.YES : Flag.NO)
                .imagePath(drive.path())
                .serial(drive.serial());
            length += encoder.encodedLength();
        }
        final byte[] encoded = new byte[length];
        buffer.getBytes(0, encoded);
        return encoded;
    }

    /** What was encoded; {@link #isValid} says that it can be. */
    List<DriveImage> decode(final DirectBuffer buffer, final int offset, final int length)
    {
        final List<DriveImage> drives = new ArrayList<>();
        int done = 0;
        while (done < length)
        {
            decoder.wrap(
                buffer, offset + done, DriveDescriptionDecoder.BLOCK_LENGTH, DriveDescriptionDecoder.SCHEMA_VERSION);
            final byte[] sha256 = new byte[DriveDescriptionDecoder.imageSha256Length()];
            decoder.getImageSha256(sha256, 0, sha256.length);
            final long bytes = decoder.imageBytes();
            final boolean isReadOnly = decoder.readOnly() == Flag.YES;
            final String path = decoder.imagePath();
            final String serial = decoder.serial();
            drives.add(new DriveImage(path, bytes, sha256, isReadOnly, serial));
            done += decoder.encodedLength();
        }
        return List.copyOf(drives);
    }

    /** Whether these bytes are descriptions from the first to the last, and at least one. */
    boolean isValid(final DirectBuffer buffer, final int offset, final int length)
    {
        long done = 0;
        do
        {
            if (length - done < DriveDescriptionDecoder.BLOCK_LENGTH)
            {
                return false;
            }
            final int readOnly = buffer.getByte(
                offset + (int)done + DriveDescriptionDecoder.readOnlyEncodingOffset()) & 0xFF;
            if (readOnly > Flag.YES.value())
            {
                return false;
            }
            done += DriveDescriptionDecoder.BLOCK_LENGTH;
            for (int i = 0; i < VARIABLE_PARTS; i++)
            {
                if (length - done < Integer.BYTES)
                {
                    return false;
                }
                done += Integer.BYTES + Integer.toUnsignedLong(
                    buffer.getInt(offset + (int)done, VarDataDecoder.BYTE_ORDER));
                if (done > length)
                {
                    return false;
                }
            }
        }
        while (done < length);
        return true;
    }
}
