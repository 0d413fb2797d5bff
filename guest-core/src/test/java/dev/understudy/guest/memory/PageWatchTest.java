package dev.understudy.guest.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.bus.Bus;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Any number of watches and takers on one memory with two harts' address spaces, against a model: each watch is told of the
 * writes to its pages and of no other, before they happen, and each taker gets the pages that were written since it took
 * some, however the others take.
 */
class PageWatchTest
{
    private static final int OPERATIONS = 400;

    /** Few enough for watches, caches and writes to meet. */
    private static final int PAGES = 12;
    private static final int MAX_WATCHES = 9;
    private static final int MAX_TAKERS = 5;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final Mmu[] harts = {new Mmu(memory, new Bus()), new Mmu(memory, new Bus())};
    private final byte[] before = new byte[GuestMemory.MIN_BYTES];
    private final List<ModelWatch> watches = new ArrayList<>();
    private final List<ModelTaker> takers = new ArrayList<>();

    private final class ModelWatch
    {
        private final PageWatch watch = memory.watch(this::onWrite);
        private final Set<Integer> pages = new TreeSet<>();
        private final List<Integer> told = new ArrayList<>();

        private void onWrite(final int offset, final int length)
        {
            final int page = offset >> GuestMemory.PAGE_SHIFT;
            assertThat(offset + length - 1 >> GuestMemory.PAGE_SHIFT).as("the page of the last byte").isEqualTo(page);
            assertThat(memory.array()[offset]).as("the byte before it is written").isEqualTo(before[offset]);
            told.add(page);
        }
    }

    private final class ModelTaker
    {
        private final DirtyPages dirty = memory.dirtyPages();
        private final Set<Integer> pages = new TreeSet<>();

        ModelTaker()
        {
            IntStream.range(0, memory.pages()).forEach(pages::add);
        }

        private void take()
        {
            assertThat(dirty.take()).containsExactly(pages.stream().mapToInt(it -> it).toArray());
            pages.clear();
        }
    }

    @Property(tries = 100)
    void eachIsToldOfWhatItAskedFor(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERATIONS; i++)
        {
            switch (random.nextInt(10))
            {
                case 0 -> begin(random);
                case 1 -> end(random);
                case 2, 3 -> change(random);
                case 4 -> take(random);
                case 5 -> memory.hash();
                default -> write(random);
            }
            if (i % 100 == 0)
            {
                assertThat(memory.hash()).isEqualTo(copy().hash());
            }
        }
        takers.forEach(ModelTaker::take);
    }

    private void begin(final Random random)
    {
        if (random.nextBoolean() && watches.size() < MAX_WATCHES)
        {
            watches.add(new ModelWatch());
        }
        else if (takers.size() < MAX_TAKERS)
        {
            takers.add(new ModelTaker());
        }
    }

    private void end(final Random random)
    {
        if (!watches.isEmpty() && random.nextInt(4) == 0)
        {
            watches.remove(random.nextInt(watches.size())).watch.end();
        }
    }

    private void change(final Random random)
    {
        if (watches.isEmpty())
        {
            return;
        }
        final ModelWatch it = watches.get(random.nextInt(watches.size()));
        final int page = random.nextInt(PAGES);
        assertThat(it.watch.contains(page)).isEqualTo(it.pages.contains(page));
        if (random.nextBoolean())
        {
            assertThat(it.watch.add(page)).isEqualTo(it.pages.add(page));
        }
        else
        {
            it.watch.remove(page);
            it.pages.remove(page);
        }
    }

    private void take(final Random random)
    {
        if (!takers.isEmpty())
        {
            takers.get(random.nextInt(takers.size())).take();
        }
    }

    private void write(final Random random)
    {
        final int page = random.nextInt(PAGES);
        final int inPage = random.nextInt(GuestMemory.PAGE_BYTES / Long.BYTES) * Long.BYTES;
        final long address = GuestMemory.BASE + ((long)page << GuestMemory.PAGE_SHIFT) + inPage;
        final int last;
        if (random.nextInt(4) == 0)
        {
            final byte[] data = new byte[1 + random.nextInt(2 * GuestMemory.PAGE_BYTES)];
            random.nextBytes(data);
            memory.write(address, data, 0, data.length);
            last = page + (inPage + data.length - 1 >> GuestMemory.PAGE_SHIFT);
        }
        else
        {
            store(harts[random.nextInt(harts.length)], address, random.nextLong());
            last = page;
        }
        final List<Integer> written = IntStream.rangeClosed(page, last).boxed().toList();
        for (final ModelWatch it : watches)
        {
            assertThat(it.told).containsExactlyElementsOf(written.stream().filter(it.pages::contains).toList());
            it.told.clear();
        }
        takers.forEach(it -> it.pages.addAll(written));
        final int from = page << GuestMemory.PAGE_SHIFT;
        System.arraycopy(memory.array(), from, before, from, written.size() << GuestMemory.PAGE_SHIFT);
    }

    /** As an engine stores: on the fast path if the store cache has the page. */
    private void store(final Mmu hart, final long address, final long value)
    {
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (hart.storeTags()[index] == (address & -GuestMemory.PAGE_BYTES))
        {
            memory.array()[(int)address + hart.storeAddends()[index]] = (byte)value;
        }
        else
        {
            hart.store(address, Long.BYTES, value);
            assertThat(hart.faultCause()).isEqualTo(Mmu.NO_FAULT);
        }
    }

    private GuestMemory copy()
    {
        final GuestMemory copy = new GuestMemory(memory.size());
        copy.write(GuestMemory.BASE, memory.array(), 0, memory.size());
        return copy;
    }
}
