package dev.understudy.node;

import org.agrona.DirectBuffer;

/** A world that takes all and says nothing. */
class SilentWorld implements World
{
    @Override
    public void connect(final long generation, final long nowNs, final Inbox inbox)
    {
    }

    @Override
    public int doWork(final long nowNs, final boolean isLive, final boolean mayLeave)
    {
        return 0;
    }

    @Override
    public boolean hasRoom()
    {
        return true;
    }

    @Override
    public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
    {
    }

    @Override
    public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
    {
    }

    @Override
    public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
    {
    }

    @Override
    public int connections()
    {
        return 0;
    }

    @Override
    public long lostFrames()
    {
        return 0;
    }

    @Override
    public long lostConsoleBytes()
    {
        return 0;
    }

    @Override
    public void close()
    {
    }
}
