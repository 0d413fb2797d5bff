package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.journal.JournalScan;
import java.nio.file.Path;
import java.util.Random;

/** Has one engine after another execute a machine, each for a random while. */
final class EngineSwitches
{
    /** Long enough for translations to be executed, and short enough for many switches. */
    private static final int MAX_STRETCH = 40_000;
    private static final int SHORT_STRETCH = 200;

    private final Machine machine;
    private final Random random;
    private long translatedInstructions;

    EngineSwitches(final Machine machine, final long seed)
    {
        this.machine = machine;
        random = new Random(seed);
    }

    /** Has an engine, the same kind or another, go on where the machine is. */
    void next()
    {
        translatedInstructions += machine.translations().translatedInstructions();
        machine.engine(EngineKind.values()[random.nextInt(EngineKind.values().length)]);
    }

    /** Instructions that translated code has executed, up to the last switch. */
    long translatedInstructions()
    {
        return translatedInstructions;
    }

    private int stretch()
    {
        return 1 + random.nextInt(random.nextBoolean() ? SHORT_STRETCH : MAX_STRETCH);
    }

    /** Replays a journal with a switch at each entry and at random positions between. */
    Replayer replay(final Path directory)
    {
        final Replayer replayer = new Replayer(machine);
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                do
                {
                    next();
                }
                while (!replayer.advance(scan.entry(), stretch()));
                replayer.apply(scan.entry());
            }
            assertThat(scan.damage()).isNull();
        }
        return replayer;
    }
}
