package dev.understudy.hypervisor.demo;

import dev.understudy.hypervisor.cli.Understudy;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node of the demo's pair: a real process, {@code understudy serve}. */
final class DemoNode
{
    private static final long END_TIMEOUT_MS = 5_000;

    private final String name;
    private final Path config;
    private final Path log;
    private Process process;

    DemoNode(final String name, final Path config, final Path log)
    {
        this.name = name;
        this.config = config;
        this.log = log;
    }

    String name()
    {
        return name;
    }

    /** Where the process writes its console and messages. */
    Path log()
    {
        return log;
    }

    /** Starts the process with this one's JVM and flags. */
    void start() throws IOException
    {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        final String classPath = System.getProperty("java.class.path");
        // The jar's manifest holds JVM options that count for -jar alone.
        command.addAll(classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator) ?
            List.of("-jar", classPath) : List.of("-cp", classPath, Understudy.class.getName()));
        command.addAll(List.of("serve", "--config", config.toString(), "--node", name));
        process = new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .start();
    }

    boolean isAlive()
    {
        return process != null && process.isAlive();
    }

    /** Ends the process with SIGKILL, as the loss of its host would. */
    void kill() throws InterruptedException
    {
        if (process != null)
        {
            process.destroyForcibly();
            process.waitFor(END_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }
    }
}
