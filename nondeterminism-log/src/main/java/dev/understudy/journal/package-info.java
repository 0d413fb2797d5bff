/**
 * The journal of a guest: what went into it, in order, checked by a chain of hashes.
 * <p>
 * {@link dev.understudy.journal.JournalWriter} appends, {@link dev.understudy.journal.JournalReader} follows,
 * {@link dev.understudy.journal.JournalScan} and {@link dev.understudy.journal.JournalVerifier} check a journal at rest.
 * The layout of entries is in {@code src/main/sbe/events.xml}, that of files and directories in QueueFiles and QueueFile.
 */
package dev.understudy.journal;
