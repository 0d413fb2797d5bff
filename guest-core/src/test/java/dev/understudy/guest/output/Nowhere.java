package dev.understudy.guest.output;

/** A world that takes no notice of what the guest does to it. */
public final class Nowhere implements OutputSink
{
    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
    }
}
