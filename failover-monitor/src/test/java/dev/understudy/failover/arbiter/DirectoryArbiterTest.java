package dev.understudy.failover.arbiter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryArbiterTest
{
    private static final int RIVALS = 8;
    private static final int GENERATIONS = 50;

    @TempDir
    private Path directory;

    @Test
    void eachGenerationGoesToExactlyOneOfManyRivals() throws Exception
    {
        final CyclicBarrier barrier = new CyclicBarrier(RIVALS);
        try (ExecutorService executor = Executors.newFixedThreadPool(RIVALS))
        {
            final List<Future<Integer>> wins = IntStream.range(0, RIVALS).mapToObj(i -> executor.submit(() ->
            {
                final Arbiter arbiter = new DirectoryArbiter(directory);
                int won = 0;
                for (int generation = 1; generation <= GENERATIONS; generation++)
                {
                    barrier.await();
                    won += arbiter.claim(generation, "node" + i, "test").isPresent() ? 1 : 0;
                    barrier.await();
                }
                return won;
            })).toList();
            int sum = 0;
            for (final Future<Integer> win : wins)
            {
                sum += win.get();
            }
            assertThat(sum).isEqualTo(GENERATIONS);
        }
        assertThat(new DirectoryArbiter(directory).current().generation()).isEqualTo(GENERATIONS);
    }

    @Test
    void onlyTheNextGenerationIsGranted()
    {
        final Arbiter arbiter = new DirectoryArbiter(directory);
        assertThat(arbiter.current()).isEqualTo(Term.NONE);
        assertThat(arbiter.claim(2, "a", "too early")).isEmpty();
        assertThat(arbiter.claim(1, "a", "first\nline")).isPresent();
        assertThat(arbiter.claim(1, "a", "again")).isEmpty();
        assertThat(arbiter.current().node()).isEqualTo("a");
        assertThat(arbiter.current().reason()).isEqualTo("first line");
    }

    @Test
    void missingDirectoryIsNamedAndNeverMade()
    {
        final Path missing = directory.resolve("missing");
        final Arbiter arbiter = new DirectoryArbiter(missing);
        assertThatThrownBy(() -> arbiter.claim(1, "a", "test"))
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(missing.toString());
        assertThat(missing).doesNotExist();
    }

    @Test
    void fileThatIsNoTermIsNamed() throws IOException
    {
        final Path file = directory.resolve("generation-0000000001");
        Files.writeString(file, "garbage");
        assertThatThrownBy(() -> new DirectoryArbiter(directory).current())
            .isInstanceOf(ArbiterUnavailableException.class).hasMessageContaining(file.toString());
    }
}
