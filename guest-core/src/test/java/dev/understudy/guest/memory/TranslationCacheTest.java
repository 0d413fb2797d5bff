package dev.understudy.guest.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TranslationCacheTest
{
    private static final int CONTEXTS = 3;
    private static final int RAM_PAGES = 300;

    private final TranslationCache cache = new TranslationCache(CONTEXTS);

    /** By context and place: the page that was entered last, with its page of RAM. */
    private final Map<Integer, Entry> expected = new TreeMap<>();

    private record Entry(long page, int ramPage)
    {
    }

    /** Few operations between two that empty the cache, and more than it notes places for. */
    @ParameterizedTest
    @ValueSource(ints = {20, 2_000, 100_000})
    void holdsWhatWasEnteredAndNotForgotten(final int operations)
    {
        final Random random = new Random(operations);
        for (int i = 0; i < 300_000; i++)
        {
            final int context = random.nextInt(CONTEXTS);
            final long page = (long)random.nextInt(3 * Mmu.TLB_ENTRIES) - Mmu.TLB_ENTRIES << GuestMemory.PAGE_SHIFT;
            final int ramPage = random.nextInt(RAM_PAGES);
            switch (random.nextInt(8))
            {
                case 0 ->
                {
                    cache.forget(page);
                    expected.values().removeIf(it -> it.page == page);
                }
                case 1 -> forgetRam(random, ramPage);
                default -> enter(context, page, ramPage);
            }
            if (random.nextInt(operations) == 0)
            {
                check();
                cache.clear();
                expected.clear();
                check();
            }
        }
        check();
    }

    private void enter(final int context, final long page, final int ramPage)
    {
        cache.enter(context, page, (ramPage << GuestMemory.PAGE_SHIFT) - (int)page);
        expected.put(place(context, page), new Entry(page, ramPage));
        assertThat(cache.holds(context, page)).isTrue();
        assertThat(cache.value(context, page) + (int)page >> GuestMemory.PAGE_SHIFT).isEqualTo(ramPage);
    }

    /** Rarely: it costs the more the more is in the cache. */
    private void forgetRam(final Random random, final int ramPage)
    {
        if (random.nextInt(100) == 0)
        {
            cache.forgetRam(ramPage);
            expected.values().removeIf(it -> it.ramPage == ramPage);
        }
    }

    private void check()
    {
        final Map<Integer, Entry> found = new HashMap<>();
        for (int context = 0; context < CONTEXTS; context++)
        {
            for (int slot = 0; slot < Mmu.TLB_ENTRIES; slot++)
            {
                final long page = cache.tags(context)[slot];
                if ((page & GuestMemory.PAGE_BYTES - 1) == 0)
                {
                    found.put(place(context, page),
                        new Entry(page, cache.values(context)[slot] + (int)page >> GuestMemory.PAGE_SHIFT));
                }
            }
        }
        assertThat(found).isEqualTo(expected);
        final Set<Integer> ramPages = new HashSet<>();
        cache.eachRam(ramPages::add);
        assertThat(ramPages).isEqualTo(
            new HashSet<>(expected.values().stream().map(Entry::ramPage).toList()));
    }

    private static int place(final int context, final long page)
    {
        return context * Mmu.TLB_ENTRIES + ((int)(page >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK);
    }
}
