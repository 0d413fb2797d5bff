package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs benchmarks by name and prints what they measured, a line of a table each. */
public final class Benchmarks
{
    /** Runs of each side; the median counts. */
    private static final int DEFAULT_ROUNDS = 5;

    private static final int DEFAULT_SOAK_SECONDS = 240;

    private static final String ROUNDS = "--rounds";
    private static final String ONLY = "--only";
    private static final String SECONDS = "--seconds";
    private static final List<String> OPTIONS = List.of(ROUNDS, ONLY, SECONDS);

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
        final Map<String, String> options = options(arguments);
        final List<String> only =
            options.containsKey(ONLY) ? List.of(options.get(ONLY).split(",")) : List.of();
        final Map<String, Benchmark> all = new LinkedHashMap<>();
        all.put("interpreter", new InterpreterBenchmark(home));
        all.put("recording", new RecordingBenchmark(home, only));
        all.put("replay", new ReplayBenchmark(home));
        all.put("redis", new RedisBenchmark(home));
        all.put("failover", new FailoverBenchmark(home));
        all.put("idle", new IdleBenchmark(home));
        all.put("cpu", new CpuBenchmark(home, only));
        all.put("once", new OnceBenchmark(home, only));
        all.put("soak", new SoakBenchmark(home, only, number(options, SECONDS, DEFAULT_SOAK_SECONDS)));
        all.put("linux-boot", new LinuxBootBenchmark(home, only));
        all.put("linux-cpu", new LinuxCpuBenchmark(home, only));
        all.put("linux-journal", new LinuxJournalBenchmark(home));
        all.put("linux-tap", new LinuxTapBenchmark(home));
        all.put("linux-idle", new LinuxIdleBenchmark(home));
        all.put("linux-failover", new LinuxFailoverBenchmark(home));
        all.put("linux-memory", new LinuxMemoryBenchmark(home));

        final int rounds = number(options, ROUNDS, DEFAULT_ROUNDS);
        if (arguments.length == 0 || !(arguments[0].equals("all") || all.containsKey(arguments[0])))
        {
            fail("there is no benchmark of that name; NAME is all or one of " + all.keySet());
        }
        System.out.println("| what | median | runs | processor time |\n| --- | --- | --- | --- |");
        for (final String name : "all".equals(arguments[0]) ? List.copyOf(all.keySet()) : List.of(arguments[0]))
        {
            all.get(name).run(rounds);
        }
        System.exit(0);
    }

    /** The options behind the name, as pairs. */
    private static Map<String, String> options(final String[] arguments)
    {
        final Map<String, String> options = new HashMap<>();
        for (int i = 1; i < arguments.length; i += 2)
        {
            if (!OPTIONS.contains(arguments[i]) || i + 1 == arguments.length)
            {
                fail(arguments[i] + " is no option, or has no value");
            }
            options.put(arguments[i], arguments[i + 1]);
        }
        return options;
    }

    private static int number(final Map<String, String> options, final String name, final int otherwise)
    {
        final String text = options.getOrDefault(name, Integer.toString(otherwise));
        if (!text.matches("[1-9][0-9]{0,6}"))
        {
            fail(name + " wants a number: " + text);
        }
        return Integer.parseInt(text);
    }

    /** Those parts of a benchmark that {@code --only} names; all if it names none. */
    static List<String> chosen(final List<String> parts, final List<String> only)
    {
        if (!parts.containsAll(only))
        {
            fail(ONLY + " takes, with commas between: " + parts);
        }
        return only.isEmpty() ? parts : only;
    }

    private static void fail(final String message)
    {
        System.err.println(message);
        System.err.println("usage: benchmarks/run NAME [--rounds N] [--only PART,...] [--seconds N]");
        System.exit(2);
    }

    /** Prints a row: what was measured, the median, and every run. */
    static void row(final String what, final String unit, final List<Double> values)
    {
        row(what, unit, values, "");
    }

    /** The same with the processor time that it took. */
    static void row(final String what, final String unit, final List<Double> values, final String processor)
    {
        System.out.printf(Locale.ROOT,
            "| %s | %s %s | %s | %s |%n", what, text(median(values)), unit, text(values), processor);
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

    static String text(final List<Double> values)
    {
        return String.join(" ", values.stream().map(Benchmarks::text).toList());
    }

    static String text(final double value)
    {
        return String.format(Locale.ROOT, value >= 1000 ? "%,.0f" : value >= 100 ? "%.0f" : "%.3g", value);
    }
}
