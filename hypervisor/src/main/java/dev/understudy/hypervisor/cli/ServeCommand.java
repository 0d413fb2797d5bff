package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.ConfigurationException;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.pair.PairNode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs one node of a pair. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Joins a pair as one of its nodes; which one is primary is decided by the arbiter.",
    footer = {
        "",
        "Examples, one on each host:",
        "  understudy serve --config vm.yaml --node a",
        "  understudy serve --config vm.yaml --node b",
        "",
        "The guest's console is standard output, messages go to standard error. SIGTERM hands over to the peer.",
        "Exit status: 0 when the guest shut down or the node was told to leave, 1 when the node halted or the guest",
        "panicked, crashed or gave a failure as its reason, 2 for a wrong configuration.",
    })
final class ServeCommand implements Callable<Integer>
{
    /** Time that whoever reads the guest's console is given for the last of it. */
    private static final long LAST_OUTPUT_MS = 500;
    private static final long LEAVE_TIMEOUT_MS = 8_000;

    @Option(names = {"--config", "-c"}, required = true, paramLabel = "FILE", description = "The pair's configuration.")
    private Path config;

    @Option(names = {"--node", "-n"}, required = true, paramLabel = "NAME", description = "Which node this is.")
    private String nodeName;

    @Option(names = "--restart-ended",
        description = "Begin the guest anew if it has ended, with what the configuration says now. The journal is kept as " +
            "journal.ended-GENERATION in the node's data directory.")
    private boolean restartsEnded;

    @Mixin
    private EngineOption engine;

    @Mixin
    private StatisticsOption statistics;

    @Override
    public Integer call() throws IOException
    {
        final PairConfiguration configuration = PairConfiguration.load(config);
        if (!configuration.nodes().containsKey(nodeName))
        {
            throw new ConfigurationException(config + ": nodes: there is no node \"" + nodeName +
                "\"; expected --node to be one of " + String.join(", ", configuration.nodes().keySet()));
        }
        try (UnhurriedErrors errors = new UnhurriedErrors();
            HostOutput console = new HostOutput(
                new FileOutputStream(FileDescriptor.out), HostOutput.CONSOLE_BYTES, "console", () -> {}))
        {
            errors.comeAfter(console);
            final PairNode node = new PairNode(
                configuration,
                nodeName,
                engine.kind(),
                restartsEnded,
                console,
                notice -> System.err.println("understudy " + nodeName + ": " + notice),
                errors::lostBytes);
            try (StopSignal signal = new StopSignal(node::leave, LEAVE_TIMEOUT_MS);
                StatisticsOption.Watch watch =
                    statistics.watch(() -> node.status().position(), node::translations))
            {
                signal.arm();
                return node.run();
            }
            finally
            {
                console.awaitDrained(LAST_OUTPUT_MS);
            }
        }
    }
}
