package dev.understudy.hypervisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeSpanTest
{
    @ParameterizedTest
    @CsvSource({"10s, 10000", "500ms, 500", "5m, 300000", "1h, 3600000", "' 2S ', 2000"})
    void spanIsReadWithItsUnit(final String text, final long ms)
    {
        assertThat(TimeSpan.parseMs(text)).isEqualTo(ms);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10", "s", "-1s", "1.5s", "10 s", "1d"})
    void anythingElseIsRefusedWithTheText(final String text)
    {
        assertThatThrownBy(() -> TimeSpan.parseMs(text)).isInstanceOf(ConfigurationException.class)
            .hasMessageContaining("\"" + text + "\"");
    }
}
