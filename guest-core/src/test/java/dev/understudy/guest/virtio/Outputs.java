package dev.understudy.guest.virtio;

import dev.understudy.guest.output.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Keeps what a guest did to the world. */
final class Outputs implements OutputSink
{
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    final List<byte[]> packets = new ArrayList<>();
    final List<byte[]> frames = new ArrayList<>();
    long calls;
    long bytes;

    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
        calls++;
        bytes += length;
        console.write(data, offset, length);
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
        calls++;
        bytes += length;
        packets.add(Arrays.copyOfRange(packet, offset, offset + length));
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
        calls++;
        bytes += length;
        frames.add(Arrays.copyOfRange(frame, offset, offset + length));
    }

    String console()
    {
        return console.toString(StandardCharsets.US_ASCII);
    }
}
