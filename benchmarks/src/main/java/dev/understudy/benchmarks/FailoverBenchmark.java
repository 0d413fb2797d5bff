package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** From SIGKILL of the primary to the first reply of the next one, under load, as {@code understudy demo} does it. */
final class FailoverBenchmark implements Benchmarks.Benchmark
{
    private static final int KILLS = 20;
    private static final Pattern TIMES = Pattern.compile("\"failoverMs\" ?: ?\\[([^]]*)]");
    private static final Pattern LOST = Pattern.compile("\"lostWrites\" ?: ?([0-9]+)");

    private final Path home;

    FailoverBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        try (Workspace work = new Workspace(home))
        {
            final String result = Command.output(work.understudy(
                "demo", "--guest", "kv", "--kills", Integer.toString(KILLS), "--seconds", "30", "--format", "json"));
            final Matcher times = TIMES.matcher(result);
            final Matcher lost = LOST.matcher(result);
            if (!times.find() || !lost.find())
            {
                throw new IllegalStateException("understudy demo gave no times: " + result);
            }
            final List<Double> values =
                Pattern.compile(",").splitAsStream(times.group(1)).map(Double::parseDouble).toList();
            Benchmarks.row("SIGKILL to the first reply, " + values.size() + " kills", "ms", values);
            Benchmarks.row("worst of them", "ms", List.of(values.stream().max(Double::compare).orElseThrow()));
            Benchmarks.row("acknowledged writes lost", "", List.of(Double.parseDouble(lost.group(1))));
        }
    }
}
