package dev.understudy.guest;

import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.translate.TranslationHost;
import java.util.function.IntFunction;

/**
 * What a machine takes of its host: a matter of speed and of the host's memory, which the guest cannot see.
 *
 * @param engine       how to execute the guest
 * @param translations where the guest's code is translated
 * @param ram          makes the array that is the RAM, of a length in bytes, all zeros
 */
public record MachineHost(EngineKind engine, TranslationHost translations, IntFunction<byte[]> ram)
{
    /** RAM in the Java heap, and no thread beside the hart's. */
    public static MachineHost plain(final EngineKind engine)
    {
        return new MachineHost(engine, TranslationHost.NONE, byte[]::new);
    }
}
