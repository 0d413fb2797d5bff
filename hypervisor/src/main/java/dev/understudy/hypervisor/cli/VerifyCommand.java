package dev.understudy.hypervisor.cli;

import dev.understudy.journal.JournalReport;
import dev.understudy.journal.JournalVerifier;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks a journal. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = "Checks the hash chain of a journal, entry by entry.",
    footer = {
        "",
        "Example:",
        "  understudy verify /tmp/kv",
        "",
        "Exit status: 0 when all entries are intact (a torn tail is reported, and cut when the journal is next",
        "written), 1 when an entry is damaged.",
    })
final class VerifyCommand implements Callable<Integer>
{
    @Parameters(paramLabel = "DIR", description = "The journal.")
    private Path journal;

    @Option(names = "--format", paramLabel = "text|json", defaultValue = "text",
        description = "json: one object on standard output.")
    private OutputFormat format;

    @Override
    public Integer call()
    {
        final JournalReport report = JournalVerifier.verify(journal);
        if (format == OutputFormat.JSON)
        {
            final Map<String, Object> object = new LinkedHashMap<>();
            object.put("intact", report.damage() == null);
            object.put("first", report.first());
            object.put("entries", report.entries());
            object.put("position", report.lastPosition());
            object.put("bytes", report.bytes());
            object.put("diskBytes", report.diskBytes());
            object.put("chain", report.chain());
            object.put("outcome", report.outcome() == null ? null : report.outcome().name());
            object.put("tornTail", report.tornTail());
            object.put("damage", report.damage());
            System.out.println(Json.write(object));
        }
        else
        {
            System.out.printf(Locale.ROOT, "%,d entries%s, %,d bytes, last position %,d, chain %s, %s%n",
                report.entries(), report.first() == 0 ? "" : String.format(Locale.ROOT, " from entry %d on", report.first()),
                report.bytes(), report.lastPosition(), report.chain(),
                report.outcome() == null ? "not ended in order" : "ended: " + report.outcome());
            if (report.tornTail() != null)
            {
                System.out.println(report.tornTail());
            }
        }
        if (report.damage() != null)
        {
            System.err.println("understudy: " + report.damage());
            return ExitStatus.FAILURE;
        }
        return ExitStatus.SUCCESS;
    }
}
