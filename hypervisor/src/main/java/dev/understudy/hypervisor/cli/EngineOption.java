package dev.understudy.hypervisor.cli;

import dev.understudy.guest.translate.EngineKind;
import picocli.CommandLine.Option;

/** The option that says how the guest's instructions are executed. */
final class EngineOption
{
    private EngineKind kind = EngineKind.MIXED;

    @Option(names = "--engine", paramLabel = "interpreter|translator|mixed",
        description = "How to execute the guest: a matter of speed alone (default: mixed).")
    void engine(final EngineKind engine)
    {
        kind = engine;
    }

    /** The engine that was asked for. */
    EngineKind kind()
    {
        return kind;
    }
}
