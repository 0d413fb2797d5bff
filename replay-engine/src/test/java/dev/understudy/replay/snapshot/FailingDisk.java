package dev.understudy.replay.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A disk that is full, or a process that dies, at one of its calls; of what is written then, a part is there. */
final class FailingDisk extends StoreDisk
{
    /** Nothing runs after it, as after a kill. */
    static final class Killed extends Error
    {
        private static final long serialVersionUID = 1L;
    }

    private final boolean isKill;
    private int callsLeft;
    private boolean hasFailed;

    /** @param calls that go well */
    FailingDisk(final int calls, final boolean isKill)
    {
        callsLeft = calls;
        this.isKill = isKill;
    }

    boolean hasFailed()
    {
        return hasFailed;
    }

    private void call() throws IOException
    {
        if (isDue())
        {
            fail();
        }
    }

    private boolean isDue()
    {
        // Who is dead stays so; a disk has room again when something was deleted.
        return callsLeft-- == 0 || isKill && hasFailed;
    }

    private void fail() throws IOException
    {
        hasFailed = true;
        if (isKill)
        {
            throw new Killed();
        }
        throw new IOException("No space left on device");
    }

    @Override
    FileChannel create(final Path file) throws IOException
    {
        call();
        return super.create(file);
    }

    @Override
    void write(final FileChannel to, final ByteBuffer from, final long offset) throws IOException
    {
        if (isDue())
        {
            super.write(to, from.slice(from.position(), from.remaining() / 2), offset);
            fail();
        }
        super.write(to, from, offset);
    }

    @Override
    void force(final FileChannel file) throws IOException
    {
        call();
    }

    @Override
    void rename(final Path from, final Path to) throws IOException
    {
        call();
        super.rename(from, to);
    }

    @Override
    void delete(final Path file) throws IOException
    {
        if (isKill)
        {
            call();
        }
        super.delete(file);
    }

    @Override
    void forceNames(final Path directory) throws IOException
    {
        call();
    }
}
