package dev.understudy.hypervisor.image;

/** Says in one sentence why a guest cannot be made of the files and settings given. */
public final class ImageException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    ImageException(final String message)
    {
        super(message);
    }

    ImageException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
