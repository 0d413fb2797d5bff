package dev.understudy.node;

/** Says in one sentence in what the guest of a journal differs from the one that this node has. */
public final class WrongGuestException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    public WrongGuestException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
