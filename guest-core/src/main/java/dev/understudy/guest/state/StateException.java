package dev.understudy.guest.state;

/** Says in one sentence why a saved state cannot be loaded. */
public final class StateException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    public StateException(final String message)
    {
        super(message);
    }
}
