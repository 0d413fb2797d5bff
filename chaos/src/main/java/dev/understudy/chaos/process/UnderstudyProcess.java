package dev.understudy.chaos.process;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command of understudy as a real process, such as a node of a pair. Can be started again after it ended. */
public final class UnderstudyProcess
{
    /** By name: it is in the module above. */
    private static final String MAIN_CLASS = "dev.understudy.hypervisor.cli.Understudy";
    private static final long END_TIMEOUT_MS = 5_000;

    private final List<String> arguments;
    private final Path log;
    private List<String> launcher = List.of();
    private ProcessBuilder.Redirect input = ProcessBuilder.Redirect.from(new File("/dev/null"));
    private boolean isRead = true;
    private Process process;

    /**
     * @param log       receives what the process writes, after what is there
     * @param arguments of the command line, such as {@code serve --config vm.yaml --node a}
     */
    public UnderstudyProcess(final Path log, final String... arguments)
    {
        this.arguments = List.of(arguments);
        this.log = log;
    }

    /** Has the process started by a command that becomes it, such as {@code ip netns exec NAME}. */
    public UnderstudyProcess by(final String... command)
    {
        launcher = List.of(command);
        return this;
    }

    /** Has the process read what is written to {@link #input}, instead of nothing. */
    public UnderstudyProcess withInput()
    {
        input = ProcessBuilder.Redirect.PIPE;
        return this;
    }

    /** Has what the process writes go to a pipe that nobody reads. */
    public UnderstudyProcess withUnreadOutput()
    {
        isRead = false;
        return this;
    }

    /** Closes the pipe that nobody reads. */
    public void closeOutput() throws IOException
    {
        process.getInputStream().close();
    }

    /** What the process that was started last reads, when it reads anything. */
    public OutputStream input()
    {
        return process.getOutputStream();
    }

    /** Where the process writes its console and messages. */
    public Path log()
    {
        return log;
    }

    /**
     * Starts the process with this one's JVM and flags.
     *
     * @param jvmOptions that come after the flags of this JVM
     */
    public void start(final String... jvmOptions) throws IOException
    {
        final List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(jvmOptions));
        final String classPath = System.getProperty("java.class.path");
        // The jar's manifest holds JVM options that count for -jar alone.
        command.addAll(classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator) ?
            List.of("-jar", classPath) : List.of("-cp", classPath, MAIN_CLASS));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(isRead ? ProcessBuilder.Redirect.appendTo(log.toFile()) : ProcessBuilder.Redirect.PIPE)
            .redirectInput(input)
            .start();
    }

    /** Whether it was started and has not ended. */
    public boolean isAlive()
    {
        return process != null && process.isAlive();
    }

    /** Of the process that was started last. */
    public long pid()
    {
        return process.pid();
    }

    /** Ends the process with SIGKILL, as the loss of its host would. */
    public void kill() throws InterruptedException
    {
        if (process != null)
        {
            process.destroyForcibly();
            process.waitFor(END_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }
    }

    /**
     * Waits for the end of the process and returns its exit status.
     *
     * @throws IOException when it has not ended after so long
     */
    public int awaitExit(final long timeoutMs) throws IOException, InterruptedException
    {
        if (!process.waitFor(timeoutMs, TimeUnit.MILLISECONDS))
        {
            throw new IOException("understudy " + String.join(" ", arguments) + " has not ended after " + timeoutMs +
                " ms");
        }
        return process.exitValue();
    }
}
