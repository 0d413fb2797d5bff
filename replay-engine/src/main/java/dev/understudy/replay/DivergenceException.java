package dev.understudy.replay;

import java.util.Locale;

/**
 * Stops a replay that is not what was recorded.
 * <p>
 * Names the entry and the position where the difference was found, and both values. The first instruction that went
 * another way lies after the entry before.
 */
public final class DivergenceException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    private final long sequence;
    private final long position;

    DivergenceException(
        final long sequence, final long position, final String what, final String recorded, final String replayed)
    {
        super(String.format(Locale.ROOT, "replay diverged at entry %d (position %,d): %s: recorded %s, replayed %s",
            sequence, position, what, recorded, replayed));
        this.sequence = sequence;
        this.position = position;
    }

    /** Sequence number of the entry that does not fit. */
    public long sequence()
    {
        return sequence;
    }

    /** Position of that entry. */
    public long position()
    {
        return position;
    }
}
