package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest
{
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "512K, 524288",
        "64M, 67108864",
        "64m, 67108864",
        "64MB, 67108864",
        "64MiB, 67108864",
        "' 1G ', 1073741824",
        "2T, 2199023255552",
    })
    void sizeIsReadAsPowersOf1024(final String text, final long bytes)
    {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "M", "64X", "-1", "1.5G", "64 M", "0x10", "64i", "9999999T", "99999999999999999999", "٣"})
    void anythingElseIsRefusedWithTheText(final String text)
    {
        assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining("\"" + text + "\"");
    }

    @Property
    void everyNumberOfMegabytesIsReadExactly(@ForAll @LongRange(max = 8_796_093_022_207L) final long megabytes)
    {
        assertThat(ByteSize.parse(megabytes + "M")).isEqualTo(megabytes * 1024 * 1024);
    }
}
