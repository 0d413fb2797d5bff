package dev.understudy.hypervisor.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists of processors, and threads that are bound to some, by what the system says of them. */
class ProcessorsTest
{
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0        | {0}",
        "0-3      | {0, 1, 2, 3}",
        "0-1,6,64 | {0, 1, 6, 64}",
        "2,2-3    | {2, 3}",
    })
    void listIsRead(final String list, final String processors)
    {
        assertThat(Processors.parse(list)).hasToString(processors);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "all", "-1", "0-", "3-2", "0,", "0, 1", "12345", "0-1-2"})
    void whatIsNoListIsRefused(final String list)
    {
        assertThatThrownBy(() -> Processors.parse(list)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void boundThreadAndThoseThatItStartsRunThereAloneUntilTheyAreUnbound() throws Exception
    {
        final BitSet before = Processors.allowed();
        final BitSet running = Processors.online();
        running.and(before);
        final BitSet last = new BitSet();
        last.set(running.length() - 1);
        final AtomicReference<BitSet> child = new AtomicReference<>();
        final AtomicReference<BitSet> unbound = new AtomicReference<>();
        final FutureTask<BitSet> bound = new FutureTask<>(() ->
        {
            assertThat(Processors.bind(last)).isTrue();
            final Thread started = new Thread(() ->
            {
                child.set(allowed());
                Processors.unbind();
                unbound.set(allowed());
            });
            started.start();
            started.join();
            return Processors.allowed();
        });
        new Thread(bound).start();

        assertThat(bound.get()).isEqualTo(last);
        assertThat(child.get()).isEqualTo(last);
        assertThat(unbound.get()).isEqualTo(before);
        assertThat(Processors.allowed()).isEqualTo(before);
    }

    @Test
    void processorsThatAreNotThereAreNotTaken() throws IOException
    {
        final BitSet before = Processors.allowed();
        final BitSet beyond = new BitSet();
        beyond.set(Processors.online().length() + 1000);

        assertThat(Processors.bind(beyond)).isFalse();
        assertThat(Processors.bind(new BitSet())).isFalse();
        assertThat(Processors.allowed()).isEqualTo(before);
    }

    private static BitSet allowed()
    {
        try
        {
            return Processors.allowed();
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
