package dev.understudy.hypervisor.drive;

import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.hypervisor.linux.Processors;
import dev.understudy.node.DriveException;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * Carries out the requests for one drive, one after the other in the order in which the guest made them.
 * <p>
 * The hart thread submits and waits; the thread of the drive works and says how far it is. What a request finds and
 * leaves depends on the requests before it alone, on every host.
 */
final class DriveThread
{
    /** Requests that wait: what a guest can have in flight, and as many again that it gave up by a reset. */
    private static final int MAX_REQUESTS = 256;

    /** Data of requests that wait; above what a guest can have in flight. */
    private static final long MAX_BYTES = 32 << 20;

    /** A bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_NS = 1_000_000_000;

    private final DriveFile drive;
    private final BlockImage image;
    private final Runnable onDone;
    private final Thread thread;
    private final OneToOneConcurrentArrayQueue<BlockRequest> requests = new OneToOneConcurrentArrayQueue<>(MAX_REQUESTS);

    /** Owned by the hart thread. */
    private long submittedBytes;

    private volatile long doneBytes;
    private volatile long doneNumber = -1;
    private volatile long begunNumber = -1;
    private volatile DriveException failure;
    private volatile boolean closing;
    private volatile Thread idle;
    private volatile Thread waiter;

    /**
     * @param image  closed by this object
     * @param onDone called on the drive's thread after each request and when the drive fails
     */
    DriveThread(final DriveFile drive, final BlockImage image, final Runnable onDone)
    {
        this.drive = drive;
        this.image = image;
        this.onDone = onDone;
        thread = Thread.ofPlatform().daemon().name("drive " + drive.path().getFileName()).unstarted(this::run);
    }

    void start()
    {
        thread.start();
    }

    /** Hands a request over; waits while too much is under way. On the hart thread. */
    void submit(final BlockRequest request)
    {
        // Read before the look for room: what is done after it ends the wait.
        long seen = doneNumber;
        while (submittedBytes - doneBytes > MAX_BYTES || !requests.offer(request))
        {
            check();
            waitFor(seen + 1);
            seen = doneNumber;
        }
        submittedBytes += request.data().length;
        final Thread asleep = idle;
        if (asleep != null)
        {
            LockSupport.unpark(asleep);
        }
    }

    /** Whether a request was carried out; then what it read is in its data. */
    boolean isDone(final BlockRequest request)
    {
        return doneNumber >= request.number();
    }

    /** Waits until a request was carried out. On the hart thread. */
    void await(final BlockRequest request)
    {
        while (!isDone(request))
        {
            check();
            waitFor(request.number());
        }
    }

    /**
     * @throws DriveException when the drive carries nothing out any more
     */
    void check()
    {
        final DriveException failed = failure;
        if (failed != null)
        {
            throw failed;
        }
        if (closing)
        {
            throw new DriveException("drive " + drive.path() + " is closed");
        }
    }

    /** Carries out what was submitted, and closes the image. */
    void close() throws InterruptedException
    {
        closing = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    /** Number of the request that is being carried out, which a hung disk may keep it from; -1 without one. On any thread. */
    long underWay()
    {
        final long begun = begunNumber;
        return begun == doneNumber ? -1 : begun;
    }

    /** What made the drive fail, or null. */
    DriveException failure()
    {
        return failure;
    }

    private void waitFor(final long number)
    {
        waiter = Thread.currentThread();
        if (doneNumber < number && failure == null && !closing)
        {
            LockSupport.parkNanos(this, MAX_SLEEP_NS);
        }
        waiter = null;
    }

    private void run()
    {
        Processors.unbind();
        try (image)
        {
            BlockRequest request = next();
            while (request != null)
            {
                begunNumber = request.number();
                execute(request);
                doneBytes = doneBytes + request.data().length;
                doneNumber = request.number();
                tell();
                request = next();
            }
        }
        catch (final IOException e)
        {
            failure = new DriveException("drive " + drive.path() + " failed: " + ChannelAccess.reason(e) +
                ". The guest is not told: this replica stops as if its host had died", e);
        }
        catch (final RuntimeException e)
        {
            failure = new DriveException("drive " + drive.path() + " failed: " + e, e);
        }
        finally
        {
            tell();
        }
    }

    /** The next request; null at the end. */
    private BlockRequest next()
    {
        BlockRequest request = requests.poll();
        while (request == null && !closing)
        {
            idle = Thread.currentThread();
            request = requests.poll();
            if (request == null && !closing)
            {
                LockSupport.parkNanos(this, MAX_SLEEP_NS);
            }
            idle = null;
            request = request == null ? requests.poll() : request;
        }
        return request == null ? requests.poll() : request;
    }

    private void execute(final BlockRequest request) throws IOException
    {
        switch (request.kind())
        {
            case READ -> image.read(request.offset(), request.data());
            case WRITE -> image.write(request.offset(), request.data());
            case WRITE_THROUGH ->
            {
                image.write(request.offset(), request.data());
                image.flush();
            }
            case FLUSH -> image.flush();
            case DISCARD, WRITE_ZEROES -> image.clear(request.offset(), request.length());
        }
    }

    private void tell()
    {
        final Thread waiting = waiter;
        if (waiting != null)
        {
            LockSupport.unpark(waiting);
        }
        onDone.run();
    }
}
