package dev.understudy.hypervisor.cli;

/** The exit statuses of every command. */
final class ExitStatus
{
    static final int SUCCESS = 0;

    /** The run failed: the guest, a replay, or what the command was asked to find out. */
    static final int FAILURE = 1;

    /** The command was used wrongly, or something it was told to use is not there. */
    static final int USAGE = 2;

    private ExitStatus()
    {
    }
}
