package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Programs in Debian, one after the other in one boot, beside QEMU: each by the host's clock and by the guest's. */
final class LinuxCpuBenchmark implements Benchmarks.Benchmark
{
    /** Bodies of functions of the guest's shell, by their names. */
    private static final Map<String, String> TASKS = tasks();

    /** Says when a task begins and ends, and the guest's uptime at both. */
    private static final String TIME =
        "t() { read a x </proc/uptime; echo begin $1; $1; read b x </proc/uptime; echo end $1 $a $b; }";

    /** What the tasks print that depends on their work. */
    private static final Pattern RESULT = Pattern.compile("(?m)^([0-9a-f]{64}|[0-9]{6,}(?=\r?$))");

    private static final String GUEST_CLOCK = ", by the guest's clock";

    private final Path home;
    private final List<String> only;

    LinuxCpuBenchmark(final Path home, final List<String> only)
    {
        this.home = home;
        this.only = only;
    }

    private static Map<String, String> tasks()
    {
        final Map<String, String> tasks = new LinkedHashMap<>();
        tasks.put("sha256", "dd if=/dev/zero bs=1M count=200 2>/dev/null | sha256sum");
        tasks.put("lua", "lua5.4 -e 's=0 for i=1,30000000 do s=s+i%7 end print(s)'");
        tasks.put("dd_null", "dd if=/dev/zero of=/dev/null bs=4k count=500000 2>/dev/null");
        tasks.put("dd_tmpfs", "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/tmp/f bs=64k count=1000; done 2>/dev/null");
        tasks.put("fork", "i=0; while [ $i -lt 300 ]; do i=$((i+1)); busybox true; done");
        return tasks;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<String> tasks = Benchmarks.chosen(List.copyOf(TASKS.keySet()), only);
        final String command = "mount -t tmpfs tmpfs /tmp; " + TIME + "; " + tasks.stream()
            .map(task -> "%1$s() { %2$s; }; t %1$s".formatted(task, TASKS.get(task))).collect(Collectors.joining("; "));
        final String options = "understudy.kv=off";
        final SideBySide sides = new SideBySide("QEMU", "run");
        try (Workspace work = new Workspace(home))
        {
            sides.measure(rounds,
                () -> compute(tasks, LinuxGuest.DEBIAN.qemu(work, command, options)),
                () -> compute(tasks, LinuxGuest.DEBIAN.run(work, command, options)));
        }
        sides.printMean(tasks);
    }

    private static SideBySide.Outcome compute(final List<String> tasks, final List<String> words) throws Exception
    {
        final Map<String, Command.Timing> parts = new LinkedHashMap<>();
        try (Command command = new Command(words))
        {
            for (final String task : tasks)
            {
                final Command.Timing begin = command.await("begin " + task);
                parts.put(task, command.await("end " + task).minus(begin));
            }
            parts.put("all, with the boot and the end", command.await());
            final String output = command.output();
            for (final String task : tasks)
            {
                final Matcher uptimes = Pattern.compile("end " + task + " ([0-9.]+) ([0-9.]+)").matcher(output);
                if (!uptimes.find())
                {
                    throw new IllegalStateException("the guest did not say how long " + task + " took: " + output);
                }
                parts.put(task + GUEST_CLOCK, new Command.Timing(
                    Double.parseDouble(uptimes.group(2)) - Double.parseDouble(uptimes.group(1)),
                    parts.get(task).processorSeconds()));
            }
            final List<String> results = new ArrayList<>();
            RESULT.matcher(output).results().forEach(it -> results.add(it.group()));
            return new SideBySide.Outcome(parts, results.toString());
        }
    }
}
