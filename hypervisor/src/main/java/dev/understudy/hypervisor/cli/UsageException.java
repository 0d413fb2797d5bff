package dev.understudy.hypervisor.cli;

/** Says in one sentence what is wrong with the arguments of a command. */
final class UsageException extends RuntimeException
{
    private static final long serialVersionUID = 1L;

    UsageException(final String message)
    {
        super(message);
    }
}
