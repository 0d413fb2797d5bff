package dev.understudy.hypervisor.snapshot;

/** Says in one sentence why what a person named is no snapshot. */
public final class SnapshotUsageException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    SnapshotUsageException(final String message)
    {
        super(message);
    }
}
