package dev.understudy.journal;

/**
 * What a check of a whole journal found.
 *
 * @param first        number of the first entry: those before it were removed
 * @param entries      number of intact entries
 * @param lastPosition position of the last one
 * @param bytes        length of the entries as they are packed, in bytes
 * @param diskBytes    disk that the journal takes, in bytes
 * @param chain        the hash chain at the last entry, in hexadecimal: note it elsewhere to find forgery
 * @param outcome      how the recording ended; null when it was not ended in order
 * @param tornBytes    length in bytes of what a writer that died left behind the last entry; 0 for nothing
 * @param tornTail     what that is; null for nothing
 * @param damage       what is damaged (file, entry, position) and what to do; null for nothing
 */
public record JournalReport(
    long first,
    long entries,
    long lastPosition,
    long bytes,
    long diskBytes,
    String chain,
    Outcome outcome,
    long tornBytes,
    String tornTail,
    String damage)
{
    /** Whether the last entry is a closing one. */
    public boolean isClosed()
    {
        return outcome != null;
    }
}
