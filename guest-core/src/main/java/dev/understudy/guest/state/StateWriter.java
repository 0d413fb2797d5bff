package dev.understudy.guest.state;

/** Takes the state of a machine, field by field in a fixed order. Owned by the hart thread. */
public interface StateWriter
{
    /** A number of any width. */
    void write(long value);

    /** A truth value. */
    default void write(final boolean value)
    {
        write(value ? 1L : 0L);
    }

    /** A block of bytes, whose length the reader knows. */
    void write(byte[] bytes, int offset, int length);

    /** A line of text; null is not the empty one. */
    default void write(final String text)
    {
        write(text == null ? -1 : text.length());
        for (int i = 0; text != null && i < text.length(); i++)
        {
            write(text.charAt(i));
        }
    }

    /** All RAM. */
    void write(PagedMemory memory);
}
