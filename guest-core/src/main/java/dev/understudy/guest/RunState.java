package dev.understudy.guest;

/** Why {@link Machine#run} returned. */
public enum RunState
{
    /** The position asked for is reached; the guest would go on. */
    RUNNING,

    /** The guest waits for an interrupt: only an event, or time, makes it go on. */
    IDLE,

    /** The guest asked for a reset, and begins again from its kernel. */
    RESTARTED,

    /** The guest shut down. */
    SHUTDOWN,

    /** The guest asked for a reset, which ends it in this configuration. */
    REBOOT,

    /** The guest shut down and gave a failure as its reason. */
    FAILURE,

    /** The guest's kernel panicked, and said so. */
    PANICKED,

    /** The guest cannot make progress; {@link Machine#crash} says why. */
    CRASHED;

    /** Whether the guest has ended. */
    public boolean isEnd()
    {
        return this != RUNNING && this != IDLE && this != RESTARTED;
    }

    /** Whether the guest has ended because something went wrong in it. */
    public boolean isFailure()
    {
        return this == FAILURE || this == PANICKED || this == CRASHED;
    }
}
