package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.state.SavedState;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalScan;
import dev.understudy.replay.snapshot.Capture;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.SnapshotStore;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * Replays a journal by one machine after another: each is saved at a random position and loaded into the next, under
 * another engine; half of them by way of a snapshot on the disk.
 */
final class StateMoves
{
    private static final String GUEST = "moved";
    private static final Genesis GENESIS = new Genesis("moved", 0, 3, "kernel", new byte[32], null, null, "", new byte[32],
        MachineConfiguration.MACHINE_VERSION, 0);
    private static final int MAX_STRETCH = 40_000;
    private static final int SHORT_STRETCH = 200;

    private final Function<EngineKind, Machine> machines;
    private final DriveWaits drives;
    private final Random random;
    private final int oneIn;
    private final SnapshotStore store;
    private Machine machine;
    private Replayer replayer;
    private final List<Long> moves = new ArrayList<>();

    /**
     * @param machines makes a machine as the genesis entry describes it, on drives that hold what was completed
     * @param oneIn    of so many chances to move one is taken
     * @param store    where snapshots go
     */
    StateMoves(
        final Function<EngineKind, Machine> machines,
        final DriveWaits drives,
        final int oneIn,
        final long seed,
        final Path store)
    {
        this.store = new SnapshotStore(store, notice ->
        {
            throw new AssertionError(notice);
        });
        this.machines = machines;
        this.drives = drives;
        this.oneIn = oneIn;
        random = new Random(seed);
        machine = machines.apply(EngineKind.MIXED);
        replayer = new Replayer(machine, drives);
    }

    /** Replays the whole journal; returns the last of the machines. */
    Machine replay(final Path directory)
    {
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                do
                {
                    if (random.nextInt(oneIn) == 0)
                    {
                        move();
                    }
                }
                while (!replayer.advance(scan.entry(), 1 + random.nextInt(random.nextBoolean() ? SHORT_STRETCH : MAX_STRETCH)));
                replayer.apply(scan.entry());
            }
            assertThat(scan.damage()).isNull();
        }
        return machine;
    }

    /** How many machines there were, the first one excepted. */
    int moves()
    {
        return moves.size();
    }

    /** How many of them took over before a position. */
    int movesBefore(final long position)
    {
        return (int)moves.stream().filter(it -> it < position).count();
    }

    Replayer replayer()
    {
        return replayer;
    }

    private StoredSnapshot snapshot()
    {
        final long sequence = replayer.nextSequence() - 1;
        final SnapshotInfo taken =
            store.take(GUEST, null, new Capture(machine, sequence, 3, 4), GENESIS, new byte[0], null, List.of(), 0).info();
        final StoredSnapshot read = store.open(GUEST, taken.name());
        assertThat(read.info()).isEqualTo(taken);
        assertThat(read.info().position()).isEqualTo(machine.position());
        assertThat(read.info().digest()).isEqualTo(machine.digest());
        assertThat(read.info().sequence()).isEqualTo(sequence);
        return read;
    }

    private void move()
    {
        final SavedState state = SavedState.of(machine);
        final Machine next = machines.apply(EngineKind.values()[random.nextInt(EngineKind.values().length)]);
        next.load(random.nextBoolean() ? state.reader() : snapshot().reader());
        assertThat(SavedState.of(next).isSameAs(state)).isTrue();
        assertThat(next.digest()).isEqualTo(machine.digest());
        replayer = new Replayer(next, drives, replayer.nextSequence());
        machine = next;
        moves.add(next.position());
    }
}
