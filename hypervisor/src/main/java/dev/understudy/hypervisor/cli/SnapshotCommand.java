package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.snapshot.SnapshotPlace;
import dev.understudy.hypervisor.snapshot.SnapshotTaker;
import dev.understudy.replay.snapshot.SnapshotException;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists, checks, deletes and takes snapshots. */
@Command(
    name = "snapshot",
    mixinStandardHelpOptions = true,
    description = "Lists, checks, deletes and takes snapshots of a guest.",
    footer = {
        "",
        "Examples:",
        "  understudy snapshot list /tmp/kv",
        "  understudy snapshot take --journal /tmp/kv --name before-the-change",
        "  understudy snapshot verify /tmp/kv",
        "  understudy snapshot delete /tmp/kv s1 s2",
        "",
        "DIR is a journal's directory, a store of snapshots, or the directory of a guest in one.",
        "",
        "Exit status: 0 success; 1 when a snapshot is damaged or could not be taken; 2 wrong usage.",
    })
final class SnapshotCommand implements Runnable
{
    private static final int BYTES_IN_MIB = 1 << 20;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run()
    {
        throw new CommandLine.ParameterException(spec.commandLine(), "say what to do: list, verify, delete or take");
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the snapshots of a guest, oldest first.")
    int list(
        @Parameters(paramLabel = "DIR", description = "Where the snapshots are.") final Path directory,
        @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
            description = "json: an array of objects on standard output.") final OutputFormat format)
    {
        final List<SnapshotInfo> list = SnapshotPlace.find(directory).list(Foreground::notice);
        if (format == OutputFormat.JSON)
        {
            System.out.println(Json.write(list.stream().map(SnapshotCommand::object).toList()));
            return ExitStatus.SUCCESS;
        }
        System.out.printf(Locale.ROOT, "%-16s %18s %12s %10s  %-20s %9s %9s  %s%n",
            "name", "position", "sequence", "time", "date", "pages", "size", "digest");
        for (final SnapshotInfo info : list)
        {
            System.out.printf(Locale.ROOT, "%-16s %,18d %,12d %9.3fs  %-20s %,9d %6.1f MB  %s%n",
                info.name(), info.position(), info.sequence(), info.timeNs() / 1e9, date(info), info.pages(),
                (double)info.bytes() / BYTES_IN_MIB, hex(info.digest()));
        }
        return ExitStatus.SUCCESS;
    }

    @Command(name = "verify", mixinStandardHelpOptions = true,
        description = "Reads snapshots, and checks each page and file that they need.")
    int verify(
        @Parameters(index = "0", paramLabel = "DIR", description = "Where the snapshots are.") final Path directory,
        @Parameters(index = "1..*", arity = "0..*", paramLabel = "NAME", description = "Which (default: all).")
        final List<String> names,
        @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
            description = "json: an array of objects on standard output.") final OutputFormat format)
    {
        final SnapshotPlace place = SnapshotPlace.find(directory);
        final SnapshotStore store = new SnapshotStore(place.store(), Foreground::notice);
        final List<Map<String, Object>> results = new ArrayList<>();
        boolean isWhole = true;
        for (final String name : names == null ? store.names(place.guest()) : names)
        {
            final List<String> problems = problems(store, place.guest(), name);
            isWhole &= problems.isEmpty();
            final Map<String, Object> result = new LinkedHashMap<>();
            result.put("name", name);
            result.put("intact", problems.isEmpty());
            result.put("problems", problems);
            results.add(result);
            if (format == OutputFormat.TEXT)
            {
                System.out.println(name + ": " + (problems.isEmpty() ? "whole" : "damaged"));
            }
            problems.forEach(Foreground::notice);
        }
        if (format == OutputFormat.JSON)
        {
            System.out.println(Json.write(results));
        }
        return isWhole ? ExitStatus.SUCCESS : ExitStatus.FAILURE;
    }

    private static List<String> problems(final SnapshotStore store, final String guest, final String name)
    {
        try
        {
            return store.open(guest, name).verify();
        }
        catch (final SnapshotException e)
        {
            return List.of(e.getMessage());
        }
    }

    @Command(name = "delete", mixinStandardHelpOptions = true,
        description = "Deletes snapshots, and gives back what no other one needs.")
    int delete(
        @Parameters(index = "0", paramLabel = "DIR", description = "Where the snapshots are.") final Path directory,
        @Parameters(index = "1..*", arity = "1..*", paramLabel = "NAME", description = "Which.") final List<String> names)
    {
        final SnapshotPlace place = SnapshotPlace.find(directory);
        if (names.contains(SnapshotPlace.START))
        {
            throw new UsageException(SnapshotPlace.START + ": the journal begins with this snapshot, and is worth nothing " +
                "without it");
        }
        for (final String name : names)
        {
            new SnapshotStore(place.store(), Foreground::notice).delete(place.guest(), name);
        }
        return ExitStatus.SUCCESS;
    }

    @Command(name = "take", mixinStandardHelpOptions = true, description = "Has a recording that runs take a snapshot.")
    int take(
        @Option(names = {"--journal", "-j"}, required = true, paramLabel = "DIR",
            description = "Where the recording goes.") final Path journal,
        @Option(names = "--name", paramLabel = "NAME",
            description = "What the snapshot is called (default: the next of s1, s2 ...).") final String name)
    {
        System.out.println(SnapshotTaker.ask(journal, name));
        return ExitStatus.SUCCESS;
    }

    private static Map<String, Object> object(final SnapshotInfo info)
    {
        final Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", info.name());
        object.put("position", info.position());
        object.put("sequence", info.sequence());
        object.put("timeNs", info.timeNs());
        object.put("date", date(info));
        object.put("pages", info.pages());
        object.put("bytes", info.bytes());
        object.put("digest", hex(info.digest()));
        return object;
    }

    private static String date(final SnapshotInfo info)
    {
        return Instant.ofEpochMilli(info.epochMs()).truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static String hex(final long value)
    {
        return String.format(Locale.ROOT, "%016x", value);
    }
}
