package dev.understudy.hypervisor.pair;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.linux.Processors;
import java.util.BitSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How two nodes divide a machine. */
class NodeProcessorsTest
{
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0-1       | {0}          | {1}",
        "0-2       | {0}          | {1, 2}",
        "0-7       | {0, 1, 2, 3} | {4, 5, 6, 7}",
        "1,3,64,70 | {1, 3}       | {64, 70}",
    })
    void halvesHaveNothingInCommonAndAreAllThereIs(final String all, final String lower, final String upper)
    {
        final BitSet processors = Processors.parse(all);

        assertThat(NodeProcessors.half(processors, true)).hasToString(lower);
        assertThat(NodeProcessors.half(processors, false)).hasToString(upper);
        assertThat(processors).isEqualTo(Processors.parse(all));
    }
}
