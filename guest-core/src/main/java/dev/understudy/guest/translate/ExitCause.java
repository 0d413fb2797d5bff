package dev.understudy.guest.translate;

import dev.understudy.guest.memory.SlowAccess;

/** Why control left a region. */
public enum ExitCause
{
    /** To code that the region does not hold: it had not been executed, is not translated, or there was no room. */
    COLD,

    /** Before a jump back, because the instructions that might be executed are used up. */
    BUDGET,

    /** To code that the region holds, on another page, of which is not known that it is mapped as it was. */
    PAGE,

    /** To an address that was computed and is not that of a call which the region holds. */
    INDIRECT,

    /** Before a CSR instruction, a call of the environment or a return from a trap. */
    PRIVILEGED,

    /** Before a load, store or atomic operation whose page is not in the cache of translations, and can be. */
    MISS,

    /** Before a load, store or atomic operation that is {@link SlowAccess#FAULT}. */
    FAULT,

    /** As {@link #FAULT}, {@link SlowAccess#DEVICE}. */
    DEVICE,

    /** As {@link #FAULT}, {@link SlowAccess#MISALIGNED}. */
    MISALIGNED,

    /** As {@link #FAULT}, {@link SlowAccess#ACCESSED}. */
    ACCESSED,

    /** As {@link #FAULT}, {@link SlowAccess#CODE}. */
    CODE,

    /** As {@link #FAULT}, {@link SlowAccess#TABLE}. */
    TABLE;

    static ExitCause of(final SlowAccess access)
    {
        return switch (access)
        {
            case FAULT -> FAULT;
            case DEVICE -> DEVICE;
            case MISALIGNED -> MISALIGNED;
            case ACCESSED -> ACCESSED;
            case CODE -> CODE;
            case TABLE -> TABLE;
        };
    }
}
