package dev.understudy.hypervisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.translate.ExitCause;
import dev.understudy.guest.translate.TranslationStatistics;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code --stats} prints. */
class StatisticsOptionTest
{
    @Test
    void instructionsAreGivenByEngineAndExitsByCause()
    {
        final Map<ExitCause, Long> exits = new EnumMap<>(ExitCause.class);
        exits.put(ExitCause.COLD, 7_000L);
        exits.put(ExitCause.PAGE, 0L);
        exits.put(ExitCause.DEVICE, 2L);
        final TranslationStatistics statistics = new TranslationStatistics(3_000, 5, 6, 2, 3, 7, 8_900_000, 1, 4, exits);
        assertThat(StatisticsOption.describe(statistics, 4_000)).isEqualTo(
            "1,000 interpreted, 3,000 translated (75.0 %); 5 regions, 6 translations in 8 ms, 2 wide with 3 targets, 7 failed, 1 flushes; " +
                "4 misses; exits: 7,000 cold, 2 device");
        assertThat(StatisticsOption.describe(TranslationStatistics.NONE, 0)).isEqualTo(
            "0 interpreted, 0 translated (0.0 %); 0 regions, 0 translations in 0 ms, 0 wide with 0 targets, 0 failed, 0 flushes; " +
                "0 misses; exits: none");
    }
}
