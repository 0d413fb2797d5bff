package dev.understudy.guest.translate;

import java.util.Map;

/**
 * What an engine has done so far.
 *
 * @param translatedInstructions instructions that were executed by translated code
 * @param regions                regions that are in the cache
 * @param translated             translations that were made
 * @param wide                   those of them that took the place of others: regions that were left time and again
 * @param predicted              indirect jumps in them that are compared with where they went last
 * @param failed                 translations that could not be made, by a defect: their code is interpreted
 * @param translationNs          time that making them took, in nanoseconds
 * @param flushes                how often the cache was emptied because it was full
 * @param misses                 pages that were entered into the load and store caches for translated code
 * @param exits                  how often control left a region, by cause
 */
public record TranslationStatistics(
    long translatedInstructions,
    int regions,
    long translated,
    long wide,
    long predicted,
    long failed,
    long translationNs,
    long flushes,
    long misses,
    Map<ExitCause, Long> exits)
{
    /** Of an engine that has translated nothing. */
    public static final TranslationStatistics NONE = new TranslationStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, Map.of());

    /** How often control left a region for this cause. */
    public long exits(final ExitCause cause)
    {
        return exits.getOrDefault(cause, 0L);
    }
}
