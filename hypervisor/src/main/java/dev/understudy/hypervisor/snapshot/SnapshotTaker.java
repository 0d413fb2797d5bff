package dev.understudy.hypervisor.snapshot;

import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.drive.LayeredImage;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalException;
import dev.understudy.node.StandaloneAgent;
import dev.understudy.replay.snapshot.Capture;
import dev.understudy.replay.snapshot.DriveChanges;
import dev.understudy.replay.snapshot.SnapshotException;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.SnapshotStore;
import dev.understudy.replay.snapshot.StoredDrive;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Takes snapshots of a guest that is recorded: from time to time, and when somebody asks for one.
 * <p>
 * A thread of its own writes them, and the guest goes on meanwhile. A snapshot that cannot be taken is told of; the recording
 * goes on.
 */
public final class SnapshotTaker implements Closeable
{
    /** Time between looks whether the guest that a snapshot is waited for has ended. */
    private static final long LOOK_MS = 100;

    /** The longest sleep of the thread. */
    private static final long MAX_SLEEP_MS = 60_000;
    private static final long END_TIMEOUT_MS = 5_000;
    private static final String TAKE = "take";
    private static final String FAILED = "failed";

    private final Path journal;
    private final SnapshotPlace place;
    private final GuestImage image;
    private final Genesis genesis;
    private final long everyMs;
    private final SnapshotKeeping keeping;
    private final boolean beginsHere;
    private final InstantSource calendar;
    private final Consumer<String> notices;
    private final SnapshotStore store;

    /** By the number of a drive that the guest writes. */
    private final Map<Integer, LayeredImage> layers = new TreeMap<>();
    private final CompletableFuture<Capture> beginning = new CompletableFuture<>();
    private StandaloneAgent agent;
    private SnapshotControl control;
    private Thread thread;
    private long lastPosition = -1;
    private volatile boolean closing;

    /**
     * @param journal    where the recording goes
     * @param genesis    its first entry
     * @param everyMs    time between snapshots, in milliseconds; 0 for none but those that are asked for
     * @param keeping    what stays when one was taken
     * @param beginsHere whether the guest begins with a state, of which a replay needs a snapshot
     * @param calendar   says when a snapshot was taken
     * @param notices    takes what the operator should know, a line each
     */
    public SnapshotTaker(
        final Path journal,
        final SnapshotPlace place,
        final GuestImage image,
        final Genesis genesis,
        final long everyMs,
        final SnapshotKeeping keeping,
        final boolean beginsHere,
        final InstantSource calendar,
        final Consumer<String> notices)
    {
        this.journal = journal;
        this.place = place;
        this.image = image;
        this.genesis = genesis;
        this.everyMs = everyMs;
        this.keeping = keeping;
        this.beginsHere = beginsHere;
        this.calendar = calendar;
        this.notices = notices;
        store = new SnapshotStore(place.store(), notices);
    }

    /**
     * Opens the guest's drives so that snapshots have them.
     *
     * @param overlays begins the overlay of each drive that the guest writes
     * @param start    the snapshot that the guest begins with; null for its images
     */
    public Drives.Opening opening(final BiFunction<Integer, DriveFile, OverlayImage> overlays, final StoredSnapshot start)
    {
        return (i, drive) ->
        {
            if (drive.isReadOnly())
            {
                return RawImage.readOnly(drive.path());
            }
            final StoredDrive before = start == null ? null : start.drive(i);
            final LayeredImage image = new LayeredImage(drive, overlays.apply(i, drive), before);
            layers.put(i, image);
            return image;
        };
    }

    /** The guest is about to begin. */
    public void attach(final StandaloneAgent newAgent)
    {
        agent = newAgent;
        if (beginsHere)
        {
            capture(beginning);
        }
    }

    /** Returns when a replay has what it begins with. When the journal is there, and before an output leaves. */
    public void start()
    {
        try
        {
            if (beginsHere)
            {
                keep(SnapshotPlace.START, await(beginning));
            }
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
        try
        {
            control = SnapshotControl.open(journal);
        }
        catch (final IOException e)
        {
            notices.accept("no snapshot can be asked for while this recording runs: " + e.getMessage());
        }
        thread = Thread.ofPlatform().daemon().name("snapshots").start(this::run);
    }

    /**
     * Asks a recording that runs for a snapshot.
     *
     * @param name what it is called; null leaves that to the recording
     * @return what the recording says of it
     * @throws SnapshotUsageException when it could not be taken
     */
    public static String ask(final Path journal, final String name)
    {
        final String answer;
        try
        {
            answer = SnapshotControl.ask(journal, name == null ? TAKE : TAKE + " " + name);
        }
        catch (final IOException e)
        {
            throw new SnapshotUsageException(journal + ": no recording that runs there can be asked: " + e.getMessage());
        }
        if (answer.isEmpty() || answer.startsWith(FAILED))
        {
            throw new SnapshotUsageException(answer.isEmpty() ? "the recording ended meanwhile" :
                answer.substring(FAILED.length()).strip());
        }
        return answer;
    }

    private void run()
    {
        long dueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(everyMs);
        while (!closing)
        {
            final long waitMs = everyMs == 0 ? MAX_SLEEP_MS :
                Math.min(MAX_SLEEP_MS, TimeUnit.NANOSECONDS.toMillis(dueNs - System.nanoTime()));
            serve(waitMs);
            if (everyMs > 0 && !closing && dueNs - System.nanoTime() <= 0)
            {
                // A guest that rests has not changed.
                if (agent.position() != lastPosition)
                {
                    takeQuietly();
                }
                dueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(everyMs);
            }
        }
    }

    private void serve(final long waitMs)
    {
        try
        {
            if (control == null)
            {
                Thread.sleep(Math.clamp(waitMs, 1, LOOK_MS));
            }
            else
            {
                control.serve(waitMs, this::answer);
            }
        }
        catch (final IOException e)
        {
            notices.accept("the socket by which snapshots are asked for failed: " + e.getMessage());
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
            closing = true;
        }
    }

    private String answer(final String request)
    {
        if (!request.equals(TAKE) && !request.startsWith(TAKE + " "))
        {
            return FAILED + " \"" + request + "\" is no request";
        }
        final String name = request.substring(TAKE.length()).strip();
        try
        {
            if (!name.isEmpty() && (!SnapshotStore.isName(name) || name.equals(SnapshotPlace.START)))
            {
                return FAILED + " \"" + name + "\" cannot name a snapshot";
            }
            final SnapshotInfo info = take(name.isEmpty() ? null : name);
            return String.format(Locale.ROOT, "snapshot %s at position %,d, entry %,d: %,d pages",
                info.name(), info.position(), info.sequence(), info.pages());
        }
        catch (final IOException | SnapshotException e)
        {
            return FAILED + " " + e.getMessage();
        }
    }

    private void takeQuietly()
    {
        try
        {
            take(null);
        }
        catch (final IOException | SnapshotException e)
        {
            if (!closing)
            {
                notices.accept(e.getMessage());
            }
        }
    }

    private SnapshotInfo take(final String name) throws IOException
    {
        final CompletableFuture<Capture> captured = new CompletableFuture<>();
        capture(captured);
        return keep(name, await(captured));
    }

    private void capture(final CompletableFuture<Capture> captured)
    {
        agent.capture(capture ->
        {
            try
            {
                for (final LayeredImage image : layers.values())
                {
                    image.endLayer();
                }
                captured.complete(capture);
            }
            catch (final IOException e)
            {
                captured.completeExceptionally(e);
            }
        }, captured::completeExceptionally);
    }

    private SnapshotInfo keep(final String name, final Capture capture)
    {
        final List<DriveChanges> changes = new ArrayList<>();
        for (int i = 0; i < image.drives().size(); i++)
        {
            changes.add(layers.containsKey(i) ? layers.get(i).changes() : null);
        }
        final StoredSnapshot taken = store.take(
            place.guest(), name, capture, genesis, image.kernel(), image.initrd(), changes, calendar.millis());
        layers.forEach((i, layered) -> layered.store(taken.drive(i)));
        lastPosition = taken.info().position();
        try
        {
            keeping.apply(store, place.guest());
        }
        catch (final SnapshotException | JournalException e)
        {
            notices.accept("not all that should be removed was: " + e.getMessage());
        }
        return taken.info();
    }

    private Capture await(final CompletableFuture<Capture> captured) throws IOException
    {
        while (true)
        {
            try
            {
                return captured.get(LOOK_MS, TimeUnit.MILLISECONDS);
            }
            catch (final TimeoutException e)
            {
                if (closing || agent.isFinished())
                {
                    throw new IOException("the guest has ended", e);
                }
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            catch (final ExecutionException e)
            {
                if (e.getCause() instanceof final SnapshotException refused)
                {
                    throw refused;
                }
                throw new IOException("no layer of a drive can be begun: " + e.getCause().getMessage(), e);
            }
        }
    }

    /** Waits for a snapshot that is being written; one that takes longer than seconds is given up. */
    @Override
    public void close() throws IOException
    {
        closing = true;
        if (control != null)
        {
            control.wake();
        }
        if (thread != null)
        {
            try
            {
                thread.join(END_TIMEOUT_MS);
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        }
        if (control != null)
        {
            control.close();
        }
    }
}
