package dev.understudy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class LinkDirectoryTest
{
    private static final String NAME = "directory-test-" + ProcessHandle.current().pid();

    @Test
    void twoOfOneNameShareNothing()
    {
        try (LinkDirectory one = LinkDirectory.create(NAME); LinkDirectory other = LinkDirectory.create(NAME))
        {
            assertThat(one.path()).isNotEqualTo(other.path());
            assertThat(one.path().getFileName().toString()).startsWith("understudy-" + NAME + "-");
        }
    }

    @Test
    void directoryOfAProcessThatHasEndedIsDeletedWhateverItsNumber() throws IOException
    {
        final Path stale;
        try (LinkDirectory own = LinkDirectory.create(NAME))
        {
            stale = own.path().resolveSibling("understudy-" + NAME + "-0123456789abcdef");
        }
        Files.createDirectory(stale);
        Files.writeString(stale.resolve("cnc.dat"), "left behind");
        final Path lock = Files.createFile(stale.resolveSibling(stale.getFileName() + ".lock"));

        LinkDirectory.deleteStale();
        assertThat(stale).doesNotExist();
        assertThat(lock).doesNotExist();
    }

    @Test
    void directoryOfALivingProcessIsKept() throws Exception
    {
        final Process other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp", System.getProperty("java.class.path"), Holder.class.getName(), NAME + "-other")
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try
        {
            final Path path = Path.of(other.inputReader().readLine());
            LinkDirectory.deleteStale();
            assertThat(path).exists();

            other.destroyForcibly().waitFor();
            LinkDirectory.deleteStale();
            assertThat(path).doesNotExist();
        }
        finally
        {
            other.destroyForcibly();
        }
    }

    @Test
    void closingLeavesNothing() throws IOException
    {
        final Path path;
        try (LinkDirectory own = LinkDirectory.create(NAME))
        {
            path = Files.createDirectory(own.path());
            LinkDirectory.deleteStale();
            assertThat(path).exists();
        }
        assertThat(path).doesNotExist();
        assertThat(path.resolveSibling(path.getFileName() + ".lock")).doesNotExist();
    }

    /** Another process, which has a directory until it is killed. */
    static final class Holder
    {
        private Holder()
        {
        }

        public static void main(final String[] args) throws Exception
        {
            final LinkDirectory own = LinkDirectory.create(args[0]);
            System.out.println(Files.createDirectory(own.path()));
            System.in.read();
            own.close();
        }
    }
}
