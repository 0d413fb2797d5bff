package dev.understudy.guest.output;

import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import java.util.function.LongSupplier;

/** Enters every output of a machine into a running hash, on its way to a sink. Owned by the hart thread. */
public final class HashedOutputs implements OutputSink, Stateful
{
    /** Outputs to the console are handed on in pieces, so that no guest can make one without bound. */
    private static final int MAX_CONSOLE_OUTPUT_BYTES = 16 * 1024;

    private final OutputSink sink;
    private final LongSupplier position;
    private final OutputHash hash = new OutputHash();

    /**
     * @param position of the guest
     */
    public HashedOutputs(final OutputSink sink, final LongSupplier position)
    {
        this.sink = sink;
        this.position = position;
    }

    /** The running hash of all outputs so far. */
    public long value()
    {
        return hash.value();
    }

    /** Number of outputs so far. */
    public long count()
    {
        return hash.count();
    }

    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
        for (int done = 0; done < length; done += MAX_CONSOLE_OUTPUT_BYTES)
        {
            final int count = Math.min(length - done, MAX_CONSOLE_OUTPUT_BYTES);
            hash.add(OutputHash.CONSOLE, position.getAsLong(), data, offset + done, count);
            sink.sendConsole(data, offset + done, count);
        }
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
        hash.add(OutputHash.VSOCK, position.getAsLong(), packet, offset, length);
        sink.sendVsock(packet, offset, length);
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
        hash.add(OutputHash.NETWORK, position.getAsLong(), frame, offset, length);
        sink.sendFrame(frame, offset, length);
    }

    @Override
    public void save(final StateWriter to)
    {
        hash.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        hash.load(from);
    }
}
