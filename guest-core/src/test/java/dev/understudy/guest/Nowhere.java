package dev.understudy.guest;

/** A world that takes no notice of what the guest does to it. */
public final class Nowhere implements OutputSink
{
    @Override
    public void onConsole(final byte[] data, final int offset, final int length)
    {
    }

    @Override
    public void onVsock(final byte[] packet, final int offset, final int length)
    {
    }

    @Override
    public void onNetwork(final byte[] frame, final int offset, final int length)
    {
    }
}
