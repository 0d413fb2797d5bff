package dev.understudy.guest.floating;

/**
 * The accrued exceptions of floating-point arithmetic: {@code fflags}.
 * <p>
 * Operations only ever add to them. Source: RISC-V unprivileged specification, chapter F, section "Floating-Point
 * Control and Status Register". Owned by the hart thread.
 */
public final class ExceptionFlags
{
    /** Inexact. */
    public static final int NX = 1;

    /** Underflow: the result is tiny after rounding, and inexact. */
    public static final int UF = 1 << 1;

    /** Overflow. */
    public static final int OF = 1 << 2;

    /** Divide by zero. */
    public static final int DZ = 1 << 3;

    /** Invalid operation. */
    public static final int NV = 1 << 4;

    /** All five. */
    public static final int ALL = NX | UF | OF | DZ | NV;

    private int value;

    /** The five bits, NX the lowest. */
    public int value()
    {
        return value;
    }

    /** Sets all five; the other bits of {@code newValue} are ignored. */
    public void value(final int newValue)
    {
        value = newValue & ALL;
    }

    void raise(final int flags)
    {
        value |= flags;
    }

    boolean isInexact()
    {
        return (value & NX) != 0;
    }
}
