package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Instructions a second of a guest in integer loops: the interpreter, with the translator, and QEMU. */
final class InterpreterBenchmark implements Benchmarks.Benchmark
{
    /** Two lengths: what they differ by took place in the steady state. */
    private static final long SHORT_ROUNDS = 20_000_000;
    private static final long LONG_ROUNDS = 180_000_000;

    private static final Pattern POSITION = Pattern.compile("\"position\" ?: ?([0-9]+)");

    private final Path home;

    InterpreterBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        try (Workspace work = new Workspace(home))
        {
            final long instructions = count(work, LONG_ROUNDS) - count(work, SHORT_ROUNDS);
            final List<Double> interpreted = new ArrayList<>();
            final List<Double> mixed = new ArrayList<>();
            final List<Double> qemu = new ArrayList<>();
            final Path kernel = work.guest("tests/loops.elf");
            for (int i = 0; i < rounds; i++)
            {
                interpreted.add(instructions / 1e6 / steady(length -> run(work, "interpreter", kernel, length)));
                mixed.add(instructions / 1e6 / steady(length -> run(work, "mixed", kernel, length)));
                qemu.add(instructions / 1e6 / steady(length -> work.qemu(kernel, "n=" + length)));
            }
            Benchmarks.row("integer loops, steady state: interpreter", "M instructions/s", interpreted);
            Benchmarks.row("the same: with the translator", "M instructions/s", mixed);
            Benchmarks.row("the same: qemu-system-riscv64", "M instructions/s", qemu);
            Benchmarks.row("ratio of the interpreter to QEMU", "", Benchmarks.ratios(interpreted, qemu));
            Benchmarks.row("ratio to QEMU with the translator", "", Benchmarks.ratios(mixed, qemu));
        }
    }

    private static List<String> run(
        final Workspace work, final String engine, final Path kernel, final long length)
    {
        return work.understudy(
            "run", "--engine", engine, "--kernel", kernel.toString(), "--append", "n=" + length);
    }

    private interface Line
    {
        List<String> of(long length);
    }

    private static double steady(final Line line) throws Exception
    {
        final Command.Timing brief = Command.time(line.of(SHORT_ROUNDS));
        return Command.time(line.of(LONG_ROUNDS)).minus(brief).seconds();
    }

    /** Number of instructions of the guest, by the last entry of a recording. */
    private static long count(final Workspace work, final long length) throws Exception
    {
        Command.time(work.understudy("record", "--journal", work.path("count").toString(),
            "--kernel", work.guest("tests/loops.elf").toString(), "--append", "n=" + length));
        final Matcher position = POSITION.matcher(
            Command.output(work.understudy("replay", work.path("count").toString(), "--format", "json")));
        if (!position.find())
        {
            throw new IllegalStateException("understudy replay gave no position");
        }
        work.delete("count");
        return Long.parseLong(position.group(1));
    }
}
