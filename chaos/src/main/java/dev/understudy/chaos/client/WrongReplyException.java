package dev.understudy.chaos.client;

import java.io.IOException;

/** A server answered, but with an error, with something else than was asked for, or with what is no reply at all. */
final class WrongReplyException extends IOException
{
    private static final long serialVersionUID = 1L;

    WrongReplyException(final String message)
    {
        super(message);
    }
}
