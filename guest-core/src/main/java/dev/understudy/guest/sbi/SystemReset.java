package dev.understudy.guest.sbi;

/** How a guest asked to end. Source: SBI specification 2.0, chapter 10 (SRST). */
public enum SystemReset
{
    /** Shut down, no reason given. */
    SHUTDOWN,

    /** Shut down because of a system failure. */
    FAILURE,

    /** A cold or warm reboot. */
    REBOOT
}
