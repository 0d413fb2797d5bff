package dev.understudy.benchmarks;

import com.sun.tools.attach.VirtualMachine;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Whether memory stays bounded while translations come and go: prints the process's memory again and again. */
final class SoakBenchmark implements Benchmarks.Benchmark
{
    /** Code that is overwritten by other code, each function hot enough for a region of its own. */
    private static final String GENERATED = "generated";

    /** Programs of Linux that start, compute a little and end. */
    private static final String LINUX = "linux";

    private static final int SAMPLES = 20;
    private static final double MIB = 1 << 20;
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+([0-9]+) kB");

    /** The last line of {@code --stats}. */
    private static final Pattern REGIONS = Pattern.compile("(?s).*% translated; ([^;]*)");

    private static final String PROCESSES = "while :; do for i in 1 2 3 4 5 6 7 8; do " +
        "busybox sha256sum /bin/busybox; busybox awk 'BEGIN { while (i < 20000) s += i++ * 3 % 7 }'; " +
        "busybox gzip -c /bin/busybox | busybox gunzip -c | busybox md5sum; " +
        "busybox find / -xdev | busybox sort | busybox sed s/a/b/; done; done >/dev/null";

    private final Path home;
    private final List<String> only;
    private final int seconds;

    SoakBenchmark(final Path home, final List<String> only, final int seconds)
    {
        this.home = home;
        this.only = only;
        this.seconds = seconds;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        try (Workspace work = new Workspace(home))
        {
            for (final String kind : Benchmarks.chosen(List.of(GENERATED, LINUX), only))
            {
                final List<String> words = kind.equals(GENERATED) ?
                    work.understudy("run", "--kernel", CpuBenchmark.kernel(work, "cold").toString(),
                        "--append", "n=1000000000 functions=20000 calls=8000") :
                    LinuxGuest.TINY.run(work, PROCESSES, "understudy.kv=off");
                words.add("--stats");
                try (Command command = new Command(words))
                {
                    watch(kind, command);
                }
            }
        }
    }

    // The address is that of a process of our own.
    @SuppressWarnings("BanJNDI")
    private void watch(final String kind, final Command command) throws Exception
    {
        command.await("% translated");
        final VirtualMachine machine = VirtualMachine.attach(Long.toString(command.pid()));
        final String address = machine.startLocalManagementAgent();
        machine.detach();
        final List<Double> resident = new ArrayList<>();
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address)))
        {
            final MBeanServerConnection server = connector.getMBeanServerConnection();
            final ClassLoadingMXBean classes =
                ManagementFactory.getPlatformMXBean(server, ClassLoadingMXBean.class);
            final List<MemoryPoolMXBean> pools =
                ManagementFactory.getPlatformMXBeans(server, MemoryPoolMXBean.class);
            for (int i = 1; i <= SAMPLES; i++)
            {
                Thread.sleep(seconds * 1_000L / SAMPLES);
                resident.add(residentBytes(command) / MIB);
                System.out.printf("| %s after %d s: RSS %.0f MiB, metaspace %.1f, code cache %.1f, heap %.1f; %s " +
                    "| %d classes loaded, %d unloaded | |%n", kind, seconds * i / SAMPLES, resident.getLast(),
                    used(pools, "Metaspace"::equals), used(pools, name -> name.startsWith("Code")),
                    used(pools, name -> name.contains("Gen") || name.contains("Eden") || name.contains("Survivor")),
                    regions(command), classes.getLoadedClassCount(), classes.getUnloadedClassCount());
            }
        }
        final int half = SAMPLES / 2;
        Benchmarks.row(kind + ": RSS, median of the first half", "MiB", resident.subList(0, half));
        Benchmarks.row(kind + ": RSS, median of the second half", "MiB", resident.subList(half, SAMPLES));
    }

    private static double used(final List<MemoryPoolMXBean> pools, final Predicate<String> isWanted)
    {
        return pools.stream().filter(pool -> isWanted.test(pool.getName()))
            .mapToLong(pool -> pool.getUsage().getUsed()).sum() / MIB;
    }

    private static double residentBytes(final Command command) throws Exception
    {
        final Matcher field = RESIDENT.matcher(Files.readString(Path.of("/proc/" + command.pid() + "/status")));
        if (!field.find())
        {
            throw new IllegalStateException("the process has ended: " + command.output());
        }
        return Double.parseDouble(field.group(1)) * 1024;
    }

    private static String regions(final Command command) throws Exception
    {
        final Matcher line = REGIONS.matcher(command.output());
        return line.find() ? line.group(1) : "";
    }
}
