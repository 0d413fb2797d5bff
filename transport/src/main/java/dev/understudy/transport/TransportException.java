package dev.understudy.transport;

/** Says in one sentence why the link between the replicas cannot be had. */
public final class TransportException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    TransportException(final String message)
    {
        super(message);
    }

    TransportException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
