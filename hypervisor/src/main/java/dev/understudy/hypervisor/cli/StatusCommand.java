package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.status.PairStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows what a pair is doing. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Prints role, generation, position, lag and the last failover of both nodes.",
    footer = {
        "",
        "Example:",
        "  understudy status --config vm.yaml",
        "",
        "Exit status: 0 only when the guest is protected by a live backup, 1 when it is not.",
    })
final class StatusCommand implements Callable<Integer>
{
    @Option(names = {"--config", "-c"}, required = true, paramLabel = "FILE", description = "The pair's configuration.")
    private Path config;

    @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
        description = "json: one object on standard output.")
    private OutputFormat format;

    @Option(names = "--timeout-ms", paramLabel = "N", defaultValue = "500",
        description = "How long to wait for a node's answer (default: ${DEFAULT-VALUE}).")
    private int timeoutMs;

    @Override
    public Integer call()
    {
        final PairStatus status = PairStatus.ask(
            PairConfiguration.loadWithoutFiles(config), Duration.ofMillis(timeoutMs));
        if (format == OutputFormat.JSON)
        {
            System.out.println(Json.write(status.toMap()));
        }
        else
        {
            System.out.print(status.toText());
        }
        return status.isProtected() ? ExitStatus.SUCCESS : ExitStatus.FAILURE;
    }
}
