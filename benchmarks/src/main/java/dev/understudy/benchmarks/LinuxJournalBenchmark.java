package dev.understudy.benchmarks;

import dev.understudy.journal.JournalReport;
import dev.understudy.journal.JournalVerifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How much disk a recording of Linux takes that boots and serves 100,000 requests over TAP, beside QEMU's. */
final class LinuxJournalBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "128M";
    private static final int CLIENTS = 20;
    private static final int REQUESTS = 100_000;

    private final Path home;

    LinuxJournalBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<Double> entries = new ArrayList<>();
        final List<Double> disk = new ArrayList<>();
        final List<Double> qemu = new ArrayList<>();
        try (Workspace work = new Workspace(home))
        {
            final Path journal = work.path("journal");
            final Path file = work.path("rr.bin");
            for (int i = 0; i < rounds; i++)
            {
                work.delete("journal");
                try (Service service = LinuxService.record(work, MEMORY, journal))
                {
                    service.set(CLIENTS, REQUESTS);
                }
                final JournalReport report = JournalVerifier.verify(journal);
                entries.add((double)report.bytes());
                disk.add((double)report.diskBytes());

                try (Service service = LinuxService.qemuRecord(work, MEMORY, file))
                {
                    service.set(CLIENTS, REQUESTS);
                }
                qemu.add((double)Files.size(file));
                work.delete("rr.bin");
            }
        }
        Benchmarks.row("Linux boot and " + REQUESTS + " SET over TAP, recorded: entries", "bytes", entries);
        Benchmarks.row("the same: disk", "bytes", disk);
        Benchmarks.row("the same: QEMU's recording", "bytes", qemu);
        Benchmarks.row("ratio disk / QEMU's", "", Benchmarks.ratios(disk, qemu));
    }
}
