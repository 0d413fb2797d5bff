package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A translation that cannot be made, by whatever defect: its code is interpreted, and it is not tried again. */
class FailingTranslationTest
{
    private static final int TIMES = 200;
    private static final int ROUNDS = 10;
    private static final int MAX_ROUNDS = 10_000;
    private static final int COUNTER = 5;

    private final byte[] image = image();
    private final BareHart expected = new BareHart(EngineKind.INTERPRETER, image);
    private final AtomicInteger failures = new AtomicInteger();

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theCodeIsInterpreted(final boolean isRefusedByTheJvm)
    {
        final BareHart hart = BareHart.translating(
            image, compiler -> Translator.atOnce(failing(compiler, it -> true, isRefusedByTheJvm), TranslationHost.NONE));
        for (int i = 0; i < ROUNDS; i++)
        {
            round(hart);
        }
        final int tried = failures.get();
        round(hart);

        final TranslationStatistics statistics = hart.engine.statistics();
        assertThat(tried).isPositive();
        assertThat(failures).as("tried again").hasValue(tried);
        assertThat(statistics.failed()).isEqualTo(tried);
        assertThat(statistics.translated()).isZero();
        assertThat(statistics.translatedInstructions()).isZero();
    }

    @Test
    void theRegionThatAWideOneWasToReplaceStays()
    {
        final BareHart hart = BareHart.translating(image,
            compiler -> Translator.atOnce(failing(compiler, RegionPlan::isWide, false), TranslationHost.NONE));
        for (int i = 0; i < ROUNDS; i++)
        {
            round(hart);
        }
        final int tried = failures.get();
        final TranslationStatistics before = hart.engine.statistics();
        final long position = hart.hart.instret();
        round(hart);

        final TranslationStatistics after = hart.engine.statistics();
        assertThat(tried).isPositive();
        assertThat(failures).as("tried again").hasValue(tried);
        assertThat(after.failed()).isEqualTo(tried);
        assertThat(after.wide()).isZero();
        assertThat(after.translatedInstructions() - before.translatedInstructions())
            .as("translated of the last round").isGreaterThan((hart.hart.instret() - position) / 2);
    }

    @Test
    void othersAreMadeBeside()
    {
        final AtomicInteger number = new AtomicInteger();
        final BareHart hart = BareHart.translating(image, compiler ->
            Translator.inBackground(failing(compiler, it -> number.getAndIncrement() == 0, true), new BesideTheTest()));
        for (int i = 0; i < MAX_ROUNDS && hart.engine.statistics().translatedInstructions() == 0; i++)
        {
            round(hart);
        }
        assertThat(hart.engine.statistics().failed()).isEqualTo(1);
        assertThat(hart.engine.statistics().translatedInstructions()).isPositive();
    }

    private void round(final BareHart hart)
    {
        for (final BareHart it : new BareHart[]{expected, hart})
        {
            it.start();
            it.run(Long.MAX_VALUE);
        }
        assertThat(hart.hart.instret()).isEqualTo(expected.hart.instret());
        assertThat(Arrays.copyOf(hart.hart.x, 32)).isEqualTo(Arrays.copyOf(expected.hart.x, 32));
        assertThat(hart.digest()).isEqualTo(expected.digest());
    }

    private Function<Region, RegionCode> failing(
        final Function<Region, RegionCode> compiler,
        final Predicate<RegionPlan> isFailing,
        final boolean isRefusedByTheJvm)
    {
        return region ->
        {
            if (!isFailing.test(region.plan))
            {
                return compiler.apply(region);
            }
            failures.incrementAndGet();
            if (isRefusedByTheJvm)
            {
                throw new VerifyError("by the test");
            }
            throw new IllegalArgumentException("by the test");
        };
    }

    /** A loop that calls a function, and both are left for each other. */
    private static byte[] image()
    {
        final SmallProgram program = new SmallProgram();
        program.adder(SmallProgram.BASE + 0x1000, 1);
        program.to.li(6, SmallProgram.BASE + 0x1000);
        program.repeat(COUNTER, TIMES, () -> program.callThrough(6));
        program.to.ecall();
        return program.image();
    }
}
