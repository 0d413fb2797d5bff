package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Seeds;
import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.virtio.GuestDriver;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The pages that were written, as they are taken, against a comparison of all memory: writes of every width by
 * {@link RandomRoutines}, to data, code and page tables, those of a device, and those that load something.
 */
@Tag("slow")
class DirtyPagesTest
{
    private static final int PROGRAMS = 6;
    private static final int STEPS = 60;
    private static final int MAX_STRETCH = 2_000;

    /** The pages that a step may reach at the most: what the program uses, some for the device and what is loaded. */
    private static final int MOST_PAGES = 128;
    private static final int MAX_LOADED = 3 * GuestMemory.PAGE_BYTES;

    private long changed;

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void whatIsNotTakenHasNotChanged(final EngineKind kind)
    {
        Seeds.check(PROGRAMS, seed -> check(kind, seed));
        assertThat(changed).isGreaterThan(PROGRAMS * STEPS);
    }

    private void check(final EngineKind kind, final long seed)
    {
        final Random random = new Random(seed);
        final BareHart it = new BareHart(kind, new RandomRoutines(seed).image());
        final GuestDriver driver = new GuestDriver(it.memory, it.entropyWindow, 1);
        driver.start(0);
        final DirtyPages dirty = it.memory.dirtyPages();
        final DirtyPages seldom = it.memory.dirtyPages();
        assertThat(dirty.take()).hasSize(it.memory.pages());
        assertThat(dirty.take()).isEmpty();
        assertThat(seldom.take()).hasSize(it.memory.pages());
        final Set<Integer> sinceSeldom = new TreeSet<>();
        for (int step = 0; step < STEPS; step++)
        {
            final byte[] before = it.memory.array().clone();
            it.run(it.hart.instret() + 1 + random.nextInt(MAX_STRETCH));
            switch (random.nextInt(6))
            {
                case 0 -> supply(it, driver, random);
                case 1 -> load(it, random);
                // Another who asks what was written: neither takes anything from the other.
                case 2 -> it.memory.hash();
                default ->
                {
                }
            }
            it.run(it.hart.instret() + random.nextInt(MAX_STRETCH));
            // Before pages are taken, so that the next hash has to find what went through the store cache.
            if (random.nextInt(8) == 0)
            {
                checkHash(it);
            }
            final int[] taken = dirty.take();
            assertThat(taken).hasSizeLessThan(MOST_PAGES).isSorted();
            final int[] different = IntStream.range(0, it.memory.pages()).filter(page -> !isEqual(before, it, page)).toArray();
            assertThat(Arrays.stream(taken).boxed()).containsAll(Arrays.stream(different).boxed().toList());
            changed += different.length;
            Arrays.stream(taken).forEach(sinceSeldom::add);
            if (random.nextInt(8) == 0)
            {
                assertThat(Arrays.stream(seldom.take()).boxed()).containsExactlyElementsOf(sinceSeldom);
                sinceSeldom.clear();
            }
        }
        checkHash(it);
    }

    private static void checkHash(final BareHart it)
    {
        assertThat(it.memory.hash()).isEqualTo(allDirty(it).hash());
    }

    private static boolean isEqual(final byte[] before, final BareHart now, final int page)
    {
        final int start = page << GuestMemory.PAGE_SHIFT;
        final int end = start + GuestMemory.PAGE_BYTES;
        return Arrays.equals(before, start, end, now.memory.array(), start, end);
    }

    /** Random bytes by the device, to a place in the scratch memory or to one below the program. */
    private static void supply(final BareHart it, final GuestDriver driver, final Random random)
    {
        final byte[] data = new byte[1 + random.nextInt(500)];
        random.nextBytes(data);
        final long address = GuestMemory.BASE + random.nextInt(0x10_0000);
        driver.add(0, new GuestDriver.Piece(address, data.length, true));
        driver.notifyDevice(0);
        it.entropy.supply(data, 0, data.length);
    }

    private static void load(final BareHart it, final Random random)
    {
        final byte[] data = new byte[random.nextInt(MAX_LOADED)];
        random.nextBytes(data);
        it.memory.write(GuestMemory.BASE + random.nextInt(0x10_0000 - MAX_LOADED), data, 0, data.length);
    }

    /** A copy of the memory. */
    private static GuestMemory allDirty(final BareHart it)
    {
        final GuestMemory copy = new GuestMemory(it.memory.size());
        copy.write(GuestMemory.BASE, it.memory.array(), 0, it.memory.size());
        return copy;
    }
}
