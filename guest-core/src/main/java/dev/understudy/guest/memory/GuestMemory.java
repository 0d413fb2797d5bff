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
import java.util.stream.IntStream;

/**
 * The RAM of the guest, at physical address {@link #BASE}, little-endian.
 * <p>
 * What devices and the firmware write and what the hart stores on its slow path comes by here, which keeps track of the
 * pages that were written, since the last digest and since these were taken last, and tells the engine before decoded
 * code or a cached translation becomes stale, and a hart before another writes to what it may have reserved. The hart's
 * fast path goes to {@link #array()} directly and takes part in this through
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

    /** Told of a write just before it happens. */
    @FunctionalInterface
    public interface WriteListener
    {
        /**
         * @param offset first byte that will change, from the start of RAM
         * @param length number of bytes that will change; of a watched page, within it
         */
        void onWrite(int offset, int length);
    }

    /** Why writes to a page are watched: instructions were decoded from it. */
    private static final byte CODE = 1;

    /** Why writes to a page are watched: a translation that is still cached was read from it. */
    private static final byte TABLE = 2;

    /** Since when a page was written: since the last {@link #forgetDirty}. */
    private static final byte SINCE_FORGOTTEN = 1;

    /** Since when a page was written: since the last {@link #takeDirty}. */
    private static final byte SINCE_TAKEN = 2;

    private static final byte DIRTY = SINCE_FORGOTTEN | SINCE_TAKEN;

    @Derived("nothing: which pages were written since somebody asked")
    private final byte[] dirty;

    @Derived("what engine and address translation have read")
    private final byte[] watched;

    @Derived("the pages")
    private final MemoryHash hash = new MemoryHash(this);

    private final byte[] ram;
    private StoreCache[] storeCaches = {};
    private WriteListener codeListener = (offset, length) -> {};
    private WriteListener tableListener = (offset, length) -> {};
    private WriteListener[] harts = {};

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
        dirty = new byte[bytes >> PAGE_SHIFT];
        watched = new byte[bytes >> PAGE_SHIFT];
        Arrays.fill(dirty, SINCE_TAKEN);
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

    /** Stores for the hart: none of the listeners of {@link #onWrite} is told. So do the three below. */
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
     * Marks a page as written and tells whether later writes to it may bypass this class until the next
     * {@link #takeDirty}, {@link #watchCode} or {@link #watchTable}, or until {@link #forgetDirty} without a call of this
     * right after it.
     *
     * @return false when writes to the page are watched, so that each one must come through here
     */
    public boolean prepareWrite(final int page)
    {
        dirty[page] = DIRTY;
        return watched[page] == 0;
    }

    /** Notes that instructions were decoded from a page: from now on the code listener is told of its writes. */
    public void watchCode(final int page)
    {
        watched[page] |= CODE;
    }

    /**
     * Notes that page-table entries were read from a page: from now on the table listener is told of its writes.
     *
     * @return whether the page was not watched for this reason before
     */
    public boolean watchTable(final int page)
    {
        final boolean isNew = (watched[page] & TABLE) == 0;
        watched[page] |= TABLE;
        return isNew;
    }

    /** Ends what {@link #watchTable} began. */
    public void unwatchTable(final int page)
    {
        watched[page] &= ~TABLE;
    }

    /** Ends what {@link #watchCode} began. */
    public void unwatchCode(final int page)
    {
        watched[page] &= ~CODE;
    }

    public boolean holdsCode(final int page)
    {
        return (watched[page] & CODE) != 0;
    }

    /** Has a listener be told of each write by others than a hart as well, of any length. */
    public void onWrite(final WriteListener listener)
    {
        harts = Arrays.copyOf(harts, harts.length + 1);
        harts[harts.length - 1] = listener;
    }

    public void onCodeWrite(final WriteListener listener)
    {
        codeListener = listener;
    }

    public void onTableWrite(final WriteListener listener)
    {
        tableListener = listener;
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

    @Override
    public long hash()
    {
        final long value = hash.value();
        for (final StoreCache cache : storeCaches)
        {
            cache.markStores();
        }
        return value;
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
        return dirty.length;
    }

    /** Whether a page was written since the last {@link #forgetDirty}, or at all. */
    public boolean isDirty(final int page)
    {
        return (dirty[page] & SINCE_FORGOTTEN) != 0;
    }

    /** Makes all pages clean for {@link #isDirty}; {@link #takeDirty} is not concerned. */
    public void forgetDirty()
    {
        for (int page = 0; page < dirty.length; page++)
        {
            dirty[page] &= ~SINCE_FORGOTTEN;
        }
    }

    /**
     * As {@link Mmu#takeDirtyPages}, which calls this: whoever bypasses this class on writing has to be told. All pages
     * are among those taken first.
     *
     * @return numbers of pages from the start of RAM
     */
    int[] takeDirty()
    {
        final int[] taken =
            IntStream.range(0, dirty.length).filter(page -> (dirty[page] & SINCE_TAKEN) != 0).toArray();
        for (final int page : taken)
        {
            dirty[page] &= ~SINCE_TAKEN;
        }
        return taken;
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
            dirty[page] = DIRTY;
            if ((watched[page] & CODE) != 0)
            {
                codeListener.onWrite(from, to - from);
            }
            if ((watched[page] & TABLE) != 0)
            {
                tableListener.onWrite(from, to - from);
            }
            from = to;
        }
    }

    private int offset(final long address)
    {
        return Math.toIntExact(address - BASE);
    }
}
