package dev.understudy.guest.hart;

/** Answers the {@code ecall} of S-mode. */
@FunctionalInterface
public interface EnvironmentCalls
{
    /**
     * Handles the call whose arguments are in the hart's registers; {@code pc} is already behind the instruction.
     *
     * @return false when the guest's memory could not be accessed for it: the call traps with what the MMU says
     */
    boolean call(Hart hart);
}
