package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.live.HostOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;

/**
 * Has standard error of this process wait for nobody until this is closed: what is said meanwhile and nobody reads is lost,
 * once the buffer is full, and whoever says it goes on.
 */
final class UnhurriedErrors implements AutoCloseable
{
    /** A thousand messages. */
    private static final int CAPACITY_BYTES = 128 * 1024;

    /** Time that whoever reads the messages is given for the last of them. */
    private static final long LAST_MESSAGES_MS = 500;

    /** Time that whoever reads the console is given for what was printed there before a message. Less than the last ones have. */
    private static final long CONSOLE_MS = 100;

    private final PrintStream before = System.err;
    private final HostOutput output = new HostOutput(new Strict(before), CAPACITY_BYTES, "messages", () -> {});

    UnhurriedErrors()
    {
        System.setErr(new PrintStream(output, true, before.charset()));
    }

    /** Has messages come after what the console was given before them. */
    void comeAfter(final HostOutput console)
    {
        output.comesAfter(console, CONSOLE_MS);
    }

    /** Number of bytes of messages that were lost so far. */
    long lostBytes()
    {
        return output.lostBytes();
    }

    @Override
    public void close()
    {
        output.awaitDrained(LAST_MESSAGES_MS);
        output.close();
        System.setErr(before);
    }

    /** Tells of errors, which a print stream keeps to itself. */
    private static final class Strict extends OutputStream
    {
        private final PrintStream stream;

        Strict(final PrintStream stream)
        {
            this.stream = stream;
        }

        @Override
        public void write(final int value) throws IOException
        {
            stream.write(value);
            check();
        }

        @Override
        public void write(final byte[] source, final int offset, final int length) throws IOException
        {
            stream.write(source, offset, length);
            check();
        }

        private void check() throws IOException
        {
            if (stream.checkError())
            {
                throw new IOException("standard error takes nothing");
            }
        }
    }
}
