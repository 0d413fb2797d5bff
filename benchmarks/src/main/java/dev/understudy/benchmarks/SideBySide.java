package dev.understudy.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures two sides by turns and prints, for each part of their work, what it took, in wall and in processor time, and
 * the first side's wall time divided by the second's.
 */
final class SideBySide
{
    /**
     * What one run gave.
     *
     * @param parts  what each part of the work took
     * @param result what was computed, which has to be the same on both sides
     */
    record Outcome(Map<String, Command.Timing> parts, String result)
    {
        /** Of a run with one part. */
        static Outcome of(final String part, final Command.Timing timing, final String result)
        {
            return new Outcome(Map.of(part, timing), result);
        }
    }

    /** Runs one side once. */
    interface Side
    {
        Outcome run() throws Exception;
    }

    private final String first;
    private final String second;
    private final Map<String, Double> ratios = new LinkedHashMap<>();
    private final Map<String, Double> processorRatios = new LinkedHashMap<>();

    /** Names of the sides, for the rows. */
    SideBySide(final String first, final String second)
    {
        this.first = first;
        this.second = second;
    }

    /** Runs both sides by turns and prints a row for each part. */
    void measure(final int rounds, final Side firstSide, final Side secondSide) throws Exception
    {
        final Map<String, List<Command.Timing>> firstTimings = new LinkedHashMap<>();
        final Map<String, List<Command.Timing>> secondTimings = new LinkedHashMap<>();
        for (int i = 0; i < rounds; i++)
        {
            final String firstResult = add(firstTimings, firstSide.run());
            final String secondResult = add(secondTimings, secondSide.run());
            if (!firstResult.equals(secondResult))
            {
                throw new IllegalStateException(first + " and " + second + " computed different things:\n" +
                    firstResult + "\n" + secondResult);
            }
        }
        firstTimings.forEach((part, timings) -> row(part, timings, secondTimings.get(part)));
    }

    /** Prints the geometric mean of the ratios of parts that were measured. */
    void printMean(final List<String> parts)
    {
        Benchmarks.row("geometric mean of " + parts.size() + ", " + first + " / " + second, "",
            List.of(mean(parts, ratios)), first + " / " + second + " " + Benchmarks.text(mean(parts, processorRatios)));
    }

    private static double mean(final List<String> parts, final Map<String, Double> ratios)
    {
        return Math.exp(parts.stream().mapToDouble(part -> Math.log(ratios.get(part))).average().orElseThrow());
    }

    private static String add(final Map<String, List<Command.Timing>> timings, final Outcome outcome)
    {
        outcome.parts().forEach((part, timing) -> timings.computeIfAbsent(part, it -> new ArrayList<>()).add(timing));
        return outcome.result();
    }

    private void row(final String part, final List<Command.Timing> left, final List<Command.Timing> right)
    {
        final List<Double> ratio = Benchmarks.ratios(seconds(left), seconds(right));
        final List<Double> processorRatio = Benchmarks.ratios(processorSeconds(left), processorSeconds(right));
        ratios.put(part, Benchmarks.median(ratio));
        processorRatios.put(part, Benchmarks.median(processorRatio));
        final String walls = medians(seconds(left), seconds(right));
        Benchmarks.row("%s: %s: %s / %s".formatted(part, walls, first, second), "", ratio,
            medians(processorSeconds(left), processorSeconds(right)));
    }

    private String medians(final List<Double> left, final List<Double> right)
    {
        return String.format(Locale.ROOT,
            "%s %.2f s, %s %.2f s", first, Benchmarks.median(left), second, Benchmarks.median(right));
    }

    private static List<Double> seconds(final List<Command.Timing> timings)
    {
        return timings.stream().map(Command.Timing::seconds).toList();
    }

    private static List<Double> processorSeconds(final List<Command.Timing> timings)
    {
        return timings.stream().map(Command.Timing::processorSeconds).toList();
    }
}
