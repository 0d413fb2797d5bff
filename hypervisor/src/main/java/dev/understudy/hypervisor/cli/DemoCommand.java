package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.demo.Demo;
import dev.understudy.hypervisor.demo.DemoGuest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
        "  understudy demo --guest kv",
        "",
        "A fresh backup replays the guest from its first instruction: the time to be protected again grows with the",
        "work that was done.",
        "",
        "Exit status: 0 only when nothing was lost and every read was right.",
    })
final class DemoCommand implements Callable<Integer>
{
    @Option(names = "--guest", paramLabel = "linux|kv", defaultValue = "linux",
        description = {
            "What the pair protects (default: ${DEFAULT-VALUE}):",
            "linux  a Linux kernel with a key-value service as its program",
            "kv     the same service without an operating system",
        })
    private DemoGuest guest;

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
        final Path home = Path.of(System.getProperty("understudy.home", "."));
        try (Demo demo = new Demo(guest, home, port, line -> System.err.println("demo: " + line)))
        {
            Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "cleanup"));
            final Demo.Result result = demo.run(kills, seconds);
            report(result);
            return result.isGood() ? ExitStatus.SUCCESS : ExitStatus.FAILURE;
        }
    }

    private void report(final Demo.Result result)
    {
        if (format == OutputFormat.JSON)
        {
            final Map<String, Object> object = new LinkedHashMap<>();
            object.put("guest", guest.name().toLowerCase(Locale.ROOT));
            object.put("kills", result.failoverMs().size());
            object.put("acknowledgedRequests", result.acknowledgedRequests());
            object.put("lostWrites", result.lostWrites());
            object.put("wrongReads", result.wrongReads());
            object.put("bootMs", result.bootMs());
            object.put("failoverMs", result.failoverMs());
            object.put("failoverMsMedian", median(result.failoverMs()));
            object.put("failoverMsWorst", worst(result.failoverMs()));
            object.put("protectedAgainMs", result.protectedAgainMs());
            object.put("journalBytes", result.journalBytes());
            object.put("digestsCompared", result.digestsCompared());
            object.put("problem", result.problem());
            System.out.println(Json.write(object));
            return;
        }
        System.out.printf(Locale.ROOT, "%-40s %,16d%n", "requests acknowledged", result.acknowledgedRequests());
        System.out.printf(Locale.ROOT, "%-40s %,16d%n", "acknowledged writes lost", result.lostWrites());
        System.out.printf(Locale.ROOT, "%-40s %,16d%n", "wrong reads", result.wrongReads());
        System.out.printf(Locale.ROOT, "%-40s %,13.0f ms%n", "start to the guest's first reply", result.bootMs());
        if (!result.failoverMs().isEmpty())
        {
            System.out.printf(Locale.ROOT,
                "%-40s %,13.0f ms%n", "SIGKILL to the first reply, median", median(result.failoverMs()));
            System.out.printf(Locale.ROOT,
                "%-40s %,13.0f ms%n", "SIGKILL to the first reply, worst", worst(result.failoverMs()));
            System.out.printf(
                Locale.ROOT,
                    "%-40s %,13.0f ms%n", "protected by a fresh backup again, worst", worst(result.protectedAgainMs()));
        }
        System.out.printf(Locale.ROOT, "%-40s %,10d bytes%n", "journal", result.journalBytes());
        System.out.printf(Locale.ROOT, "%-40s %,16d%n", "digests compared", result.digestsCompared());
        if (result.problem() != null)
        {
            System.out.println("first wrong: " + result.problem());
        }
    }

    private static double median(final List<Double> values)
    {
        return values.isEmpty() ? 0 : values.stream().sorted().toList().get(values.size() / 2);
    }

    private static double worst(final List<Double> values)
    {
        return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }
}
