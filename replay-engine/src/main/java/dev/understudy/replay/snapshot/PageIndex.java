package dev.understudy.replay.snapshot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where a store has the page of a hash. A page that several packs have is in the first. Thread-safe: a drive reads pages while
 * a snapshot adds some.
 */
final class PageIndex
{
    private static final int FIRST_CAPACITY = 1 << 12;
    private static final int NONE = -1;

    private final List<PackFile> packs = new ArrayList<>();

    // By place: the number of a pack and the slot. A page's place is searched from one on that its hash gives.
    private int[] pack = emptied(FIRST_CAPACITY);
    private int[] slot = new int[FIRST_CAPACITY];
    private int count;

    private static int[] emptied(final int capacity)
    {
        final int[] places = new int[capacity];
        Arrays.fill(places, NONE);
        return places;
    }

    /** Adds all pages of a pack. */
    synchronized void add(final PackFile file)
    {
        packs.add(file);
        final int number = packs.size() - 1;
        for (int i = 0; i < file.pages(); i++)
        {
            if (2 * (count + 1) > pack.length)
            {
                grow();
            }
            final int place = place(file.index(), i * Sha256.BYTES);
            if (pack[place] == NONE)
            {
                pack[place] = number;
                slot[place] = i;
                count++;
            }
        }
    }

    private void grow()
    {
        final int[] oldPack = pack;
        final int[] oldSlot = slot;
        pack = emptied(2 * oldPack.length);
        slot = new int[pack.length];
        for (int i = 0; i < oldPack.length; i++)
        {
            if (oldPack[i] != NONE)
            {
                final int place = place(packs.get(oldPack[i]).index(), oldSlot[i] * Sha256.BYTES);
                pack[place] = oldPack[i];
                slot[place] = oldSlot[i];
            }
        }
    }

    /** Where the page of a hash is; null when no pack has it. */
    synchronized PagePlace find(final byte[] hashes, final int at)
    {
        final int place = place(hashes, at);
        return pack[place] == NONE ? null : new PagePlace(packs.get(pack[place]), slot[place]);
    }

    /** The place of a hash, or the empty one where it belongs. */
    private int place(final byte[] hashes, final int at)
    {
        // The hash is as good as random: its first bits choose.
        int place = (int)PackFile.keyOf(hashes, at) & pack.length - 1;
        while (pack[place] != NONE)
        {
            final int from = slot[place] * Sha256.BYTES;
            if (Arrays.equals(
                packs.get(pack[place]).index(), from, from + Sha256.BYTES, hashes, at, at + Sha256.BYTES))
            {
                return place;
            }
            place = place + 1 & pack.length - 1;
        }
        return place;
    }

    /** While none is added. */
    List<PackFile> packs()
    {
        return packs;
    }
}
