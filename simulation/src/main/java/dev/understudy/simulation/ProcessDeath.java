package dev.understudy.simulation;

/** Unwinds what a process was doing when it died. */
final class ProcessDeath extends Error
{
    private static final long serialVersionUID = 1L;

    ProcessDeath()
    {
        super("the simulated process has died", null, false, false);
    }
}
