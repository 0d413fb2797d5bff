package dev.understudy.hypervisor.cli;

import dev.understudy.guest.Machine;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.standalone.JournalReplay;
import dev.understudy.replay.DivergenceException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Replays a journal. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = "Replays a journal: the same console output, every output and digest compared.",
    footer = {
        "",
        "Examples:",
        "  understudy replay /tmp/kv",
        "  understudy replay /tmp/kv --until-position 1000000 --format json",
        "  understudy replay /tmp/kv --from s3",
        "",
        "Exit status: 0 when everything was as recorded, 1 when it was not or the journal is damaged.",
    })
final class ReplayCommand implements Callable<Integer>
{
    private static final int CONSOLE_BUFFER_BYTES = 64 * 1024;

    @Parameters(paramLabel = "DIR", description = "The journal.")
    private Path journal;

    @Option(names = "--from", paramLabel = "NAME",
        description = "Begin at this snapshot instead of at the first entry.")
    private String from;

    @Option(names = "--until-position", paramLabel = "N", description = "Stop at this position.")
    private long untilPosition = JournalReplay.NO_LIMIT;

    @Option(names = "--until-entry", paramLabel = "N", description = "Stop after this entry.")
    private long untilEntry = JournalReplay.NO_LIMIT;

    @Option(names = "--digest-every", paramLabel = "N", description = "Print the digest every so many instructions.")
    private long digestEvery;

    @Option(names = "--kernel", paramLabel = "FILE", description = "The kernel, if it is not where it was.")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "The initial RAM disk, if it is not where it was.")
    private Path initrd;

    @Option(names = "--drive", paramLabel = "file=IMAGE",
        description = "The images of the drives in their order, if they are not where they were. Repeatable; they are " +
            "only read: what the guest writes goes to temporary files.")
    private List<String> drives = new ArrayList<>();

    @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
        description = "json: the result as one object on standard output, the console on standard error.")
    private OutputFormat format;

    @Mixin
    private EngineOption engine;

    @Mixin
    private StatisticsOption statistics;

    /** What is replayed, for the statistics' thread; null before it is there. */
    private volatile Machine machine;

    @Override
    public Integer call() throws IOException
    {
        if (digestEvery < 0 || untilPosition < 0 || untilEntry < 0)
        {
            throw new UsageException("positions, entries and distances are not negative");
        }
        final boolean isJson = format == OutputFormat.JSON;
        final OutputStream console = new BufferedOutputStream(
            new FileOutputStream(isJson ? FileDescriptor.err : FileDescriptor.out), CONSOLE_BUFFER_BYTES);
        final List<Map<String, Object>> digests = new ArrayList<>();
        try
        {
            final JournalReplay.Result result = replay(console, digests);
            console.flush();
            report(result, digests);
            return ExitStatus.SUCCESS;
        }
        catch (final DivergenceException e)
        {
            console.flush();
            if (isJson)
            {
                final Map<String, Object> object = new LinkedHashMap<>();
                object.put("outcome", "DIVERGED");
                object.put("entries", e.sequence());
                object.put("position", e.position());
                object.put("message", e.getMessage());
                System.out.println(Json.write(object));
            }
            throw e;
        }
    }

    private JournalReplay.Result replay(final OutputStream console, final List<Map<String, Object>> digests)
        throws IOException
    {
        try (StatisticsOption.Watch watch = statistics.watch(
            () -> machine == null ? 0 : machine.position(),
            () -> machine == null ? TranslationStatistics.NONE : machine.translations()))
        {
            return JournalReplay.run(
                journal, from, kernel, initrd, DriveSpec.imagesAlone(drives.stream().map(DriveSpec::parse).toList()), engine.kind(), console, it -> machine = it, untilPosition, untilEntry, digestEvery,
                (position, digest) -> onDigest(digests, position, digest));
        }
    }

    private void onDigest(final List<Map<String, Object>> digests, final long position, final long digest)
    {
        if (format == OutputFormat.JSON)
        {
            digests.add(Map.of("position", position, "digest", hex(digest)));
        }
        else
        {
            System.err.printf(Locale.ROOT, "digest at position %,d: %s%n", position, hex(digest));
        }
    }

    private void report(final JournalReplay.Result result, final List<Map<String, Object>> digests)
    {
        if (format == OutputFormat.JSON)
        {
            final Map<String, Object> object = new LinkedHashMap<>();
            object.put("outcome", result.outcome());
            object.put("entries", result.entries());
            object.put("position", result.position());
            object.put("digest", hex(result.digest()));
            object.put("digestsCompared", result.digestsCompared());
            object.put("outputsCompared", result.outputs());
            object.put("tornTail", result.tornTail());
            if (!digests.isEmpty())
            {
                object.put("digests", digests);
            }
            System.out.println(Json.write(object));
            return;
        }
        System.err.printf(
            Locale.ROOT,
                "replayed %,d entries to position %,d: %s, digest %s; %,d digests and %,d outputs as recorded%n",
            result.entries(), result.position(), result.outcome(), hex(result.digest()), result.digestsCompared(),
            result.outputs());
        if (result.tornTail() != null)
        {
            System.err.println("understudy: " + result.tornTail());
        }
    }

    private static String hex(final long value)
    {
        return String.format(Locale.ROOT, "%016x", value);
    }
}
