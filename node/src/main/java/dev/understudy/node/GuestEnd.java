package dev.understudy.node;

import dev.understudy.guest.RunState;
import dev.understudy.journal.JournalException;
import dev.understudy.replay.DivergenceException;

/** Says how a guest ended. */
public final class GuestEnd
{
    private GuestEnd()
    {
    }

    /**
     * A line for the operator.
     *
     * @param state one that is an end
     * @param crash why the guest could not go on; null unless it crashed
     */
    public static String describe(final RunState state, final String crash)
    {
        return switch (state)
        {
            case SHUTDOWN -> "the guest shut down";
            case REBOOT -> "the guest asked for a reboot, which ends it here";
            case FAILURE -> "the guest shut down and gave a failure as its reason";
            case PANICKED -> "the guest panicked: what it printed last says why";
            case CRASHED -> "the guest crashed: " + crash;
            case RUNNING, IDLE, RESTARTED -> throw new IllegalArgumentException("the guest has not ended: " + state);
        };
    }

    /** Whether the message of what ended the hart's thread tells the operator all; otherwise it is a defect. */
    public static boolean isExplained(final Throwable failure)
    {
        return failure instanceof JournalException || failure instanceof DivergenceException ||
            failure instanceof DriveException;
    }
}
