package dev.understudy.hypervisor.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line. */
@Command(
    name = "understudy",
    version = "understudy 0.1.0",
    mixinStandardHelpOptions = true,
    description = "Runs RISC-V guests that survive the loss of a host, records them, and replays them bit for bit.",
    subcommands = {
        RunCommand.class,
        RecordCommand.class,
        ReplayCommand.class,
        JournalCommand.class,
        VerifyCommand.class,
        SnapshotCommand.class,
        ServeCommand.class,
        StatusCommand.class,
        DemoCommand.class,
        SimulateCommand.class,
        HelpCommand.class,
    },
    footer = {
        "",
        "Examples:",
        "  understudy demo",
        "  understudy run --kernel guests/kv/kv.elf --forward 7000:6379",
        "  understudy record --journal /tmp/kv --kernel guests/kv/kv.elf --forward 7000:6379",
        "  understudy replay /tmp/kv",
        "",
        "Exit status: 0 success, 1 the run failed, 2 wrong usage.",
    })
public final class Understudy implements Runnable
{
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
        names = "--stack-traces",
        scope = ScopeType.INHERIT,
        description = "Print the stack trace of an error.")
    private boolean stackTraces;

    private Understudy()
    {
    }

    /** Runs a command and exits with its status. */
    public static void main(final String[] args)
    {
        // What is written here says its locale; what libraries write, such as names of files, is the same everywhere too.
        Locale.setDefault(Locale.ROOT);
        final int status = execute(args);
        System.out.flush();
        StopSignal.exit(status);
    }

    /** Runs a command and returns its status. */
    static int execute(final String... args)
    {
        final Understudy root = new Understudy();
        final CommandLine line = new CommandLine(root);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, command, result) -> root.onFailure(e));
        line.setParameterExceptionHandler((e, unused) ->
        {
            final PrintWriter err = e.getCommandLine().getErr();
            err.println("understudy: " + e.getMessage());
            err.println("Try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
            return ExitStatus.USAGE;
        });
        try
        {
            return line.execute(args);
        }
        catch (final InternalError e)
        {
            // What the JVM makes of a page of a file that cannot be had. Nobody can go on without it.
            return root.onFailure(new IOException("memory of a file cannot be had (" + e.getMessage() +
                "): the file system of /dev/shm or of the data is full or failing; make room there", e));
        }
    }

    @Override
    public void run()
    {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    private int onFailure(final Exception e)
    {
        // The process ends also when nobody reads why.
        try (UnhurriedErrors errors = new UnhurriedErrors())
        {
            System.err.println("understudy: " + Errors.describe(e));
            if (stackTraces)
            {
                e.printStackTrace();
            }
        }
        return Errors.isUsage(e) ? ExitStatus.USAGE : ExitStatus.FAILURE;
    }
}
