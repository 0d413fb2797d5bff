package dev.understudy.hypervisor.net;

import java.nio.channels.Selector;
import org.agrona.DirectBuffer;

/** The {@link Netdev} of a guest without a network device. */
final class NoNetdev implements Netdev
{
    @Override
    public void start(final Selector selector, final FrameReceiver guest)
    {
    }

    @Override
    public void send(final DirectBuffer frame, final int offset, final int length)
    {
    }

    @Override
    public int doWork(final long nowNs)
    {
        return 0;
    }

    @Override
    public long lostFrames()
    {
        return 0;
    }

    @Override
    public void close()
    {
    }
}
