package dev.understudy.guest.translate;

/** The ways to execute a guest. They differ in speed alone, so that a journal replays under each of them. */
public enum EngineKind
{
    /** Pre-decoded instructions, one by one. */
    INTERPRETER,

    /** All code is translated to JVM bytecode as soon as it has been executed once, while the guest waits. */
    TRANSLATOR,

    /** Interprets at first; translates what is hot on a thread beside. */
    MIXED
}
