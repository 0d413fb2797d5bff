package dev.understudy.guest.hart;

/**
 * What an engine has done so far.
 *
 * @param translatedInstructions instructions that were executed by translated code
 * @param regions                regions that are in the cache
 * @param translated             translations that were made
 * @param translationNs          time that making them took, in nanoseconds
 * @param flushes                how often the cache was emptied because it was full
 * @param jumps                  exits to code outside of the region, or at the end of the budget
 * @param indirect               exits to an address that was computed
 * @param steps                  exits before an instruction that the interpreter executes
 */
public record TranslationStatistics(
    long translatedInstructions,
    int regions,
    long translated,
    long translationNs,
    long flushes,
    long jumps,
    long indirect,
    long steps)
{
    /** Of an engine that has translated nothing. */
    public static final TranslationStatistics NONE = new TranslationStatistics(0, 0, 0, 0, 0, 0, 0, 0);
}
