package dev.understudy.guest.translate;

import java.util.Locale;

/** The ways to execute a guest. They differ in speed alone, so that a journal replays under each of them. */
public enum EngineKind
{
    /** Pre-decoded instructions, one by one. */
    INTERPRETER,

    /** All code is translated to JVM bytecode as soon as it has been executed once, while the guest waits. */
    TRANSLATOR,

    /** Interprets at first; translates what is hot on a thread beside. */
    MIXED;

    private static final String PROPERTY = "understudy.engine";

    /** The engine of machines that are not told which: what the property {@value #PROPERTY} says, or {@link #MIXED}. */
    public static EngineKind preset()
    {
        return valueOf(System.getProperty(PROPERTY, MIXED.name()).toUpperCase(Locale.ROOT));
    }

    /** Sets {@link #preset()} for this process. */
    public static void preset(final EngineKind kind)
    {
        System.setProperty(PROPERTY, kind.name());
    }
}
