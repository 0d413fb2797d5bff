package dev.understudy.hypervisor.drive;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A file in memory that loses what a disk may lose with its power, or fails. */
final class FaultyFile implements StableFile
{
    /** What a disk writes as a whole. */
    private static final int SECTOR_BYTES = 512;

    private record Write(long offset, byte[] data)
    {
    }

    /** What is on the disk for sure. */
    private byte[] stable;

    /** What a process reads. */
    private byte[] content;
    private final List<Write> unforced = new ArrayList<>();
    private boolean fails;

    FaultyFile()
    {
        this(new byte[0]);
    }

    private FaultyFile(final byte[] content)
    {
        stable = content;
        this.content = content.clone();
    }

    /** From now on every access fails. */
    void fail()
    {
        fails = true;
    }

    /** What the process left, the disk still having power. */
    FaultyFile afterKill()
    {
        return new FaultyFile(content.clone());
    }

    /** What a disk may have after its power was lost: some sectors of what was not forced, in any order. */
    FaultyFile afterPowerLoss(final Random random)
    {
        byte[] left = stable.clone();
        for (final Write write : unforced)
        {
            for (int at = 0; at < write.data.length; at += SECTOR_BYTES)
            {
                if (random.nextBoolean())
                {
                    final int end = Math.min(at + SECTOR_BYTES, write.data.length);
                    left = put(left, write.offset + at, Arrays.copyOfRange(write.data, at, end));
                }
            }
        }
        return new FaultyFile(left);
    }

    @Override
    public Path path()
    {
        return Path.of("faulty");
    }

    @Override
    public long size()
    {
        return content.length;
    }

    @Override
    public void read(final long offset, final byte[] to, final int index, final int length) throws IOException
    {
        check();
        if (offset + length > content.length)
        {
            throw new EOFException();
        }
        System.arraycopy(content, (int)offset, to, index, length);
    }

    @Override
    public void write(final long offset, final byte[] from, final int index, final int length) throws IOException
    {
        check();
        final byte[] data = Arrays.copyOfRange(from, index, index + length);
        unforced.add(new Write(offset, data));
        content = put(content, offset, data);
    }

    @Override
    public void clear() throws IOException
    {
        throw new IOException("not used here");
    }

    @Override
    public void force() throws IOException
    {
        check();
        stable = content.clone();
        unforced.clear();
    }

    @Override
    public void close()
    {
    }

    private void check() throws IOException
    {
        if (fails)
        {
            throw new IOException("No space left on device");
        }
    }

    private static byte[] put(final byte[] into, final long offset, final byte[] data)
    {
        final byte[] result = Arrays.copyOf(into, Math.max(into.length, (int)offset + data.length));
        System.arraycopy(data, 0, result, (int)offset, data.length);
        return result;
    }
}
