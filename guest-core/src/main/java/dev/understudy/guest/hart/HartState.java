package dev.understudy.guest.hart;

/** What the hart does next. */
public enum HartState
{
    /** Executes instructions. */
    RUNNING,

    /** Waits for an interrupt after WFI or a retentive suspend. */
    WAITING,

    /** Waits for an interrupt in a suspend that starts over at another address. */
    SUSPENDED,

    /** Has ended: the guest shut down, asked for a reboot or cannot go on. */
    STOPPED
}
