package dev.understudy.hypervisor.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SparseArrayTest
{
    private static final int BYTES = 128 << 20;
    private static final int WRITTEN_BYTES = 1 << 20;

    @Test
    void onlyWhatWasWrittenTakesMemory() throws IOException
    {
        final long before = residentBytes();
        final byte[] array = SparseArray.allocate(BYTES);
        for (int i = 0; i < WRITTEN_BYTES; i++)
        {
            array[BYTES / 2 + i] = (byte)(i | 1);
        }

        // Looked at, zeros come from one page that all of the system shares.
        long sum = 0;
        for (final byte value : array)
        {
            sum += value & 1;
        }

        assertThat(sum).isEqualTo(WRITTEN_BYTES);
        assertThat(residentBytes() - before).isLessThan(BYTES / 4);
    }

    @Test
    void aCollectorLosesNothingOfIt()
    {
        final byte[] array = SparseArray.allocate(BYTES);
        array[0] = 1;
        array[BYTES / 2] = 2;
        array[BYTES - 1] = 3;

        System.gc();

        long sum = 0;
        for (final byte value : array)
        {
            sum += value;
        }
        assertThat(sum).isEqualTo(6);
        assertThat(array[0] + array[BYTES / 2] + array[BYTES - 1]).isEqualTo(6);
    }

    @Test
    void anArrayMayBeSmall()
    {
        assertThat(SparseArray.allocate(0)).isEmpty();
        assertThat(SparseArray.allocate(100_000)).containsOnly(0);
    }

    private static long residentBytes() throws IOException
    {
        // Pages: size, resident, …
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
    }
}
