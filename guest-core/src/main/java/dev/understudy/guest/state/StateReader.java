package dev.understudy.guest.state;

import java.util.Locale;

/**
 * Gives back what a {@link StateWriter} took, in the same order.
 * <p>
 * What comes is taken for hostile: a reader never gives more than was asked for, and whoever indexes with a number asks
 * for its range. Owned by the hart thread.
 */
public interface StateReader
{
    /** @throws StateException when there is no more */
    long readLong();

    /** A block of bytes; @throws StateException when there are not so many */
    void read(byte[] to, int offset, int length);

    /** All RAM; @throws StateException when it has another size */
    void read(PagedMemory memory);

    /** A truth value; @throws StateException when it is none */
    default boolean readBoolean()
    {
        return readInt(0, 1) == 1;
    }

    /** A number of 8 bits; @throws StateException when it is longer */
    default byte readByte()
    {
        return (byte)readInt(Byte.MIN_VALUE, Byte.MAX_VALUE);
    }

    /** A number of 32 bits; @throws StateException when it is longer */
    default int readInt()
    {
        return readInt(Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** A number from {@code min} to {@code max}; @throws StateException when it is another */
    default int readInt(final int min, final int max)
    {
        return (int)readLong(min, max);
    }

    /** A number from {@code min} to {@code max}; @throws StateException when it is another */
    default long readLong(final long min, final long max)
    {
        final long value = readLong();
        if (value < min || value > max)
        {
            throw new StateException(String.format(Locale.ROOT,
                "the saved state has %d where %d to %d is possible: it was damaged, or saved by " +
                "another version of the machine", value, min, max));
        }
        return value;
    }

    /** A line of text of at most {@code maxLength} characters, or null; @throws StateException when it is longer */
    default String readText(final int maxLength)
    {
        final int length = readInt(-1, maxLength);
        if (length < 0)
        {
            return null;
        }
        final StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++)
        {
            text.append((char)readInt(Character.MIN_VALUE, Character.MAX_VALUE));
        }
        return text.toString();
    }

    /** A constant, saved by its ordinal; @throws StateException when there is none of that number */
    default <E extends Enum<E>> E readEnum(final E[] constants)
    {
        return constants[readInt(0, constants.length - 1)];
    }
}
