package dev.understudy.replay.snapshot;

/** Says in one sentence what is wrong with a snapshot or its store, in which file, and what to do. */
public final class SnapshotException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    SnapshotException(final String message)
    {
        super(message);
    }

    SnapshotException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
