package dev.understudy.hypervisor.live;

import java.io.IOException;
import java.io.OutputStream;
import org.agrona.DirectBuffer;

/** Writes the guest's console output to a stream of the host. Owned by the agent thread. */
public final class ConsoleWriter
{
    private static final int CHUNK_BYTES = 4096;

    private final OutputStream out;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private boolean isDirty;

    public ConsoleWriter(final OutputStream out)
    {
        this.out = out;
    }

    /** Writes a piece of output, which the world sees after {@link #flush} at the latest. */
    public void write(final DirectBuffer buffer, final int offset, final int length) throws IOException
    {
        for (int done = 0; done < length; done += CHUNK_BYTES)
        {
            final int count = Math.min(CHUNK_BYTES, length - done);
            buffer.getBytes(offset + done, chunk, 0, count);
            out.write(chunk, 0, count);
        }
        isDirty = true;
    }

    /** Has the world see what was written since the last call, if anything was. */
    public void flush() throws IOException
    {
        if (isDirty)
        {
            isDirty = false;
            out.flush();
        }
    }
}
