package dev.understudy.failover.arbiter;

/** Says in one sentence why the arbiter cannot answer. */
public final class ArbiterUnavailableException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    ArbiterUnavailableException(final String message)
    {
        super(message);
    }

    ArbiterUnavailableException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
