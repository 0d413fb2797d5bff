package dev.understudy.guest.memory;

/**
 * Knows pages of RAM that a hart writes to without telling {@link GuestMemory}: each hart has one. Owned by the hart
 * thread.
 */
interface StoreCache
{
    /** Calls {@link GuestMemory#prepareWrite} for each of these pages once more: they may be written at any time. */
    void markStores();

    /** Has the next store to a page come through {@link GuestMemory#prepareWrite}. */
    void forgetStores(int page);

    /** Has the next store to any page come through {@link GuestMemory#prepareWrite}. */
    void forgetStores();
}
