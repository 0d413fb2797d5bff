package dev.understudy.node;

/** Says in one sentence why a drive cannot be begun, or cannot go on. */
public final class DriveException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    public DriveException(final String message)
    {
        super(message);
    }

    public DriveException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
