package dev.understudy.guest.vmgenid;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import org.junit.jupiter.api.Test;

class VmGenerationIdTest
{
    private static final long ENABLE = 0x2000;
    private static final long CLAIM = 0x20_0004;

    private final Plic plic = new Plic();
    private final VmGenerationId id = new VmGenerationId(plic);

    @Test
    void theFirstLifeHasNumberZeroAndAnotherOneInterrupts()
    {
        plic.store(VmGenerationId.SOURCE * 4, 4, 1);
        plic.store(ENABLE, 4, 1L << VmGenerationId.SOURCE);
        assertThat(id.load(0, 8) | id.load(8, 8)).isZero();
        assertThat(plic.asserted()).isFalse();

        id.begin(0x0706_0504_0302_0100L, 0x8F0E_0D0C_0B0A_0908L);

        assertThat(plic.asserted()).isTrue();
        assertThat(plic.load(CLAIM, 4)).isEqualTo(VmGenerationId.SOURCE);
        plic.store(CLAIM, 4, VmGenerationId.SOURCE);
        assertThat(plic.asserted()).as("once").isFalse();
    }

    @Test
    void theNumberIsReadInAnyWidthAndNotWritten()
    {
        id.begin(0x0706_0504_0302_0100L, 0x8F0E_0D0C_0B0A_0908L);
        id.store(0, 8, 5);
        id.reset();
        for (int i = 0; i < 15; i++)
        {
            assertThat(id.load(i, 1)).isEqualTo(i);
        }
        assertThat(id.load(15, 1)).isEqualTo(0x8F);
        assertThat(id.load(2, 2)).isEqualTo(0x0302);
        assertThat(id.load(12, 4)).isEqualTo(0x8F0E_0D0CL);
        assertThat(id.load(8, 8)).isEqualTo(0x8F0E_0D0C_0B0A_0908L);
        assertThat(id.load(16, 8)).isZero();
    }
}
