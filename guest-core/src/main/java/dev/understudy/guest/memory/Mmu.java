package dev.understudy.guest.memory;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.bus.Device;
import dev.understudy.guest.state.Derived;
import java.util.Arrays;

/**
 * Translates the hart's virtual addresses and performs the accesses that the engine's fast path cannot.
 * <p>
 * Sv39 as in section 4.4 of the RISC-V privileged specification, with the accessed and dirty bits updated here. The
 * translation cache is never visible to the guest: pages that hold page-table entries in use are watched, and a write
 * that changes a valid entry has the cache forget the page that it maps, or all pages, before it happens. So at any
 * position a translation is that of the tables in memory at that position, whatever the engine, the slice or the digest
 * before; {@code sfence.vma} has nothing to do.
 * <p>
 * An access that fails leaves its cause in {@link #faultCause()} and {@link #faultAddress()}; the caller takes the
 * trap. Owned by the hart thread.
 */
@Derived("the hart's CSRs and the tables in memory")
public final class Mmu implements StoreCache
{
    /** {@code satp.MODE} of no translation. */
    public static final int MODE_BARE = 0;

    /** {@code satp.MODE} of Sv39. */
    public static final int MODE_SV39 = 8;

    /**
     * Entries of each direct-mapped translation cache: enough for 16 MiB of pages. A guest uses few of them, so they stay
     * in the host's caches; a miss costs more than half a microsecond.
     */
    public static final int TLB_ENTRIES = 4096;

    /** Mask of the index into a translation cache. */
    public static final int TLB_MASK = TLB_ENTRIES - 1;

    /** {@link #faultCause()} after an access that worked. */
    public static final int NO_FAULT = -1;

    /** {@link #context()} in U-mode. */
    public static final int USER_CONTEXT = 0;

    private static final int FETCH = 0;
    private static final int LOAD = 1;
    private static final int STORE = 2;

    private static final int FETCH_ACCESS_FAULT = 1;
    private static final int LOAD_ADDRESS_MISALIGNED = 4;
    private static final int LOAD_ACCESS_FAULT = 5;
    private static final int STORE_ADDRESS_MISALIGNED = 6;
    private static final int STORE_ACCESS_FAULT = 7;
    private static final int FETCH_PAGE_FAULT = 12;
    private static final int LOAD_PAGE_FAULT = 13;
    private static final int STORE_PAGE_FAULT = 15;

    private static final int SV39_LEVELS = 3;
    private static final int INDEX_BITS = 9;
    private static final int PTE_BYTES = 8;
    private static final long PTE_V = 1;
    private static final long PTE_R = 1 << 1;
    private static final long PTE_W = 1 << 2;
    private static final long PTE_X = 1 << 3;
    private static final long PTE_U = 1 << 4;
    private static final long PTE_A = 1 << 6;
    private static final long PTE_D = 1 << 7;
    private static final long PTE_RESERVED = 0xFFC0_0000_0000_0000L;
    private static final int PTE_PPN_SHIFT = 10;
    private static final long PPN_MASK = (1L << 44) - 1;

    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;
    private static final long OFFSET_MASK = GuestMemory.PAGE_BYTES - 1;

    /** A physical address that no RAM has. */
    private static final long NOWHERE = -1;

    /** {@link #mapped} of a table that is not of the last level, or that more than one entry points to. */
    private static final int SEVERAL = Integer.MIN_VALUE;

    /** Bits of an address within what a table of the last level maps. */
    private static final int MAPPED_SHIFT = GuestMemory.PAGE_SHIFT + INDEX_BITS;

    /** U, S without SUM, S with SUM. */
    private static final int CONTEXTS = 3;

    private final GuestMemory memory;
    private final Bus bus;

    /** Of the pages that a translation which is cached was read from. */
    private final PageWatch tables;

    private final TranslationCache fetches = new TranslationCache(CONTEXTS);
    private final TranslationCache loads = new TranslationCache(CONTEXTS);
    private final TranslationCache stores = new TranslationCache(CONTEXTS);

    /** By page that is watched as a table of the last level: the virtual address that it maps, shifted right. */
    private final int[] mapped;
    private int[] watchedTables = new int[64];
    private int watchedTableCount;
    private boolean isSettingAccessed;

    private int mode = MODE_BARE;
    private long rootPpn;
    private boolean user;
    private boolean sum;
    private boolean mxr;
    private int context = 1;
    private long epoch;

    private int faultCause = NO_FAULT;
    private long faultAddress;
    private boolean deviceAccessed;
    private SlowAccess slowAccess = SlowAccess.FAULT;
    private long misses;

    public Mmu(final GuestMemory memory, final Bus bus)
    {
        this.memory = memory;
        this.bus = bus;
        mapped = new int[memory.pages()];
        tables = memory.watch(this::onTableWrite);
        memory.add(this);
    }

    /** As {@link GuestMemory#onWrite}. */
    public void onWrite(final WriteListener listener)
    {
        memory.onWrite(listener);
    }

    /** Sets the privilege and the bits of {@code sstatus} that translation depends on. */
    public void privilege(final boolean isUser, final boolean isSum, final boolean isMxr)
    {
        if (isMxr != mxr)
        {
            mxr = isMxr;
            forgetTranslations();
        }
        user = isUser;
        sum = isSum;
        context = isUser ? USER_CONTEXT : isSum ? 2 : 1;
    }

    /**
     * Sets the root of translation.
     *
     * @param newMode {@link #MODE_BARE} or {@link #MODE_SV39}
     * @param ppn     physical page number of the root table
     */
    public void root(final int newMode, final long ppn)
    {
        if (newMode != mode || ppn != rootPpn)
        {
            mode = newMode;
            rootPpn = ppn;
            forgetTranslations();
        }
    }

    /** Tags of the load cache for the present privilege: address of the page, or a value that matches none. */
    public long[] loadTags()
    {
        return loads.tags(context);
    }

    /** What to add to the low half of a virtual address to get its index in {@link GuestMemory#array()}. */
    public int[] loadAddends()
    {
        return loads.values(context);
    }

    /** As {@link #loadTags}, for stores; a page in it is marked dirty and not watched. */
    public long[] storeTags()
    {
        return stores.tags(context);
    }

    /** As {@link #loadAddends}, for stores. */
    public int[] storeAddends()
    {
        return stores.values(context);
    }

    /** Number of the present privilege as far as it matters to translation: each has caches of its own. */
    public int context()
    {
        return context;
    }

    /** Changes whenever a translation for fetching that was cached may have changed. */
    public long epoch()
    {
        return epoch;
    }

    /** Tags of the fetch cache for the present privilege. */
    public long[] fetchTags()
    {
        return fetches.tags(context);
    }

    /** Pages of RAM that belong to {@link #fetchTags}. */
    public int[] fetchPages()
    {
        return fetches.values(context);
    }

    /**
     * Finds a page in the fetch cache, without a look at the tables.
     *
     * @return as {@link #fetchPage}; -1 when it is not there
     */
    public int cachedFetchPage(final long address)
    {
        final long page = address & PAGE_MASK;
        return fetches.holds(context, page) ? fetches.value(context, page) : -1;
    }

    /**
     * Sees to it that the load cache holds the page of an address, if the guest cannot tell: if the load is to RAM,
     * within the page, does not trap and changes no page-table entry. It need not be aligned.
     *
     * @param bytes 1, 2, 4 or 8
     * @return whether the load cache holds the page
     */
    public boolean cacheLoad(final long address, final int bytes)
    {
        if (isInPage(address, bytes) && loads.holds(context, address & PAGE_MASK))
        {
            return true;
        }
        final long physical = find(address, bytes, LOAD);
        if (physical == NOWHERE)
        {
            return false;
        }
        enterLoad(address, physical);
        misses++;
        return true;
    }

    /** As {@link #cacheLoad}, for stores; false for pages whose writes are watched, too. */
    public boolean cacheStore(final long address, final int bytes)
    {
        if (isInPage(address, bytes) && stores.holds(context, address & PAGE_MASK))
        {
            return true;
        }
        final long physical = find(address, bytes, STORE);
        if (physical == NOWHERE)
        {
            return false;
        }
        if (!enterStore(address, physical))
        {
            slowAccess = tables.contains((int)((physical - GuestMemory.BASE) >>> GuestMemory.PAGE_SHIFT)) ?
                SlowAccess.TABLE : SlowAccess.CODE;
            return false;
        }
        misses++;
        return true;
    }

    /** Why {@link #cacheLoad}, {@link #cacheStore} or {@link #cacheAtomic} was false the last time. */
    public SlowAccess slowAccess()
    {
        return slowAccess;
    }

    /** How often {@link #cacheLoad} and {@link #cacheStore} entered a page. */
    public long misses()
    {
        return misses;
    }

    /** Finds the RAM of an access without any effect; {@link #NOWHERE} when it is none of the fast path. */
    private long find(final long address, final int bytes, final int access)
    {
        if (!isInPage(address, bytes))
        {
            slowAccess = SlowAccess.MISALIGNED;
            return NOWHERE;
        }
        final long physical = translate(address, access, false);
        if (faultCause != NO_FAULT)
        {
            slowAccess = SlowAccess.FAULT;
            return NOWHERE;
        }
        if (memory.contains(physical, 1))
        {
            return physical;
        }
        slowAccess = mode != MODE_BARE && physical == NOWHERE ? SlowAccess.ACCESSED :
            bus.find(physical, bytes) != null ? SlowAccess.DEVICE : SlowAccess.FAULT;
        return NOWHERE;
    }

    /** As {@link #cacheLoad} or {@link #cacheStore} for an atomic access, which must be aligned. */
    public boolean cacheAtomic(final long address, final int bytes, final boolean isLoad)
    {
        if ((address & (bytes - 1)) != 0)
        {
            slowAccess = SlowAccess.MISALIGNED;
            return false;
        }
        return isLoad ? cacheLoad(address, bytes) : cacheStore(address, bytes);
    }

    private static boolean isInPage(final long address, final int bytes)
    {
        return (address & OFFSET_MASK) <= GuestMemory.PAGE_BYTES - bytes;
    }

    private void enterLoad(final long address, final long physical)
    {
        loads.enter(context, address & PAGE_MASK, (int)(physical - GuestMemory.BASE) - (int)address);
    }

    private boolean enterStore(final long address, final long physical)
    {
        final boolean isFree = memory.prepareWrite((int)((physical - GuestMemory.BASE) >>> GuestMemory.PAGE_SHIFT));
        if (isFree)
        {
            stores.enter(context, address & PAGE_MASK, (int)(physical - GuestMemory.BASE) - (int)address);
        }
        return isFree;
    }

    @Override
    public void markStores()
    {
        stores.eachRam(memory::prepareWrite);
    }

    @Override
    public void forgetStores(final int page)
    {
        stores.forgetRam(page);
    }

    @Override
    public void forgetStores()
    {
        stores.clear();
    }

    /** Cause of the trap that the last access asks for, or {@link #NO_FAULT}. */
    public int faultCause()
    {
        return faultCause;
    }

    /** The virtual address to report with {@link #faultCause()}. */
    public long faultAddress()
    {
        return faultAddress;
    }

    /** Whether a device was accessed since the last call. */
    public boolean takeDeviceAccessed()
    {
        final boolean accessed = deviceAccessed;
        deviceAccessed = false;
        return accessed;
    }

    /**
     * Finds the page of RAM to fetch instructions from.
     *
     * @return number of the page from the start of RAM, or -1 with a fault
     */
    public int fetchPage(final long address)
    {
        final long page = address & PAGE_MASK;
        if (fetches.holds(context, page))
        {
            return fetches.value(context, page);
        }

        final long physical = translate(address, FETCH);
        if (faultCause != NO_FAULT)
        {
            return -1;
        }
        if (!memory.contains(physical & PAGE_MASK, GuestMemory.PAGE_BYTES))
        {
            fault(FETCH_ACCESS_FAULT, address);
            return -1;
        }
        final int ramPage = (int)((physical - GuestMemory.BASE) >>> GuestMemory.PAGE_SHIFT);
        fetches.enter(context, page, ramPage);
        return ramPage;
    }

    /**
     * Loads from RAM or a device.
     *
     * @param bytes 1, 2, 4 or 8
     * @return the value, zero-extended; meaningless with a fault
     */
    public long load(final long address, final int bytes)
    {
        if ((address & (bytes - 1)) != 0)
        {
            return loadMisaligned(address, bytes);
        }
        final long physical = translate(address, LOAD);
        if (faultCause != NO_FAULT)
        {
            return 0;
        }
        if (memory.contains(physical, bytes))
        {
            enterLoad(address, physical);
            return readRam(physical, bytes);
        }
        final Device device = bus.find(physical, bytes);
        if (device == null)
        {
            return fault(LOAD_ACCESS_FAULT, address);
        }
        deviceAccessed = true;
        return device.load(physical - device.base(), bytes);
    }

    /**
     * Stores to RAM or a device.
     *
     * @param bytes 1, 2, 4 or 8
     * @param value only its lowest {@code bytes} count
     */
    public void store(final long address, final int bytes, final long value)
    {
        if ((address & (bytes - 1)) != 0)
        {
            storeMisaligned(address, bytes, value);
            return;
        }
        final long physical = translate(address, STORE);
        if (faultCause != NO_FAULT)
        {
            return;
        }
        if (memory.contains(physical, bytes))
        {
            // Cached before it is written: the write may change the very entry that maps it, and empties the cache then.
            enterStore(address, physical);
            writeRam(physical, bytes, value);
            return;
        }
        final Device device = bus.find(physical, bytes);
        if (device == null)
        {
            fault(STORE_ACCESS_FAULT, address);
            return;
        }
        deviceAccessed = true;
        device.store(physical - device.base(), bytes, value);
    }

    /**
     * Finds the RAM of an atomic access, which must be writable, naturally aligned and not a device's.
     *
     * @param isLoad whether only reading is asked for (LR)
     * @return physical address; meaningless with a fault
     */
    public long atomic(final long address, final int bytes, final boolean isLoad)
    {
        if ((address & (bytes - 1)) != 0)
        {
            return fault(isLoad ? LOAD_ADDRESS_MISALIGNED : STORE_ADDRESS_MISALIGNED, address);
        }
        final long physical = translate(address, isLoad ? LOAD : STORE);
        if (faultCause == NO_FAULT && !memory.contains(physical, bytes))
        {
            return fault(isLoad ? LOAD_ACCESS_FAULT : STORE_ACCESS_FAULT, address);
        }
        return physical;
    }

    private long loadMisaligned(final long address, final int bytes)
    {
        final long first = translateRam(address, bytes, LOAD);
        if (faultCause != NO_FAULT)
        {
            return 0;
        }
        final int inFirst = bytesInFirstPage(address, bytes);
        final long second = inFirst == bytes ? 0 : translateRam(address + inFirst, bytes - inFirst, LOAD);
        if (faultCause != NO_FAULT)
        {
            return 0;
        }
        if (inFirst == bytes)
        {
            return readRam(first, bytes);
        }
        long value = 0;
        for (int i = 0; i < bytes; i++)
        {
            final long physical = i < inFirst ? first + i : second + i - inFirst;
            value |= (long)memory.readByte(physical) << (8 * i);
        }
        return value;
    }

    private void storeMisaligned(final long address, final int bytes, final long value)
    {
        final long first = translateRam(address, bytes, STORE);
        if (faultCause != NO_FAULT)
        {
            return;
        }
        final int inFirst = bytesInFirstPage(address, bytes);
        final long second = inFirst == bytes ? 0 : translateRam(address + inFirst, bytes - inFirst, STORE);
        if (faultCause != NO_FAULT)
        {
            return;
        }
        if (inFirst == bytes)
        {
            writeRam(first, bytes, value);
            return;
        }
        for (int i = 0; i < bytes; i++)
        {
            final long physical = i < inFirst ? first + i : second + i - inFirst;
            memory.storeByte(physical, (int)(value >>> (8 * i)));
        }
    }

    /** Translates a part of a misaligned access, which only RAM supports. */
    private long translateRam(final long address, final int bytes, final int access)
    {
        final long physical = translate(address, access);
        if (faultCause == NO_FAULT && !memory.contains(physical, bytesInFirstPage(address, bytes)))
        {
            final boolean isDevice = bus.find(physical, 1) != null;
            final int misaligned = access == LOAD ? LOAD_ADDRESS_MISALIGNED : STORE_ADDRESS_MISALIGNED;
            return fault(isDevice ? misaligned : accessFault(access), address);
        }
        return physical;
    }

    private static int bytesInFirstPage(final long address, final int bytes)
    {
        return (int)Math.min(bytes, GuestMemory.PAGE_BYTES - (address & OFFSET_MASK));
    }

    private long readRam(final long physical, final int bytes)
    {
        return switch (bytes)
        {
            case 1 -> memory.readByte(physical);
            case 2 -> memory.readShort(physical);
            case 4 -> memory.readInt(physical) & 0xFFFF_FFFFL;
            default -> memory.readLong(physical);
        };
    }

    private void writeRam(final long physical, final int bytes, final long value)
    {
        switch (bytes)
        {
            case 1 -> memory.storeByte(physical, (int)value);
            case 2 -> memory.storeShort(physical, (int)value);
            case 4 -> memory.storeInt(physical, (int)value);
            default -> memory.storeLong(physical, value);
        }
    }

    private long translate(final long address, final int access)
    {
        return translate(address, access, true);
    }

    /**
     * Section 4.3.2 of the privileged specification; the numbers in the comments are its steps.
     *
     * @param mayUpdate whether to set accessed and dirty bits
     * @return physical address; {@link #NOWHERE} when a bit is to be set and may not be; meaningless with a fault
     */
    private long translate(final long address, final int access, final boolean mayUpdate)
    {
        faultCause = NO_FAULT;
        if (mode == MODE_BARE)
        {
            return address;
        }
        if (address << 25 >> 25 != address)
        {
            return fault(pageFault(access), address);
        }

        long table = rootPpn << GuestMemory.PAGE_SHIFT;
        for (int level = SV39_LEVELS - 1; level >= 0; level--)
        {
            final int levelShift = GuestMemory.PAGE_SHIFT + INDEX_BITS * level;
            final long index = (address >>> levelShift) & ((1 << INDEX_BITS) - 1);
            final long entryAddress = table + index * PTE_BYTES;
            if (!memory.contains(entryAddress, PTE_BYTES))
            {
                return fault(accessFault(access), address);
            }
            watchTable(entryAddress, level == 0 ? (int)(address >> MAPPED_SHIFT) : SEVERAL);
            final long entry = memory.readLong(entryAddress);
            final long ppn = (entry >>> PTE_PPN_SHIFT) & PPN_MASK;

            // 3. Not valid, or reserved.
            if ((entry & PTE_V) == 0 || (entry & (PTE_R | PTE_W)) == PTE_W || (entry & PTE_RESERVED) != 0)
            {
                return fault(pageFault(access), address);
            }
            // 4. A pointer to the next table.
            if ((entry & (PTE_R | PTE_X)) == 0)
            {
                if ((entry & (PTE_U | PTE_A | PTE_D)) != 0)
                {
                    return fault(pageFault(access), address);
                }
                table = ppn << GuestMemory.PAGE_SHIFT;
                continue;
            }
            // 5. to 7. Permissions, and the alignment of a superpage.
            final long inPageMask = (1L << levelShift) - 1;
            final long base = ppn << GuestMemory.PAGE_SHIFT;
            if (!isPermitted(entry, access) || (base & inPageMask) != 0)
            {
                return fault(pageFault(access), address);
            }
            // 8. and 9. Accessed and dirty.
            final long updated = entry | PTE_A | (access == STORE ? PTE_D : 0);
            if (updated != entry)
            {
                if (!mayUpdate)
                {
                    return NOWHERE;
                }
                setAccessed(entryAddress, updated);
            }
            return base | (address & inPageMask);
        }
        return fault(pageFault(access), address);
    }

    private boolean isPermitted(final long entry, final int access)
    {
        final boolean isUserPage = (entry & PTE_U) != 0;
        if (user ? !isUserPage : isUserPage && (!sum || access == FETCH))
        {
            return false;
        }
        return switch (access)
        {
            case FETCH -> (entry & PTE_X) != 0;
            case LOAD -> (entry & PTE_R) != 0 || (mxr && (entry & PTE_X) != 0);
            default -> (entry & PTE_W) != 0;
        };
    }

    /** Only adds permissions' history to the entry, so cached translations stay as they are. */
    private void setAccessed(final long entryAddress, final long entry)
    {
        isSettingAccessed = true;
        memory.storeLong(entryAddress, entry);
        isSettingAccessed = false;
    }

    private void watchTable(final long entryAddress, final int maps)
    {
        final int page = (int)((entryAddress - GuestMemory.BASE) >>> GuestMemory.PAGE_SHIFT);
        if (tables.add(page))
        {
            if (watchedTableCount == watchedTables.length)
            {
                watchedTables = Arrays.copyOf(watchedTables, 2 * watchedTableCount);
            }
            watchedTables[watchedTableCount++] = page;
            mapped[page] = maps;
        }
        else if (mapped[page] != maps)
        {
            mapped[page] = SEVERAL;
        }
    }

    /** Forgets what may be cached of entries that are about to change: of all, where that cannot be told. */
    private void onTableWrite(final int offset, final int length)
    {
        if (isSettingAccessed)
        {
            return;
        }
        final int maps = mapped[offset >> GuestMemory.PAGE_SHIFT];
        final int end = offset + length;
        for (int at = offset & -PTE_BYTES; at < end; at += PTE_BYTES)
        {
            final long entry = memory.readLong(GuestMemory.BASE + at);
            if ((entry & PTE_V) != 0)
            {
                if (maps == SEVERAL)
                {
                    forgetTranslations();
                    return;
                }
                final long index = (at & OFFSET_MASK) / PTE_BYTES;
                forgetPage(((long)maps << MAPPED_SHIFT) + (index << GuestMemory.PAGE_SHIFT), entry);
            }
        }
    }

    private void forgetPage(final long page, final long entry)
    {
        fetches.forget(page);
        loads.forget(page);
        stores.forget(page);
        if ((entry & PTE_X) != 0)
        {
            epoch++;
        }
    }

    private void forgetTranslations()
    {
        epoch++;
        fetches.clear();
        loads.clear();
        stores.clear();
        for (int i = 0; i < watchedTableCount; i++)
        {
            tables.remove(watchedTables[i]);
        }
        watchedTableCount = 0;
    }

    private static int pageFault(final int access)
    {
        return switch (access)
        {
            case FETCH -> FETCH_PAGE_FAULT;
            case LOAD -> LOAD_PAGE_FAULT;
            default -> STORE_PAGE_FAULT;
        };
    }

    private static int accessFault(final int access)
    {
        return switch (access)
        {
            case FETCH -> FETCH_ACCESS_FAULT;
            case LOAD -> LOAD_ACCESS_FAULT;
            default -> STORE_ACCESS_FAULT;
        };
    }

    private long fault(final int cause, final long address)
    {
        faultCause = cause;
        faultAddress = address;
        return 0;
    }
}
