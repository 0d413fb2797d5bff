package dev.understudy.guest.boot;

/** Says in one sentence why a guest cannot be booted. */
public final class BootException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    public BootException(final String message)
    {
        super(message);
    }
}
