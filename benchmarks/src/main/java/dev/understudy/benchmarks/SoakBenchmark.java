package dev.understudy.benchmarks;

import com.sun.tools.attach.VirtualMachine;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Whether memory stays bounded while translations come and go: prints the process's memory again and again, and in the end
 * whether the last third of the time took more than the second, at the most and at the least.
 * <p>
 * What the JVM has from {@code malloc} is judged apart, since a leak of a hundred bytes a translation takes hours to show
 * in the process's size: without the compilers' arenas, which come and go with each method, without what native memory
 * tracking takes itself, and without HotSpot's locks and their names, of which JDK 25 leaks one for each method that it
 * has compiled and unloads (JDK-8390874). Those are a row of their own.
 */
final class SoakBenchmark implements Benchmarks.Benchmark
{
    /** Code that is overwritten by other code, as by a compiler in the guest; each function is hot enough for a region. */
    private static final String GENERATED = "generated";

    /** Programs of Linux that start, compute a little and end. */
    private static final String LINUX = "linux";

    private static final int THIRD = 10;
    private static final int SAMPLES = 3 * THIRD;

    /**
     * What is bounded may have its highest value in the last third by chance, by so much, or its lowest. What is leaked is
     * in both.
     */
    private static final double TOLERANCE = 1.05;

    /** How often as many classes as there ever were at once must have been unloaded, for a run to show anything. */
    private static final double MIN_TURNS = 2;
    private static final double MIB = 1 << 20;
    private static final double KIB_PER_MIB = 1 << 10;

    private static final String TRACKING = "UNDERSTUDY_JAVA_OPTS=-XX:NativeMemoryTracking=summary";

    /** Categories of native memory tracking. */
    private static final List<String> LOCKS = List.of("Synchronization", "Internal");
    private static final List<String> NOT_JUDGED = List.of("Compiler", "Arena Chunk", "Native Memory Tracking");
    private static final Pattern ALLOCATED = Pattern.compile("Total:[^\\n]*\\n\\s+malloc: ([0-9]+)KB");

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
                words.addAll(0, List.of("env", TRACKING));
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
                final String tracked = tracked(server);
                final double locks = allocated(tracked, LOCKS);
                values.put("malloc", mebibytes(ALLOCATED, tracked) - locks - allocated(tracked, NOT_JUDGED));
                values.put("HotSpot's locks", locks);
                final Sample sample = new Sample(values, classes.getLoadedClassCount(), classes.getUnloadedClassCount());
                samples.add(sample);
                System.out.printf(Locale.ROOT, "| %s after %.0f s, %.0f s of processor time: %s MiB; %s " +
                    "| %,d classes loaded, %,d unloaded | |%n", kind, (System.nanoTime() - startNs) / 1e9,
                    command.processorSeconds(), text(values), regions(command), sample.loaded, sample.unloaded);
            }
        }
        judge(kind, samples);
    }

    private static String text(final Map<String, Double> values)
    {
        return String.join(", ", values.entrySet().stream()
            .map(it -> String.format(Locale.ROOT, "%s %.0f", it.getKey(), it.getValue())).toList());
    }

    private static void judge(final String kind, final List<Sample> samples)
    {
        final double turns = (double)samples.getLast().unloaded / samples.stream().mapToLong(Sample::loaded).max().orElseThrow();
        System.out.printf(Locale.ROOT, "| %s: classes unloaded / most classes at once | %.1f | %s |%n", kind, turns,
            turns >= MIN_TURNS ? "enough to tell" : "too few to tell: a longer run is needed");
        for (final String name : samples.getFirst().values.keySet())
        {
            final DoubleSummaryStatistics before = values(samples.subList(THIRD, 2 * THIRD), name);
            final DoubleSummaryStatistics after = values(samples.subList(2 * THIRD, SAMPLES), name);
            System.out.printf(Locale.ROOT,
                "| %s: %s, in the second and in the last third | %.1f to %.1f and %.1f to %.1f MiB | %s |%n",
                kind, name, before.getMin(), before.getMax(), after.getMin(), after.getMax(),
                after.getMax() > TOLERANCE * before.getMax() && after.getMin() > TOLERANCE * before.getMin() ?
                "grows" : "bounded");
        }
    }

    private static DoubleSummaryStatistics values(final List<Sample> samples, final String name)
    {
        return samples.stream().mapToDouble(it -> it.values.get(name)).summaryStatistics();
    }

    private static double used(final List<MemoryPoolMXBean> pools, final Predicate<String> isWanted)
    {
        return pools.stream().filter(pool -> isWanted.test(pool.getName()))
            .mapToLong(pool -> pool.getUsage().getUsed()).sum() / MIB;
    }

    /** What {@code jcmd PID VM.native_memory summary} prints. */
    @SuppressWarnings("BanJNDI")
    private static String tracked(final MBeanServerConnection server) throws Exception
    {
        return (String)server.invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmNativeMemory",
            new Object[]{new String[]{"summary"}}, new String[]{String[].class.getName()});
    }

    /** What categories have that take no memory but from {@code malloc}, in MiB. */
    private static double allocated(final String tracked, final List<String> categories)
    {
        return categories.stream().mapToDouble(category -> mebibytes(
            Pattern.compile("- +" + category + " \\(reserved=[0-9]+KB, committed=([0-9]+)KB"), tracked)).sum();
    }

    private static double mebibytes(final Pattern pattern, final String tracked)
    {
        final Matcher field = pattern.matcher(tracked);
        if (!field.find())
        {
            throw new IllegalStateException("there is no " + pattern + " in " + tracked);
        }
        return Double.parseDouble(field.group(1)) / KIB_PER_MIB;
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
