package dev.understudy.hypervisor.cli;

import dev.understudy.journal.EventType;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalScan;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists a journal. */
@Command(
    name = "journal",
    mixinStandardHelpOptions = true,
    description = "Lists the entries of a journal: number, position, guest time, type, content.",
    footer = {
        "",
        "Examples:",
        "  understudy journal /tmp/kv | head",
        "  understudy journal /tmp/kv --type vsock_packet --from 1000 --count 20",
    })
final class JournalCommand implements Callable<Integer>
{
    @Parameters(paramLabel = "DIR", description = "The journal.")
    private Path journal;

    @Option(names = "--from", paramLabel = "N", description = "Begin at this entry.")
    private long from;

    @Option(names = "--count", paramLabel = "N", description = "List so many entries at most.")
    private long count = Long.MAX_VALUE;

    @Option(names = "--type", paramLabel = "TYPE",
        description = "Only entries of this type: ${COMPLETION-CANDIDATES}.")
    private EventType type;

    @Override
    public Integer call() throws IOException
    {
        try (JournalScan scan = JournalScan.open(journal))
        {
            final PrintWriter out = new PrintWriter(
                new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
            long listed = 0;
            while (listed < count && scan.next() && !out.checkError())
            {
                if (scan.entry().sequence() >= from && (type == null || scan.entry().type() == type))
                {
                    out.println(scan.entry());
                    listed++;
                }
            }
            out.flush();
            if (scan.damage() != null)
            {
                throw new JournalException(scan.damage());
            }
            if (scan.tornTail() != null)
            {
                System.err.println("understudy: " + scan.tornTail());
            }
            return ExitStatus.SUCCESS;
        }
    }
}
