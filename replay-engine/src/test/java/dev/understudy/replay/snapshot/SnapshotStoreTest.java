package dev.understudy.replay.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.journal.Genesis;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotStoreTest
{
    private static final int PAGES = 37;
    private static final byte[] KERNEL = "a kernel".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] STATE = {1, 2, 3};

    @TempDir
    private Path temp;

    private final Random random = new Random(22);
    private long position;
    private final List<String> notices = new ArrayList<>();

    @Test
    void aSnapshotGivesBackWhatWasCaptured()
    {
        final SnapshotStore store = store(new StoreDisk());
        final TestPages pages = new TestPages(PAGES);
        final Map<String, TestPages> taken = new HashMap<>();
        for (int i = 0; i < 40; i++)
        {
            pages.change(random, random.nextInt(20));
            taken.put(take(store, "kv", pages), pages.copy());
        }
        assertThat(taken).hasSize(40).containsKeys("s1", "s40");
        assertAllAreWhole("kv", taken);
        assertThat(store.list("kv")).extracting(SnapshotInfo::name).startsWith("s1", "s2", "s3").hasSize(40);
    }

    @Test
    void aPageIsKeptOnce() throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        pages.change(random, 200);
        take(store(new StoreDisk()), "kv", pages);
        final long before = packBytes();
        take(store(new StoreDisk()), "other", pages);
        take(store(new StoreDisk()), "kv", pages);
        assertThat(packBytes()).isEqualTo(before);
    }

    @Test
    void deletingOneLeavesTheOthersAndGivesBackWhatNoneNeeds() throws IOException
    {
        final Map<String, Map<String, TestPages>> taken = Map.of("kv", new HashMap<>(), "other", new HashMap<>());
        final TestPages pages = new TestPages(PAGES);
        final SnapshotStore recorder = store(new StoreDisk());
        for (int i = 0; i < 120; i++)
        {
            final String guest = random.nextBoolean() ? "kv" : "other";
            if (random.nextInt(5) < 3 || taken.get(guest).isEmpty())
            {
                pages.change(random, random.nextInt(30));
                // One goes on with what it has seen of the store, the other one looks anew.
                taken.get(guest).put(
                    take(guest.equals("kv") ? recorder : store(new StoreDisk()), guest, pages), pages.copy());
            }
            else
            {
                final String name = taken.get(guest).keySet().stream().sorted().toList()
                    .get(random.nextInt(taken.get(guest).size()));
                store(new StoreDisk()).delete(guest, name);
                taken.get(guest).remove(name);
            }
        }
        taken.forEach(this::assertAllAreWhole);
        for (final String guest : taken.keySet())
        {
            for (final String name : List.copyOf(taken.get(guest).keySet()))
            {
                store(new StoreDisk()).delete(guest, name);
            }
        }
        assertThat(files()).extracting(it -> it.getFileName().toString()).containsExactly("lock");
        assertThat(notices).isEmpty();
    }

    @Test
    void whoIsKilledWhileTakingOrDeletingLeavesTheOthersWhole() throws IOException
    {
        failEverywhere(true);
    }

    @Test
    void aFullDiskLeavesTheOthersWhole() throws IOException
    {
        failEverywhere(false);
    }

    private void failEverywhere(final boolean isKill) throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        final Map<String, TestPages> taken = new HashMap<>();
        int failures = 0;
        for (int round = 0; round < 2; round++)
        {
            for (int calls = 0, lucky = 0; lucky < 2; calls++)
            {
                final FailingDisk disk = new FailingDisk(calls, isKill);
                final boolean deletes = round % 2 == 1 && taken.size() > 2;
                final String victim = deletes ? taken.keySet().stream().sorted().findFirst().orElseThrow() : null;
                pages.change(random, 6);
                try
                {
                    if (deletes)
                    {
                        store(disk).delete("kv", victim);
                    }
                    else
                    {
                        taken.put(take(store(disk), "kv", pages), pages.copy());
                    }
                }
                catch (final FailingDisk.Killed | SnapshotException e)
                {
                    failures++;
                }
                lucky += disk.hasFailed() ? 0 : 1;
                // What a kill came too late for was taken, or deleted, all the same.
                final List<String> there = new StoreLayout(temp).names("kv");
                taken.keySet().removeIf(name -> name.equals(victim) && !there.contains(name));
                there.stream().filter(name -> !taken.containsKey(name)).forEach(name -> taken.put(name, pages.copy()));
                assertAllAreWhole("kv", taken);
            }
            pages.change(random, 5);
            taken.put(take(store(new StoreDisk()), "kv", pages), pages.copy());
            assertAllAreWhole("kv", taken);
            assertThat(files()).noneMatch(it -> it.toString().endsWith(WholeFile.UNFINISHED))
                .noneMatch(it -> it.endsWith("changing"));
        }
        assertThat(failures).isGreaterThan(20);
        for (final String name : taken.keySet())
        {
            store(new StoreDisk()).delete("kv", name);
        }
        assertThat(files()).extracting(it -> it.getFileName().toString()).containsExactly("lock");
    }

    @Test
    void aFlippedBitIsFoundBeforeItIsUsed() throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        pages.change(random, 300);
        final String name = take(store(new StoreDisk()), "kv", pages);
        final List<Path> files = files().stream().filter(it -> !it.endsWith("lock")).toList();
        int found = 0;
        for (int i = 0; i < 1_500; i++)
        {
            final Path file = files.get(random.nextInt(files.size()));
            final long place = (random.nextLong() >>> 1) % Files.size(file);
            flip(file, place, i % 8);
            try
            {
                final StoredSnapshot snapshot = store(new StoreDisk()).open("kv", name);
                final List<String> problems = snapshot.verify();
                final TestPages read = new TestPages(PAGES);
                assertThat(read(snapshot, read)).isEqualTo(STATE);
                // A damaged index follows from the pages; a kernel is read when the guest resets.
                assertThat(read.isSameAs(pages)).isTrue();
                assertThat(problems).allMatch(it -> it.contains("kernel " + file));
                found += problems.size();
            }
            catch (final SnapshotException e)
            {
                assertThat(e).hasMessageContaining(file.getFileName().toString());
                found++;
            }
            flip(file, place, i % 8);
        }
        assertThat(found).isGreaterThan(1_000);
        assertAllAreWhole("kv", Map.of(name, pages));
    }

    @Test
    void aDamagedPageIsNamed() throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        final byte[] page = new byte[TestPages.PAGE_BYTES];
        page[7] = 1;
        pages.replacePage(5, page);
        final String name = take(store(new StoreDisk()), "kv", pages);
        final Path pack = new StoreLayout(temp).packs().getFirst();
        flip(pack, PackFile.PAGE_BYTES + 100, 0);
        assertThatThrownBy(() -> read(store(new StoreDisk()).open("kv", name), new TestPages(PAGES)))
            .isInstanceOf(SnapshotException.class)
            .hasMessageContaining("page 5 of guest RAM").hasMessageContaining(pack.toString());
    }

    @Test
    void aMissingOrShorterFileIsNamed() throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        pages.change(random, 300);
        final String name = take(store(new StoreDisk()), "kv", pages);
        final Path pack = new StoreLayout(temp).packs().getFirst();
        try (RandomAccessFile file = new RandomAccessFile(pack.toFile(), "rw"))
        {
            file.setLength(file.length() - 1);
        }
        assertThatThrownBy(() -> read(store(new StoreDisk()).open("kv", name), new TestPages(PAGES)))
            .isInstanceOf(SnapshotException.class).hasMessageContaining(pack.toString());
        Files.delete(pack);
        assertThatThrownBy(() -> read(store(new StoreDisk()).open("kv", name), new TestPages(PAGES)))
            .isInstanceOf(SnapshotException.class).hasMessageContaining("is in no file of " + pack.getParent());
    }

    @Test
    void aFileThatIsShortenedWhileItIsReadIsNamed() throws IOException
    {
        final TestPages pages = new TestPages(PAGES);
        pages.change(random, 300);
        final StoredSnapshot open = store(new StoreDisk()).open("kv", take(store(new StoreDisk()), "kv", pages));
        final Path pack = new StoreLayout(temp).packs().getFirst();
        try (RandomAccessFile file = new RandomAccessFile(pack.toFile(), "rw"))
        {
            file.setLength(2 * PackFile.PAGE_BYTES);
        }
        assertThatThrownBy(() -> read(open, new TestPages(PAGES)))
            .isInstanceOf(SnapshotException.class).hasMessageContaining(pack + " cannot be read: the file was shortened");
    }

    @Test
    void aSnapshotThatIsOpenOutlivesItsDeletion()
    {
        final TestPages pages = new TestPages(PAGES);
        pages.change(random, 300);
        final String name = take(store(new StoreDisk()), "kv", pages);
        final StoredSnapshot open = store(new StoreDisk()).open("kv", name);
        store(new StoreDisk()).delete("kv", name);
        final TestPages read = new TestPages(PAGES);
        read(open, read);
        assertThat(read.isSameAs(pages)).isTrue();
    }

    @Test
    void anotherVersionOfTheMachineIsRefused()
    {
        final SnapshotStore store = store(new StoreDisk());
        store.take("kv", "old", capture(new TestPages(PAGES)), genesis(1), KERNEL, null, List.of(), 0);
        assertThatThrownBy(() -> store.open("kv", "old"))
            .isInstanceOf(SnapshotException.class).hasMessageContaining("old.snapshot is of version 1 of the machine");
    }

    private static byte[] read(final StoredSnapshot snapshot, final TestPages to) throws StateException
    {
        final StateReader reader = snapshot.reader();
        final byte[] state = new byte[STATE.length];
        reader.read(state, 0, state.length);
        reader.read(to);
        return state;
    }

    private void assertAllAreWhole(final String guest, final Map<String, TestPages> taken)
    {
        assertThat(new StoreLayout(temp).names(guest)).containsExactlyInAnyOrderElementsOf(taken.keySet());
        taken.forEach((name, pages) ->
        {
            final StoredSnapshot snapshot = store(new StoreDisk()).open(guest, name);
            final TestPages read = new TestPages(PAGES);
            assertThat(read(snapshot, read)).isEqualTo(STATE);
            assertThat(read.isSameAs(pages)).as(name).isTrue();
            assertThat(snapshot.verify()).isEmpty();
        });
    }

    private SnapshotStore store(final StoreDisk disk)
    {
        return new SnapshotStore(temp, notices::add, disk);
    }

    private String take(final SnapshotStore store, final String guest, final TestPages pages)
    {
        return store.take(
            guest, null, capture(pages), genesis(MachineConfiguration.MACHINE_VERSION), KERNEL, null, List.of(), 0)
            .info().name();
    }

    private Capture capture(final TestPages pages)
    {
        return new Capture(new SnapshotInfo("", "", position++, 2, 3, 0, 5, 6, 7, 0, 0), STATE, pages);
    }

    private static Genesis genesis(final int version)
    {
        return new Genesis("kv", PAGES * 4096L, 3, "kv.elf", new Sha256().of(KERNEL, 0, KERNEL.length), null, null, "",
            new byte[32], version, 0);
    }

    private static void flip(final Path file, final long place, final int bit) throws IOException
    {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw"))
        {
            access.seek(place);
            final int value = access.read();
            access.seek(place);
            access.write(value ^ 1 << bit);
        }
    }

    private long packBytes() throws IOException
    {
        long sum = 0;
        for (final Path pack : new StoreLayout(temp).packs())
        {
            sum += Files.size(pack);
        }
        return sum;
    }

    private List<Path> files() throws IOException
    {
        try (Stream<Path> files = Files.walk(temp))
        {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
