package dev.understudy.replay;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockRequests;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The drive that the guests in guests/tests expect, in memory; a request is carried out while it is submitted. */
final class TestDrive implements BlockRequests
{
    static final int BYTES = 1 << 20;
    static final DriveConfiguration CONFIGURATION = new DriveConfiguration(BYTES, false, true, "understudy-test");

    private static final int TEXT_OFFSET = 7 * 512;

    private final byte[] content = new byte[BYTES];

    TestDrive()
    {
        final byte[] text = "a text that was there before".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, content, TEXT_OFFSET, text.length);
    }

    byte[] content()
    {
        return content;
    }

    @Override
    public void submit(final BlockRequest request)
    {
        final int from = (int)request.offset();
        final int length = (int)request.length();
        switch (request.kind())
        {
            case READ -> System.arraycopy(content, from, request.data(), 0, length);
            case WRITE, WRITE_THROUGH -> System.arraycopy(request.data(), 0, content, from, length);
            case DISCARD, WRITE_ZEROES -> Arrays.fill(content, from, from + length, (byte)0);
            case FLUSH ->
            {
            }
        }
    }
}
