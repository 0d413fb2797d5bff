package dev.understudy.guest.state;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A state kept in the Java heap: everything that a machine {@link Stateful#save}d, and its pages that are not zero.
 * <p>
 * May be loaded any number of times. Not thread-safe.
 */
public final class SavedState implements StateWriter
{
    private static final int FIRST_CAPACITY = 1024;

    private long[] numbers = new long[FIRST_CAPACITY];
    private int count;
    private int pages;
    private final Map<Integer, byte[]> written = new HashMap<>();

    /** The state of a part as it is now. */
    public static SavedState of(final Stateful part)
    {
        final SavedState state = new SavedState();
        part.save(state);
        return state;
    }

    @Override
    public void write(final long value)
    {
        if (count == numbers.length)
        {
            numbers = Arrays.copyOf(numbers, 2 * count);
        }
        numbers[count++] = value;
    }

    @Override
    public void write(final byte[] bytes, final int offset, final int length)
    {
        for (int i = 0; i < length; i++)
        {
            write(bytes[offset + i]);
        }
    }

    @Override
    public void write(final PagedMemory memory)
    {
        pages = memory.pages();
        for (int page = 0; page < pages; page++)
        {
            if (!memory.isZero(page))
            {
                final byte[] copy = new byte[PagedMemory.PAGE_BYTES];
                memory.copyPage(page, copy);
                written.put(page, copy);
            }
        }
    }

    /** Reads the state from its beginning. */
    public StateReader reader()
    {
        return new Reader();
    }

    /** Whether both hold the same, number by number and page by page. */
    public boolean isSameAs(final SavedState other)
    {
        return pages == other.pages && Arrays.equals(numbers, 0, count, other.numbers, 0, other.count) &&
            written.keySet().equals(other.written.keySet()) &&
            written.keySet().stream().allMatch(page -> Arrays.equals(written.get(page), other.written.get(page)));
    }

    private final class Reader implements StateReader
    {
        private int next;

        @Override
        public long readLong()
        {
            if (next == count)
            {
                throw new StateException("the saved state ends after " + count + " numbers, and more belong to it: it " +
                    "was damaged, or saved by another version of the machine");
            }
            return numbers[next++];
        }

        @Override
        public void read(final byte[] to, final int offset, final int length)
        {
            for (int i = 0; i < length; i++)
            {
                to[offset + i] = readByte();
            }
        }

        @Override
        public void read(final PagedMemory memory)
        {
            if (memory.pages() != pages)
            {
                throw new StateException("the saved state has " + pages + " pages of RAM, the machine " + memory.pages() +
                    ": give it the memory that the saved one had");
            }
            for (int page = 0; page < pages; page++)
            {
                final byte[] content = written.get(page);
                if (content != null)
                {
                    memory.replacePage(page, content);
                }
                else if (!memory.isZero(page))
                {
                    memory.clearPage(page);
                }
            }
        }
    }
}
