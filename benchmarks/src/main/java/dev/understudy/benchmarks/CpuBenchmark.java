package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Guests that compute for some ten seconds, beside QEMU: running, and recording beside QEMU's recording. */
final class CpuBenchmark implements Benchmarks.Benchmark
{
    /** Of {@code guests/benchmarks}. */
    private static final List<String> PROGRAMS = List.of("collatz", "sieve", "chase", "copy", "sort", "bytecode", "nbody",
        "filter", "calls", "sha256", "modpow", "lz");

    private static final Pattern CHECKSUM = Pattern.compile("checksum [0-9a-f]{16}");

    private final Path home;
    private final List<String> only;

    CpuBenchmark(final Path home, final List<String> only)
    {
        this.home = home;
        this.only = only;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<String> programs = Benchmarks.chosen(PROGRAMS, only);
        final SideBySide plain = new SideBySide("QEMU", "run");
        final SideBySide recording = new SideBySide("QEMU rr=record", "record");
        try (Workspace work = new Workspace(home))
        {
            for (final String program : programs)
            {
                final Path kernel = kernel(work, program);
                final List<String> qemu = work.qemu(kernel, "");
                plain.measure(rounds,
                    () -> compute(program, qemu),
                    () -> run(work, program));
                recording.measure(rounds,
                    () -> compute(program, Workspace.recording(qemu, work.path("rr.bin"))),
                    () -> record(work, program));
            }
        }
        plain.printMean(programs);
        recording.printMean(programs);
    }

    static Path kernel(final Workspace work, final String program)
    {
        return work.guest("benchmarks/" + program + ".elf");
    }

    /** Runs one of the programs. */
    static SideBySide.Outcome run(final Workspace work, final String program) throws Exception
    {
        return compute(program, work.understudy("run", "--kernel", kernel(work, program).toString()));
    }

    /** Records one of the programs, and throws the journal away. */
    static SideBySide.Outcome record(final Workspace work, final String program) throws Exception
    {
        final SideBySide.Outcome outcome = compute(program, work.understudy("record",
            "--journal", work.path("journal").toString(),
            "--kernel", kernel(work, program).toString()));
        work.delete("journal");
        return outcome;
    }

    /** Runs a command with one of the programs to its end. */
    static SideBySide.Outcome compute(final String program, final List<String> words) throws Exception
    {
        try (Command command = new Command(words))
        {
            final Command.Timing timing = command.await();
            final Matcher checksum = CHECKSUM.matcher(command.output());
            if (!checksum.find())
            {
                throw new IllegalStateException(String.join(" ", words) + " gave no checksum: " + command.output());
            }
            return SideBySide.Outcome.of(program, timing, checksum.group());
        }
    }
}
