package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs benchmarks by name and prints what they measured, a line of a table each. */
public final class Benchmarks
{
    /** Runs of each side; the median counts. */
    private static final int DEFAULT_ROUNDS = 5;

    /** One benchmark: prints its rows. */
    interface Benchmark
    {
        void run(int rounds) throws Exception;
    }

    private Benchmarks()
    {
    }

    public static void main(final String[] arguments) throws Exception
    {
        final Path home = Path.of(System.getProperty("understudy.home", "."));
        final Map<String, Benchmark> all = new LinkedHashMap<>();
        all.put("interpreter", new InterpreterBenchmark(home));
        all.put("recording", new RecordingBenchmark(home));
        all.put("replay", new ReplayBenchmark(home));
        all.put("redis", new RedisBenchmark(home));
        all.put("failover", new FailoverBenchmark(home));
        all.put("idle", new IdleBenchmark(home));
        all.put("linux-journal", new LinuxJournalBenchmark(home));
        all.put("linux-tap", new LinuxTapBenchmark(home));
        all.put("linux-idle", new LinuxIdleBenchmark(home));
        all.put("linux-failover", new LinuxFailoverBenchmark(home));
        all.put("linux-memory", new LinuxMemoryBenchmark(home));

        final int rounds = arguments.length == 3 && "--rounds".equals(arguments[1]) ?
            Integer.parseInt(arguments[2]) : DEFAULT_ROUNDS;
        final boolean isKnown = arguments.length > 0 && (arguments[0].equals("all") || all.containsKey(arguments[0]));
        if (!isKnown || rounds < 1 || arguments.length == 2 || arguments.length > 3)
        {
            System.err.println("usage: benchmarks/run NAME [--rounds N]; NAME is all or one of " + all.keySet());
            System.exit(2);
        }
        System.out.println("| what | median | runs |\n| --- | --- | --- |");
        for (final String name : "all".equals(arguments[0]) ? List.copyOf(all.keySet()) : List.of(arguments[0]))
        {
            all.get(name).run(rounds);
        }
        System.exit(0);
    }

    /** Prints a row: what was measured, the median, and every run. */
    static void row(final String what, final String unit, final List<Double> values)
    {
        System.out.printf("| %s | %s %s | %s |%n", what, text(median(values)), unit,
            String.join(" ", values.stream().map(Benchmarks::text).toList()));
    }

    static double median(final List<Double> values)
    {
        final List<Double> sorted = values.stream().sorted().toList();
        final int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The ratio of each run of one side to the run of the other that was beside it. */
    static List<Double> ratios(final List<Double> left, final List<Double> right)
    {
        return java.util.stream.IntStream.range(0, left.size()).mapToObj(i -> left.get(i) / right.get(i)).toList();
    }

    private static String text(final double value)
    {
        return value >= 1000 ? "%,.0f".formatted(value) : value >= 100 ? "%.0f".formatted(value) : "%.3g".formatted(value);
    }
}
