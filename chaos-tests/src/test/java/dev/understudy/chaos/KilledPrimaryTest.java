package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.demo.Demo;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class KilledPrimaryTest
{
    private static final Path KV = Path.of("../guests/kv/kv.elf");
    private static final int KILLS = 2;

    @Test
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void nothingAcknowledgedIsLostWhenThePrimaryIsKilledUnderLoad() throws Exception
    {
        try (Demo demo = new Demo(KV, 0, line -> {}))
        {
            final Demo.Result result = demo.run(KILLS, 6);
            assertThat(result.lostWrites()).isZero();
            assertThat(result.wrongReads()).as(result.problem()).isZero();
            assertThat(result.failoverMs()).hasSize(KILLS);
            assertThat(result.acknowledgedRequests()).isGreaterThan(1_000);
            assertThat(result.digestsCompared()).isPositive();
        }
    }
}
