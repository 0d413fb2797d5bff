package dev.understudy.guest.memory;

import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.PagedMemory;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * The RAM of the guest, at physical address {@link #BASE}, little-endian.
 * <p>
 * What devices and the firmware write and what a hart stores on its slow path comes by here. This class marks the page
 * for each who takes {@link DirtyPages}, tells each {@link PageWatch} of it, and tells a hart before another writes to what
 * it may have reserved. A hart's fast path goes to {@link #array()} directly; it takes part in this through
 * {@link #prepareWrite}. Owned by the hart thread.
 */
public final class GuestMemory implements PagedMemory, Stateful
{
    /** Physical address of the first byte of RAM, as on QEMU's {@code virt} machine. */
    public static final long BASE = 0x8000_0000L;

    /** Base-2 logarithm of the size of a page in bytes. */
    public static final int PAGE_SHIFT = 12;

    /** Size of a page in bytes. */
    public static final int PAGE_BYTES = PagedMemory.PAGE_BYTES;

    /** The least RAM a machine can have, in bytes: a kernel at its usual address needs more than 2 MiB. */
    public static final int MIN_BYTES = 4 << 20;

    /** The most RAM a machine can have, in bytes: the largest page-aligned Java array, less one MiB. */
    public static final int MAX_BYTES = Integer.MAX_VALUE - (1 << 20) + 1;

    private static final VarHandle SHORT =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] ram;

    /** By page: how many watch it. */
    @Derived("the watches")
    private final short[] watchers;
    private PageWatch[] watches = {};
    private DirtyPages[] takers = {};
    private StoreCache[] storeCaches = {};
    private WriteListener[] harts = {};

    @Derived("the pages")
    private final MemoryHash hash;

    /**
     * @param bytes size, a multiple of {@link #PAGE_BYTES} from {@link #MIN_BYTES} to {@link #MAX_BYTES}
     */
    public GuestMemory(final int bytes)
    {
        this(bytes, byte[]::new);
    }

    /**
     * @param bytes size, a multiple of {@link #PAGE_BYTES} from {@link #MIN_BYTES} to {@link #MAX_BYTES}
     * @param array makes an array of that length, all zeros
     */
    public GuestMemory(final int bytes, final IntFunction<byte[]> array)
    {
        if (bytes < MIN_BYTES || bytes > MAX_BYTES || bytes % PAGE_BYTES != 0)
        {
            throw new IllegalArgumentException("guest memory of " + bytes + " bytes: expected a multiple of " +
                PAGE_BYTES + " from " + MIN_BYTES + " to " + MAX_BYTES);
        }

        ram = array.apply(bytes);
        watchers = new short[bytes >> PAGE_SHIFT];
        hash = new MemoryHash(this, newDirtyPages());
    }

    /** Size in bytes. */
    public int size()
    {
        return ram.length;
    }

    /** Whether {@code length} bytes at the physical {@code address} all lie in RAM; any values are allowed. */
    public boolean contains(final long address, final long length)
    {
        final long offset = address - BASE;
        return offset >= 0 && length >= 0 && offset <= ram.length && length <= ram.length - offset;
    }

    /** The bytes themselves; index 0 is {@link #BASE}. Writers call {@link #prepareWrite} first. */
    public byte[] array()
    {
        return ram;
    }

    public int readByte(final long address)
    {
        return ram[offset(address)] & 0xFF;
    }

    public int readShort(final long address)
    {
        return (short)SHORT.get(ram, offset(address)) & 0xFFFF;
    }

    public int readInt(final long address)
    {
        return (int)INT.get(ram, offset(address));
    }

    public long readLong(final long address)
    {
        return (long)LONG.get(ram, offset(address));
    }

    public void writeByte(final long address, final int value)
    {
        writing(offset(address), 1);
        storeByte(address, value);
    }

    public void writeShort(final long address, final int value)
    {
        writing(offset(address), 2);
        storeShort(address, value);
    }

    public void writeInt(final long address, final int value)
    {
        writing(offset(address), 4);
        storeInt(address, value);
    }

    public void writeLong(final long address, final long value)
    {
        writing(offset(address), 8);
        storeLong(address, value);
    }

    /** Stores for a hart: none of the listeners of {@link #onWrite} is told. So do the three below. */
    public void storeByte(final long address, final int value)
    {
        changing(offset(address), 1);
        ram[offset(address)] = (byte)value;
    }

    public void storeShort(final long address, final int value)
    {
        changing(offset(address), 2);
        SHORT.set(ram, offset(address), (short)value);
    }

    public void storeInt(final long address, final int value)
    {
        changing(offset(address), 4);
        INT.set(ram, offset(address), value);
    }

    public void storeLong(final long address, final long value)
    {
        changing(offset(address), 8);
        LONG.set(ram, offset(address), value);
    }

    /** Copies out of RAM; the range must lie in it. */
    public void read(final long address, final byte[] to, final int index, final int length)
    {
        System.arraycopy(ram, offset(address), to, index, length);
    }

    /** Copies into RAM; the range must lie in it. */
    public void write(final long address, final byte[] from, final int index, final int length)
    {
        writing(offset(address), length);
        changing(offset(address), length);
        System.arraycopy(from, index, ram, offset(address), length);
    }

    /**
     * Marks a page as written and tells whether later writes to it may bypass this class, until the page is watched or
     * whoever takes dirty pages has the store caches forget theirs.
     *
     * @return false when writes to the page are watched, so that each one must come through here
     */
    public boolean prepareWrite(final int page)
    {
        mark(page);
        return watchers[page] == 0;
    }

    /**
     * Makes a watch, of no page yet.
     *
     * @param listener told of each write to a page that is added to the watch
     */
    public PageWatch watch(final WriteListener listener)
    {
        final PageWatch watch = new PageWatch(this, listener);
        watches = Arrays.copyOf(watches, watches.length + 1);
        watches[watches.length - 1] = watch;
        return watch;
    }

    /** Notes from now on which pages are written, for one who wants to know that; all pages are among those taken first. */
    public DirtyPages dirtyPages()
    {
        final DirtyPages pages = newDirtyPages();
        pages.markAll();
        return pages;
    }

    private DirtyPages newDirtyPages()
    {
        final DirtyPages pages = new DirtyPages(this);
        takers = Arrays.copyOf(takers, takers.length + 1);
        takers[takers.length - 1] = pages;
        return pages;
    }

    /** Has a listener be told of each write by others than a hart as well, of any length. */
    public void onWrite(final WriteListener listener)
    {
        harts = Arrays.copyOf(harts, harts.length + 1);
        harts[harts.length - 1] = listener;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(this);
    }

    @Override
    public void load(final StateReader from)
    {
        from.read(this);
    }

    /** Has a cache know which pages it may have stores bypass this class for. */
    void add(final StoreCache cache)
    {
        storeCaches = Arrays.copyOf(storeCaches, storeCaches.length + 1);
        storeCaches[storeCaches.length - 1] = cache;
    }

    void watchBegins(final int page)
    {
        if (watchers[page]++ == 0)
        {
            for (final StoreCache cache : storeCaches)
            {
                cache.forgetStores(page);
            }
        }
    }

    void watchEnds(final int page)
    {
        watchers[page]--;
    }

    void forget(final PageWatch watch)
    {
        watches = Arrays.stream(watches).filter(it -> it != watch).toArray(PageWatch[]::new);
    }

    void markStores()
    {
        for (final StoreCache cache : storeCaches)
        {
            cache.markStores();
        }
    }

    void forgetStores()
    {
        for (final StoreCache cache : storeCaches)
        {
            cache.forgetStores();
        }
    }

    @Override
    public long hash()
    {
        return hash.value();
    }

    @Override
    public boolean isZero(final int page)
    {
        final int from = page << PAGE_SHIFT;
        for (int at = from; at < from + PAGE_BYTES; at += Long.BYTES)
        {
            if ((long)LONG.get(ram, at) != 0)
            {
                return false;
            }
        }
        return true;
    }

    @Override
    public void copyPage(final int page, final byte[] to)
    {
        System.arraycopy(ram, page << PAGE_SHIFT, to, 0, PAGE_BYTES);
    }

    @Override
    public void replacePage(final int page, final byte[] from)
    {
        changing(page << PAGE_SHIFT, PAGE_BYTES);
        System.arraycopy(from, 0, ram, page << PAGE_SHIFT, PAGE_BYTES);
    }

    @Override
    public void clearPage(final int page)
    {
        changing(page << PAGE_SHIFT, PAGE_BYTES);
        Arrays.fill(ram, page << PAGE_SHIFT, (page + 1) << PAGE_SHIFT, (byte)0);
    }

    @Override
    public int pages()
    {
        return watchers.length;
    }

    private void writing(final int offset, final int length)
    {
        for (final WriteListener hart : harts)
        {
            hart.onWrite(offset, length);
        }
    }

    private void changing(final int offset, final int length)
    {
        int from = offset;
        final int end = offset + length;
        while (from < end)
        {
            final int page = from >> PAGE_SHIFT;
            final int to = Math.min(end, (page + 1) << PAGE_SHIFT);
            mark(page);
            if (watchers[page] != 0)
            {
                for (final PageWatch watch : watches)
                {
                    watch.writing(page, from, to - from);
                }
            }
            from = to;
        }
    }

    private void mark(final int page)
    {
        for (final DirtyPages taker : takers)
        {
            taker.mark(page);
        }
    }

    private int offset(final long address)
    {
        return Math.toIntExact(address - BASE);
    }
}
