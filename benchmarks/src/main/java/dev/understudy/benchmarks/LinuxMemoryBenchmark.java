package dev.understudy.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory of the host's processes for Linux with 256 MiB, all of which it has written, under load. */
final class LinuxMemoryBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "256M";

    private static final String FILLED = "all memory is written";

    /** Writes the memory that is free after the start, all but 10 MiB, and gives it back to the guest's kernel. */
    private static final String FILL = " \"understudy.run=yes | dd of=/dev/null bs=228M count=1 iflag=fullblock && " +
        "echo " + FILLED + "; sleep 1000000\"";

    /** Of the guest's memory: 1,500 values of 100 kB are some two thirds, and the kernel has the rest in use. */
    private static final int VALUE_BYTES = 100_000;
    private static final int KEYS = 1_500;
    private static final int FILLS = 4_000;

    private static final int CLIENTS = 20;
    private static final int REQUESTS = 100_000;
    private static final Pattern FIELD = Pattern.compile("(VmHWM|VmRSS|RssAnon|RssFile|RssShmem):\\s+([0-9]+) kB");

    private final Path home;

    LinuxMemoryBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final Map<String, List<Double>> figures = new LinkedHashMap<>();
        try (Workspace work = new Workspace(home))
        {
            for (int i = 0; i < rounds; i++)
            {
                try (Service service = LinuxService.run(work, MEMORY, FILL))
                {
                    load(service);
                    measure("run", service.processes().getFirst(), figures);
                }
                work.delete("journal");
                try (Service service = LinuxService.record(work, MEMORY, FILL, work.path("journal")))
                {
                    load(service);
                    measure("record", service.processes().getFirst(), figures);
                }
                work.delete("journal");
                try (Service service = LinuxService.pair(work, MEMORY, FILL))
                {
                    load(service);
                    measure("primary", service.processes().get(0), figures);
                    measure("backup", service.processes().get(1), figures);
                }
                work.delete("pair");
            }
        }
        figures.forEach((what, values) -> Benchmarks.row("Linux with 256 MiB, all written, " + what, "MiB", values));
    }

    private static void load(final Service service) throws IOException, InterruptedException
    {
        service.processes().getFirst().await(FILLED + "\r\n");
        service.set(CLIENTS, FILLS, "-d", Integer.toString(VALUE_BYTES), "-r", Integer.toString(KEYS));
        service.set(CLIENTS, REQUESTS);
    }

    private static void measure(final String who, final Command process, final Map<String, List<Double>> figures)
        throws IOException
    {
        if (!process.isAlive())
        {
            throw new IOException("the process of " + who + " has ended: " + process.output());
        }
        final Matcher field = FIELD.matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")));
        while (field.find())
        {
            figures.computeIfAbsent(who + ": " + text(field.group(1)), it -> new ArrayList<>())
                .add(Double.parseDouble(field.group(2)) / 1024);
        }
    }

    private static String text(final String field)
    {
        return switch (field)
        {
            case "VmHWM" -> "peak";
            case "VmRSS" -> "at the end";
            case "RssAnon" -> "of it the process's own";
            case "RssFile" -> "of it pages of files, which the system may take back";
            default -> "of it the link's buffers";
        };
    }
}
