package dev.understudy.node;

/** Has harts do their work: on a thread of their own, by turns with the agent, or as a simulation's schedule says. */
public interface Harts
{
    /** Wakes whoever runs the present hart. Callable from any thread. */
    Doorbell bell();

    /** Lets others have the processor for a moment, if the hart's own thread calls. */
    void makeWay();

    /**
     * Starts to have a hart do its work, until it has finished. On the agent thread.
     *
     * @param isShared whether the agent runs it as well, by {@link Running#runHere}
     */
    Running start(HartAgent hart, boolean isShared);

    /** A hart that was started. On the agent thread. */
    interface Running
    {
        /** Has the hart work for a moment, if it is the caller's turn; returns the work done. */
        int runHere(long nowNs);

        /** The agent goes to sleep, and leaves the hart to others. */
        void leave();

        /** Has the hart finish where it is, as {@link HartAgent#stop} says; does not wait for it. */
        void stop(boolean closesJournal);

        /** Whether nobody works for the hart any more: machine, drives and journal are the agent's. */
        boolean hasStopped();
    }
}
