package dev.understudy.hypervisor.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes each line with a label before it to a stream that several share. By one thread. */
final class LabelledOutput extends OutputStream
{
    private final byte[] label;
    private final OutputStream shared;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /** @param shared locked for each line */
    LabelledOutput(final String label, final OutputStream shared)
    {
        this.label = label.getBytes(StandardCharsets.UTF_8);
        this.shared = shared;
    }

    @Override
    public void write(final int value) throws IOException
    {
        line.write(value);
        if (value == '\n')
        {
            synchronized (shared)
            {
                shared.write(label);
                line.writeTo(shared);
            }
            line.reset();
        }
    }

    @Override
    public void write(final byte[] from, final int offset, final int length) throws IOException
    {
        for (int i = offset; i < offset + length; i++)
        {
            write(from[i]);
        }
    }
}
