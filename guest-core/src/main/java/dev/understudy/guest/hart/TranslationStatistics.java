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
 * @param privileged             exits before a CSR instruction, a call of the environment or a return from a trap
 * @param steps                  exits before a memory access that the interpreter executes
 */
public record TranslationStatistics(
    long translatedInstructions,
    int regions,
    long translated,
    long translationNs,
    long flushes,
    long jumps,
    long indirect,
    long privileged,
    long steps)
{
    /** Of an engine that has translated nothing. */
    public static final TranslationStatistics NONE = new TranslationStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
