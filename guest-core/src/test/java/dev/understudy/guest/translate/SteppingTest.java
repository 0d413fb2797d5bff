package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.Seeds;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.state.SavedState;
import dev.understudy.guest.virtio.BlockRequests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One instruction at a time is as far as the whole way, and comes by every position, under each engine. */
@Tag("slow")
class SteppingTest
{
    private static final Path LINUX = Path.of("../guests/linux/tiny");
    private static final int PROGRAMS = 3;
    private static final int MAX_STRETCH = 4_000;
    private static final long INSTRUCTIONS = 40_000;

    /** Where Linux runs with translation on, traps and a timer. */
    private static final long BOOTED = 60_000_000;
    private static final int SAMPLES = 40;
    private static final int SAMPLE_EVERY = 10_000;
    private static final long SAMPLE_NS = 1_000_000;

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void randomProgramsGetOnByOneInstruction(final EngineKind kind)
    {
        Seeds.check(PROGRAMS, seed ->
        {
            final byte[] image = new RandomRoutines(seed).image();
            final BareHart whole = new BareHart(EngineKind.INTERPRETER, image);
            final BareHart stepped = new BareHart(kind, image);
            final Random random = new Random(seed);
            while (whole.hart.instret() < INSTRUCTIONS)
            {
                final long until = whole.hart.instret() + 1 + random.nextInt(MAX_STRETCH);
                whole.run(until);
                for (long position = stepped.hart.instret(); position < until; position++)
                {
                    stepped.engine.run(position, position + 1);
                    assertThat(stepped.hart.instret()).isEqualTo(position + 1);
                }
                assertThat(stepped.digest()).isEqualTo(whole.digest());
            }
        });
    }

    /** A run that may end anywhere gets on as well, and to where one that ends exactly there would be. */
    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void aRunThatMayEndWhereItBeganGetsOn(final EngineKind kind)
    {
        Seeds.check(PROGRAMS, seed ->
        {
            final byte[] image = new RandomRoutines(seed).image();
            final BareHart whole = new BareHart(EngineKind.INTERPRETER, image);
            final BareHart other = new BareHart(kind, image);
            final Random random = new Random(seed);
            while (other.hart.instret() < INSTRUCTIONS)
            {
                final long position = other.hart.instret();
                final long until = position + 1 + random.nextInt(MAX_STRETCH);
                other.engine.run(position - random.nextInt(2), until);
                assertThat(other.hart.instret()).isBetween(position + 1, until);
                if (random.nextInt(1_000) == 0)
                {
                    whole.run(other.hart.instret());
                    assertThat(other.digest()).isEqualTo(whole.digest());
                }
            }
        });
    }

    @Test
    void linuxGetsOnByOneInstruction() throws IOException
    {
        final MachineConfiguration configuration = new MachineConfiguration(
            64 << 20,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            Files.readAllBytes(LINUX.resolve("Image.gz")),
            Files.readAllBytes(LINUX.resolve("initramfs.cpio.gz")),
            "console=hvc1",
            List.of());
        final Machine whole = machine(configuration, EngineKind.MIXED);
        whole.run(BOOTED);
        final SavedState booted = SavedState.of(whole);
        final List<Machine> stepped = List.of(EngineKind.values()).stream().map(kind ->
        {
            final Machine machine = machine(configuration, kind);
            machine.load(booted.reader());
            return machine;
        }).toList();
        for (int i = 0; i < SAMPLES; i++)
        {
            final long until = whole.position() + SAMPLE_EVERY;
            whole.sample(i * SAMPLE_NS);
            assertThat(whole.run(until)).isEqualTo(RunState.RUNNING);
            for (final Machine machine : stepped)
            {
                machine.sample(i * SAMPLE_NS);
                for (long position = machine.position(); position < until; position++)
                {
                    assertThat(machine.run(position, position + 1)).isEqualTo(RunState.RUNNING);
                    assertThat(machine.position()).isEqualTo(position + 1);
                }
                assertThat(machine.digest()).isEqualTo(whole.digest());
            }
        }
    }

    private static Machine machine(final MachineConfiguration configuration, final EngineKind kind)
    {
        return new Machine(configuration, new Nowhere(), BlockRequests.none(), kind);
    }
}
