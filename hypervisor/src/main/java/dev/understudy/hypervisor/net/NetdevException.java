package dev.understudy.hypervisor.net;

/** Says in one sentence why the host's end of the network device cannot be had. */
public final class NetdevException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    NetdevException(final String message)
    {
        super(message);
    }

    NetdevException(final String message, final Throwable cause)
    {
        super(message, cause);
    }
}
