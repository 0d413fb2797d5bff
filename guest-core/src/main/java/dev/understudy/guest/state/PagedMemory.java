package dev.understudy.guest.state;

/** RAM as a sequence of pages of {@link #PAGE_BYTES} bytes. Owned by the hart thread. */
public interface PagedMemory
{
    /** Size of a page in bytes. */
    int PAGE_BYTES = 4096;

    /** Number of pages. */
    int pages();

    /** A hash of all pages, which costs the pages that were written since it was asked for last. */
    long hash();

    /** Whether all bytes of a page are 0. */
    boolean isZero(int page);

    /** Copies a page out. */
    void copyPage(int page, byte[] to);

    /** Overwrites a page; whoever watches it is told. */
    void replacePage(int page, byte[] from);

    /** Overwrites a page with zeros. */
    void clearPage(int page);
}
