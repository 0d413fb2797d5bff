package dev.understudy.guest.memory;

/** Why a load or store cannot be made on the fast path, by the translation caches. */
public enum SlowAccess
{
    /** It traps: the page is not mapped or does not permit it, or nothing is at the address. */
    FAULT,

    /** It reaches a device. */
    DEVICE,

    /** It crosses the border of a page, or is atomic and not aligned. */
    MISALIGNED,

    /** It sets the accessed or the dirty bit of a page-table entry. */
    ACCESSED,

    /** It writes to a page that somebody watches, most often since instructions were decoded from it. */
    CODE,

    /** It writes to a page from which a translation that the hart has cached was read. */
    TABLE
}
