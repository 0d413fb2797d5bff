package dev.understudy.benchmarks;

import com.sun.tools.attach.VirtualMachine;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Whether memory stays bounded while translations come and go: prints the process's memory again and again, and in the end
 * whether the last third of the time took more than the second.
 */
final class SoakBenchmark implements Benchmarks.Benchmark
{
    /** Code that is overwritten by other code, as by a compiler in the guest; each function is hot enough for a region. */
    private static final String GENERATED = "generated";

    /** Programs of Linux that start, compute a little and end. */
    private static final String LINUX = "linux";

    private static final int THIRD = 10;
    private static final int SAMPLES = 3 * THIRD;

    /** What is bounded may have its highest value in the last third by chance, by so much. */
    private static final double TOLERANCE = 1.05;

    /** How often as many classes as there ever were at once must have been unloaded, for a run to show anything. */
    private static final double MIN_TURNS = 2;
    private static final double MIB = 1 << 20;
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+([0-9]+) kB");

    /** The last line of {@code --stats}. */
    private static final Pattern REGIONS = Pattern.compile("(?s).* %\\); ([^;]*)");

    private static final String PROCESSES = "while :; do for i in 1 2 3 4 5 6 7 8; do " +
        "busybox sha256sum /bin/busybox; busybox awk 'BEGIN { while (i < 20000) s += i++ * 3 % 7 }'; " +
        "busybox gzip -c /bin/busybox | busybox gunzip -c | busybox md5sum; " +
        "busybox find / -xdev | busybox sort | busybox sed s/a/b/; done; done >/dev/null";

    private final Path home;
    private final List<String> only;
    private final int seconds;

    /**
     * What the process takes.
     *
     * @param values by name, in MiB
     * @param loaded classes that there are
     */
    private record Sample(Map<String, Double> values, long loaded, long unloaded)
    {
    }

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
                        "--append", "n=1000000000 functions=20000 calls=200 turns=16 loops=100") :
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
        command.await(" translated (");
        final VirtualMachine machine = VirtualMachine.attach(Long.toString(command.pid()));
        final String address = machine.startLocalManagementAgent();
        machine.detach();
        final List<Sample> samples = new ArrayList<>();
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address)))
        {
            final MBeanServerConnection server = connector.getMBeanServerConnection();
            final ClassLoadingMXBean classes =
                ManagementFactory.getPlatformMXBean(server, ClassLoadingMXBean.class);
            final List<MemoryPoolMXBean> pools =
                ManagementFactory.getPlatformMXBeans(server, MemoryPoolMXBean.class);
            final long startNs = System.nanoTime();
            for (int i = 1; i <= SAMPLES; i++)
            {
                Thread.sleep(seconds * 1_000L / SAMPLES);
                final Map<String, Double> values = new LinkedHashMap<>();
                values.put("RSS", residentBytes(command) / MIB);
                values.put("metaspace", used(pools, "Metaspace"::equals));
                values.put("code cache", used(pools, name -> name.startsWith("Code")));
                values.put("heap",
                    used(pools, name -> name.contains("Gen") || name.contains("Eden") || name.contains("Survivor")));
                final Sample sample = new Sample(values, classes.getLoadedClassCount(), classes.getUnloadedClassCount());
                samples.add(sample);
                System.out.printf("| %s after %.0f s, %.0f s of processor time: %s MiB; %s " +
                    "| %,d classes loaded, %,d unloaded | |%n", kind, (System.nanoTime() - startNs) / 1e9,
                    command.processorSeconds(), text(values), regions(command), sample.loaded, sample.unloaded);
            }
        }
        judge(kind, samples);
    }

    private static String text(final Map<String, Double> values)
    {
        return String.join(", ", values.entrySet().stream()
            .map(it -> "%s %.0f".formatted(it.getKey(), it.getValue())).toList());
    }

    private static void judge(final String kind, final List<Sample> samples)
    {
        final double turns = (double)samples.getLast().unloaded / samples.stream().mapToLong(Sample::loaded).max().orElseThrow();
        System.out.printf("| %s: classes unloaded / most classes at once | %.1f | %s |%n", kind, turns,
            turns >= MIN_TURNS ? "enough to tell" : "too few to tell: a longer run is needed");
        for (final String name : samples.getFirst().values.keySet())
        {
            final double before = most(samples.subList(THIRD, 2 * THIRD), name);
            final double after = most(samples.subList(2 * THIRD, SAMPLES), name);
            System.out.printf("| %s: %s, most in the second and in the last third | %.0f and %.0f MiB | %s |%n",
                kind, name, before, after, after <= TOLERANCE * before ? "bounded" : "grows");
        }
    }

    private static double most(final List<Sample> samples, final String name)
    {
        return samples.stream().mapToDouble(it -> it.values.get(name)).max().orElseThrow();
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
