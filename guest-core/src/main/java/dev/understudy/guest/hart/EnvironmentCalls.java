package dev.understudy.guest.hart;

/** Answers the {@code ecall} of S-mode. */
@FunctionalInterface
public interface EnvironmentCalls
{
    /** Handles the call whose arguments are in the hart's registers; {@code pc} is already behind the instruction. */
    void call(Hart hart);
}
