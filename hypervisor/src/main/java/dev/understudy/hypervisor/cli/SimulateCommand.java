package dev.understudy.hypervisor.cli;

import dev.understudy.simulation.Simulation;
import dev.understudy.simulation.SimulationResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Tries the pair in a world that fails it. */
@Command(
    name = "simulate",
    mixinStandardHelpOptions = true,
    description = {
        "Runs a pair in simulated worlds full of faults, and checks what it promises.",
        "The faults are kills, pauses, cut and lossy links, losses of power and a failing arbiter. All runs on one thread and",
        "in a time of its own: a seed makes the same happen each time."},
    footer = {
        "",
        "Examples:",
        "  understudy simulate --seed 1 --schedules 100",
        "  understudy simulate --seed 149 --trace",
        "",
        "Exit status: 0 when every promise was kept, 1 at the first schedule in which one was broken: its seed, what",
        "was broken and when, and the command that shows it again are printed.",
    })
final class SimulateCommand implements Callable<Integer>
{
    /** Runs the schedule of a seed with a kernel. */
    @FunctionalInterface
    interface Schedules
    {
        SimulationResult run(long seed, byte[] kernel);
    }

    private final Schedules runs;

    @Option(names = "--seed", paramLabel = "N", required = true, description = "Makes the first schedule.")
    private long seed;

    @Option(names = "--schedules", paramLabel = "K", defaultValue = "1",
        description = "How many: those of the seed and of the numbers after it (default: ${DEFAULT-VALUE}).")
    private int schedules;

    @Option(names = "--trace", description = "Print what happens.")
    private boolean trace;

    SimulateCommand()
    {
        this(Simulation::run);
    }

    /** With schedules that come out as a test wants. */
    SimulateCommand(final Schedules runs)
    {
        this.runs = runs;
    }

    @Override
    public Integer call() throws IOException
    {
        if (schedules < 1)
        {
            throw new UsageException("--schedules is at least 1");
        }
        final byte[] kernel = Files.readAllBytes(
            Path.of(System.getProperty("understudy.home", "."), "guests", "kv", "kv.elf"));
        long answers = 0;
        long generations = 0;
        long timeNs = 0;
        for (long i = 0; i < schedules; i++)
        {
            final SimulationResult result = runs.run(seed + i, kernel);
            if (trace)
            {
                result.trace().forEach(System.out::println);
            }
            if (result.violation() != null)
            {
                return broken(result, i + 1);
            }
            answers += result.answers();
            generations += result.generation();
            timeNs += result.atNs();
        }
        System.out.printf(Locale.ROOT,
            "%,d schedules from seed %d: every promise was kept in %,d s, %,d generations and %,d answers to clients%n",
            schedules, seed, timeNs / 1_000_000_000, generations, answers);
        return ExitStatus.SUCCESS;
    }

    private int broken(final SimulationResult result, final long schedule)
    {
        System.err.printf(Locale.ROOT, "understudy: schedule %,d of %,d, seed %d, at %.3f ms: %s%n",
            schedule, schedules, result.seed(), result.atNs() / 1e6, result.violation());
        System.err.println("Again: understudy simulate --seed " + result.seed() + " --trace");
        if (result.cause() != null)
        {
            result.cause().printStackTrace();
        }
        return ExitStatus.FAILURE;
    }
}
