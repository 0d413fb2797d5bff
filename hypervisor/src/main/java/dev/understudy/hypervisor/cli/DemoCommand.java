package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.demo.Demo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the main job. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = "Starts a pair on this machine, kills its primary while clients write, and counts what was lost.",
    footer = {
        "",
        "Examples:",
        "  understudy demo",
        "  understudy demo --kills 20 --seconds 60 --format json",
        "",
        "Exit status: 0 only when nothing was lost and every read was right.",
    })
final class DemoCommand implements Callable<Integer>
{
    private static final String GUEST = "guests/kv/kv.elf";

    @Option(names = "--kills", paramLabel = "N", defaultValue = "1",
        description = "How often the primary is killed (default: ${DEFAULT-VALUE}).")
    private int kills;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "8",
        description = "About how long the clients work in all (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--port", paramLabel = "N", defaultValue = "0",
        description = "TCP port for the clients; 0 for a free one.")
    private int port;

    @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
        description = "json: the result as one object on standard output.")
    private OutputFormat format;

    @Override
    public Integer call() throws IOException, InterruptedException
    {
        if (kills < 0 || seconds < 0 || port < 0 || port > 65_535)
        {
            throw new UsageException("--kills and --seconds are not negative, --port is from 0 to 65535");
        }
        final Path kernel = Path.of(System.getProperty("understudy.home", "."), GUEST);
        try (Demo demo = new Demo(kernel, port, line -> System.err.println("demo: " + line)))
        {
            Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "cleanup"));
            final Demo.Result result = demo.run(kills, seconds);
            report(result);
            return result.isGood() ? ExitStatus.SUCCESS : ExitStatus.FAILURE;
        }
    }

    private void report(final Demo.Result result)
    {
        final List<Double> sorted = result.failoverMs().stream().sorted().toList();
        final double median = sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2);
        final double worst = sorted.isEmpty() ? 0 : sorted.getLast();
        if (format == OutputFormat.JSON)
        {
            final Map<String, Object> object = new LinkedHashMap<>();
            object.put("kills", result.failoverMs().size());
            object.put("acknowledgedRequests", result.acknowledgedRequests());
            object.put("lostWrites", result.lostWrites());
            object.put("wrongReads", result.wrongReads());
            object.put("failoverMs", result.failoverMs());
            object.put("failoverMsMedian", median);
            object.put("failoverMsWorst", worst);
            object.put("journalBytes", result.journalBytes());
            object.put("digestsCompared", result.digestsCompared());
            object.put("problem", result.problem());
            System.out.println(Json.write(object));
            return;
        }
        System.out.printf("%-40s %,16d%n", "requests acknowledged", result.acknowledgedRequests());
        System.out.printf("%-40s %,16d%n", "acknowledged writes lost", result.lostWrites());
        System.out.printf("%-40s %,16d%n", "wrong reads", result.wrongReads());
        System.out.printf("%-40s %,13.0f ms%n", "SIGKILL to the first reply, median", median);
        System.out.printf("%-40s %,13.0f ms%n", "SIGKILL to the first reply, worst", worst);
        System.out.printf("%-40s %,10d bytes%n", "journal", result.journalBytes());
        System.out.printf("%-40s %,16d%n", "digests compared", result.digestsCompared());
        if (result.problem() != null)
        {
            System.out.println("first wrong: " + result.problem());
        }
    }
}
