package dev.understudy.journal;

/**
 * What a check of a whole journal found.
 *
 * @param entries      number of intact entries
 * @param lastPosition position of the last one
 * @param bytes        length of the entries in bytes
 * @param diskBytes    length of the files in bytes
 * @param chain        the hash chain at the last entry, in hexadecimal: note it elsewhere to find forgery
 * @param outcome      how the recording ended; null when it was not ended in order
 * @param tornTail     what is wrong behind the last entry; null for nothing
 * @param damage       what is damaged, where, and what to do; null for nothing
 */
public record JournalReport(
    long entries,
    long lastPosition,
    long bytes,
    long diskBytes,
    String chain,
    Outcome outcome,
    String tornTail,
    String damage)
{
}
