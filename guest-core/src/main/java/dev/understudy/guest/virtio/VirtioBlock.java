package dev.understudy.guest.virtio;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.DataHash;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * A drive: checks the guest's requests, hands what is valid to the host, and completes it when the host says so.
 * <p>
 * What is to be written is copied out of RAM at the position of the notify, and what was read is copied into RAM at the
 * position at which {@link #complete} is called, so that no host's timing is visible in between. What cannot be done is
 * answered at once, and so is a question for the serial number. Requests are completed in the order in which they were
 * made. A read or write of any length is taken: the host gets a long one in parts, each when the one before it is
 * completed, and no other request until it has the last. Owned by the hart thread. Source: virtio 1.2, section 5.2.
 */
public final class VirtioBlock extends VirtioDevice
{
    /**
     * The longest read or write that the host gets, in bytes; a longer one of the guest becomes several. What a driver that
     * knows SIZE_MAX and SEG_MAX can ask for is below it.
     */
    public static final int MAX_REQUEST_BYTES = 4 << 20;

    /** The most bytes of requests in flight with which another is taken: enough for four of the longest. */
    public static final int MAX_IN_FLIGHT_BYTES = 16 << 20;

    /** The longest range of a discard in sectors, 2 GiB: it costs an overlay a table entry for each 64 KiB. */
    public static final int MAX_DISCARD_SECTORS = 1 << 22;

    /** The longest range of a write-zeroes request in sectors, 16 MiB: a plain image file is really written. */
    public static final int MAX_WRITE_ZEROES_SECTORS = 1 << 15;

    static final int ID = 2;
    static final int REQUEST_QUEUE = 0;
    static final int QUEUE_SIZE = 128;

    static final long FEATURE_SIZE_MAX = 1L << 1;
    static final long FEATURE_SEG_MAX = 1L << 2;
    static final long FEATURE_READ_ONLY = 1L << 5;
    static final long FEATURE_BLOCK_SIZE = 1L << 6;
    static final long FEATURE_FLUSH = 1L << 9;
    static final long FEATURE_DISCARD = 1L << 13;
    static final long FEATURE_WRITE_ZEROES = 1L << 14;

    static final int CONFIG_CAPACITY = 0;
    static final int CONFIG_SIZE_MAX = 8;
    static final int CONFIG_SEG_MAX = 12;
    static final int CONFIG_BLOCK_SIZE = 20;
    static final int CONFIG_MAX_DISCARD_SECTORS = 36;
    static final int CONFIG_MAX_DISCARD_SEGMENTS = 40;
    static final int CONFIG_DISCARD_ALIGNMENT = 44;
    static final int CONFIG_MAX_WRITE_ZEROES_SECTORS = 48;
    static final int CONFIG_MAX_WRITE_ZEROES_SEGMENTS = 52;
    static final int CONFIG_WRITE_ZEROES_MAY_UNMAP = 56;

    /** Pieces of data in a request: header and status take one of the queue's entries each. */
    static final int MAX_SEGMENTS = QUEUE_SIZE - 2;

    /** Size of a piece of data in bytes, such that {@link #MAX_SEGMENTS} of them are a request that is allowed. */
    static final int MAX_SEGMENT_BYTES = 32 << 10;

    /** Sectors in a cluster of an overlay, which is what a discard can give back. */
    static final int DISCARD_ALIGNMENT_SECTORS = 128;

    private static final int SECTOR_BYTES = DriveConfiguration.SECTOR_BYTES;
    private static final int CONFIG_BYTES = 60;
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;
    private static final long LOW_WORD = 0xFFFF_FFFFL;

    /** A request of the guest: which part of it the host has, and where its answer goes. */
    private static final class InFlight
    {
        private final DescriptorChain chain = new DescriptorChain();
        private BlockRequest request;

        /** Bytes of data in parts that are completed. */
        private long done;

        /** Bytes of data in parts that the host does not have yet. */
        private long left;
    }

    private final int drive;
    private final DriveConfiguration configuration;
    private final BlockRequests host;
    private final long sectors;
    @Derived("nothing: scratch")
    private final byte[] header = new byte[BlockHeader.BYTES];
    @Derived("nothing: scratch")
    private final byte[] segment = new byte[BlockHeader.SEGMENT_BYTES];
    @Derived("nothing: scratch")
    private final byte[] statusByte = new byte[1];

    /** Requests in the order in which they were made, from {@link #first} on and around. */
    private final InFlight[] inFlight = new InFlight[QUEUE_SIZE];
    private int first;
    private int count;
    @Derived("the requests in flight")
    private long inFlightBytes;
    private long nextNumber;

    /** A running hash of all that was written and read: drives that differ differ here as soon as the guest looks. */
    private long contentHash;

    /**
     * @param memory the RAM that the driver's buffers are in
     * @param drive  index of the drive on the machine, from 0
     * @param host   called during the guest's store to QueueNotify, and during {@link #complete}
     */
    public VirtioBlock(
        final GuestMemory memory, final int drive, final DriveConfiguration configuration, final BlockRequests host)
    {
        super(memory, ID, 1, CONFIG_BYTES);
        this.drive = drive;
        this.configuration = configuration;
        this.host = host;
        sectors = configuration.bytes() / SECTOR_BYTES;
        for (int i = 0; i < inFlight.length; i++)
        {
            inFlight[i] = new InFlight();
        }
        fillConfig();
    }

    private void fillConfig()
    {
        config(CONFIG_CAPACITY, Long.BYTES, sectors);
        config(CONFIG_SIZE_MAX, Integer.BYTES, MAX_SEGMENT_BYTES);
        config(CONFIG_SEG_MAX, Integer.BYTES, MAX_SEGMENTS);
        config(CONFIG_BLOCK_SIZE, Integer.BYTES, SECTOR_BYTES);
        if (configuration.canDiscard())
        {
            config(CONFIG_MAX_DISCARD_SECTORS, Integer.BYTES, MAX_DISCARD_SECTORS);
            config(CONFIG_MAX_DISCARD_SEGMENTS, Integer.BYTES, 1);
            config(CONFIG_DISCARD_ALIGNMENT, Integer.BYTES, DISCARD_ALIGNMENT_SECTORS);
            config(CONFIG_WRITE_ZEROES_MAY_UNMAP, 1, 1);
        }
        if (!configuration.isReadOnly())
        {
            config(CONFIG_MAX_WRITE_ZEROES_SECTORS, Integer.BYTES, MAX_WRITE_ZEROES_SECTORS);
            config(CONFIG_MAX_WRITE_ZEROES_SEGMENTS, Integer.BYTES, 1);
        }
    }

    /** The oldest request that waits for the host, which is the next to be completed; null when none does. */
    public BlockRequest oldest()
    {
        return isLive() && count > 0 ? inFlight[first].request : null;
    }

    /** Completes the oldest request; does nothing without one. What was read is in its data. */
    public void complete(final BlockStatus status)
    {
        final BlockRequest request = oldest();
        if (request == null)
        {
            return;
        }
        final InFlight slot = inFlight[first];
        final boolean isRead = request.kind() == BlockRequest.Kind.READ;
        fold(status.ordinal());
        if (isRead && status == BlockStatus.OK)
        {
            fold(DataHash.of(request.data()));
            slot.chain.write(memory(), slot.done, request.data(), 0, request.data().length);
        }
        inFlightBytes -= request.data().length;
        slot.done += status == BlockStatus.OK ? request.data().length : 0;
        if (status == BlockStatus.OK && slot.left > 0)
        {
            submit(slot, request.kind(), request.offset() + request.length());
            return;
        }
        slot.request = null;
        first = (first + 1) % QUEUE_SIZE;
        count--;
        answer(slot.chain, status, isRead ? slot.done : 0);
        takeRequests();
        queue(REQUEST_QUEUE).signal();
    }

    @Override
    long features()
    {
        return FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_BLOCK_SIZE | FEATURE_FLUSH |
            (configuration.isReadOnly() ? FEATURE_READ_ONLY : FEATURE_WRITE_ZEROES) |
            (configuration.canDiscard() ? FEATURE_DISCARD : 0);
    }

    @Override
    int maxQueueSize(final int queue)
    {
        return QUEUE_SIZE;
    }

    @Override
    void onNotify(final int queue)
    {
        takeRequests();
        queue(REQUEST_QUEUE).signal();
    }

    @Override
    void onLive()
    {
        onNotify(REQUEST_QUEUE);
    }

    @Override
    void onQueueStopped(final int queue)
    {
        forgetRequests();
    }

    /** The host carries out what it was given all the same; only the guest is not told. */
    @Override
    void onReset()
    {
        forgetRequests();
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(nextNumber);
        to.write(contentHash);
        to.write(count);
        for (int i = 0; i < count; i++)
        {
            final InFlight slot = inFlight[(first + i) % QUEUE_SIZE];
            to.write(slot.request.number());
            to.write(slot.request.kind().ordinal());
            to.write(slot.request.offset());
            to.write(slot.request.length());
            to.write(slot.done);
            to.write(slot.left);
            slot.chain.save(to);
            if (isWrite(slot.request.kind()))
            {
                to.write(slot.request.data(), 0, slot.request.data().length);
            }
        }
    }

    /** The host of this machine gets all requests in flight: what another one did of them is not known. */
    @Override
    public void load(final StateReader from)
    {
        forgetRequests();
        nextNumber = from.readLong(0, Long.MAX_VALUE);
        contentHash = from.readLong();
        final int requests = from.readInt(0, QUEUE_SIZE);
        for (int i = 0; i < requests; i++)
        {
            loadRequest(from, inFlight[(first + count) % QUEUE_SIZE]);
        }
    }

    private void loadRequest(final StateReader from, final InFlight slot)
    {
        final long number = from.readLong(0, nextNumber - 1);
        final BlockRequest.Kind kind = from.readEnum(BlockRequest.Kind.values());
        final long offset = from.readLong(0, configuration.bytes());
        final long max = kind == BlockRequest.Kind.DISCARD ? (long)MAX_DISCARD_SECTORS * SECTOR_BYTES :
            kind == BlockRequest.Kind.WRITE_ZEROES ? (long)MAX_WRITE_ZEROES_SECTORS * SECTOR_BYTES : MAX_REQUEST_BYTES;
        final long length = from.readLong(0, Math.min(max, configuration.bytes() - offset));
        slot.done = from.readLong(0, configuration.bytes());
        slot.left = from.readLong(0, configuration.bytes());
        slot.chain.load(from, memory());
        checkRoom(slot, kind, length);
        final BlockRequest request = new BlockRequest(drive, number, kind, offset, length);
        if (isWrite(kind))
        {
            from.read(request.data(), 0, request.data().length);
        }
        count++;
        enter(slot, request);
    }

    private static void checkRoom(final InFlight slot, final BlockRequest.Kind kind, final long length)
    {
        final long data = slot.done + length + slot.left;
        final boolean fits = switch (kind)
        {
            case READ -> data < slot.chain.writableBytes();
            case WRITE, WRITE_THROUGH -> data <= slot.chain.readableBytes() - BlockHeader.BYTES;
            case FLUSH, DISCARD, WRITE_ZEROES -> true;
        };
        if (!fits || slot.chain.writableBytes() == 0)
        {
            throw new StateException("the saved state has a request for which its buffer has no room: it was damaged");
        }
    }

    private void forgetRequests()
    {
        for (; count > 0; count--)
        {
            inFlight[first].request = null;
            first = (first + 1) % QUEUE_SIZE;
        }
        inFlightBytes = 0;
    }

    /** Takes requests while there is room; the driver's others are taken when one is completed. */
    private void takeRequests()
    {
        final VirtQueue queue = queue(REQUEST_QUEUE);
        for (int i = 0; i < queue.size() && mayTake(); i++)
        {
            final InFlight slot = inFlight[(first + count) % QUEUE_SIZE];
            if (!queue.pop(slot.chain))
            {
                return;
            }
            if (slot.chain.writableBytes() == 0)
            {
                // Nowhere to say what is wrong.
                needsReset();
                return;
            }
            take(slot);
        }
    }

    private boolean mayTake()
    {
        return count < QUEUE_SIZE && inFlightBytes < MAX_IN_FLIGHT_BYTES &&
            (count == 0 || inFlight[(first + count - 1) % QUEUE_SIZE].left == 0);
    }

    private void take(final InFlight slot)
    {
        final DescriptorChain chain = slot.chain;
        if (chain.readableBytes() < BlockHeader.BYTES)
        {
            refuse(chain, BlockStatus.IOERR);
            return;
        }
        chain.read(memory(), 0, header, 0, BlockHeader.BYTES);
        final long sector = number(header, BlockHeader.SECTOR, Long.BYTES);
        switch ((int)number(header, BlockHeader.TYPE, Integer.BYTES))
        {
            case BlockHeader.IN ->
                transfer(slot, BlockRequest.Kind.READ, sector, chain.writableBytes() - 1);
            case BlockHeader.OUT ->
                transfer(slot, writeKind(), sector, chain.readableBytes() - BlockHeader.BYTES);
            case BlockHeader.FLUSH -> submit(slot, BlockRequest.Kind.FLUSH, 0, 0);
            case BlockHeader.GET_ID -> identify(chain);
            case BlockHeader.DISCARD -> clear(slot, BlockRequest.Kind.DISCARD);
            case BlockHeader.WRITE_ZEROES -> clear(slot, BlockRequest.Kind.WRITE_ZEROES);
            default -> refuse(chain, BlockStatus.UNSUPP);
        }
    }

    /** Section 5.2.6.2: for a driver that does not know FLUSH, what is written must be durable at once. */
    private BlockRequest.Kind writeKind()
    {
        return hasFeature(FEATURE_FLUSH) ? BlockRequest.Kind.WRITE : BlockRequest.Kind.WRITE_THROUGH;
    }

    private void transfer(final InFlight slot, final BlockRequest.Kind kind, final long sector, final long bytes)
    {
        final boolean isAllowed = kind == BlockRequest.Kind.READ || !configuration.isReadOnly();
        if (!isAllowed || bytes == 0 || bytes % SECTOR_BYTES != 0 ||
            !isOnDrive(sector, bytes / SECTOR_BYTES))
        {
            refuse(slot.chain, BlockStatus.IOERR);
            return;
        }
        submit(slot, kind, sector * SECTOR_BYTES, bytes);
    }

    private void clear(final InFlight slot, final BlockRequest.Kind kind)
    {
        final DescriptorChain chain = slot.chain;
        final boolean isDiscard = kind == BlockRequest.Kind.DISCARD;
        final long bytes = chain.readableBytes() - BlockHeader.BYTES;
        if (configuration.isReadOnly())
        {
            refuse(chain, BlockStatus.IOERR);
            return;
        }
        if (isDiscard && !configuration.canDiscard() || bytes > BlockHeader.SEGMENT_BYTES)
        {
            // One segment is what the configuration space allows.
            refuse(chain, BlockStatus.UNSUPP);
            return;
        }
        if (bytes < BlockHeader.SEGMENT_BYTES)
        {
            refuse(chain, BlockStatus.IOERR);
            return;
        }
        chain.read(memory(), BlockHeader.BYTES, segment, 0, BlockHeader.SEGMENT_BYTES);
        final long sector = number(segment, BlockHeader.SEGMENT_SECTOR, Long.BYTES);
        final long length = number(segment, BlockHeader.SEGMENT_SECTORS, Integer.BYTES) & LOW_WORD;
        final long flags = number(segment, BlockHeader.SEGMENT_FLAGS, Integer.BYTES) & LOW_WORD;
        final long knownFlags = isDiscard ? 0 : BlockHeader.FLAG_UNMAP;
        final long max = isDiscard ? MAX_DISCARD_SECTORS : MAX_WRITE_ZEROES_SECTORS;
        if ((flags & ~knownFlags) != 0)
        {
            refuse(chain, BlockStatus.UNSUPP);
        }
        else if (length == 0 || length > max || !isOnDrive(sector, length))
        {
            refuse(chain, BlockStatus.IOERR);
        }
        else
        {
            submit(slot, kind, sector * SECTOR_BYTES, length * SECTOR_BYTES);
        }
    }

    private void identify(final DescriptorChain chain)
    {
        if (chain.writableBytes() - 1 < DriveConfiguration.MAX_SERIAL_BYTES)
        {
            refuse(chain, BlockStatus.IOERR);
            return;
        }
        chain.write(memory(), 0, configuration.serialBytes(), 0, DriveConfiguration.MAX_SERIAL_BYTES);
        answer(chain, BlockStatus.OK, DriveConfiguration.MAX_SERIAL_BYTES);
    }

    /** Takes a request of the guest, and hands it or its first part to the host. */
    private void submit(final InFlight slot, final BlockRequest.Kind kind, final long offset, final long length)
    {
        slot.done = 0;
        slot.left = length;
        count++;
        submit(slot, kind, offset);
    }

    /** Hands the host what is left, as far as that is no more than it gets at once. */
    private void submit(final InFlight slot, final BlockRequest.Kind kind, final long offset)
    {
        final boolean hasData = kind == BlockRequest.Kind.READ || isWrite(kind);
        final long length = hasData ? Math.min(slot.left, MAX_REQUEST_BYTES) : slot.left;
        final BlockRequest request = new BlockRequest(drive, nextNumber, kind, offset, length);
        fold(kind.ordinal());
        fold(offset);
        fold(length);
        if (isWrite(kind))
        {
            slot.chain.read(memory(), BlockHeader.BYTES + slot.done, request.data(), 0, request.data().length);
            fold(DataHash.of(request.data()));
        }
        nextNumber++;
        slot.left -= length;
        enter(slot, request);
    }

    private static boolean isWrite(final BlockRequest.Kind kind)
    {
        return kind == BlockRequest.Kind.WRITE || kind == BlockRequest.Kind.WRITE_THROUGH;
    }

    private void enter(final InFlight slot, final BlockRequest request)
    {
        slot.request = request;
        inFlightBytes += request.data().length;
        host.submit(request);
    }

    private void refuse(final DescriptorChain chain, final BlockStatus status)
    {
        answer(chain, status, 0);
    }

    /**
     * Gives a buffer back. The number of written bytes that the driver is told counts from the buffer's begin and ends
     * at the first gap (section 2.7.8.2); the status is in the last byte.
     *
     * @param dataBytes number of bytes that were written at the buffer's begin
     */
    private void answer(final DescriptorChain chain, final BlockStatus status, final long dataBytes)
    {
        statusByte[0] = (byte)status.ordinal();
        final long statusAt = chain.writableBytes() - 1;
        chain.write(memory(), statusAt, statusByte, 0, 1);
        queue(REQUEST_QUEUE).push(chain.head(), (int)(dataBytes == statusAt ? dataBytes + 1 : dataBytes));
    }

    private boolean isOnDrive(final long sector, final long length)
    {
        return sector >= 0 && sector <= sectors && length <= sectors - sector;
    }

    private void fold(final long value)
    {
        contentHash = StateHash.mix(contentHash * MULTIPLIER + value);
    }

    private static long number(final byte[] from, final int offset, final int bytes)
    {
        long value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= (from[offset + i] & 0xFFL) << (Byte.SIZE * i);
        }
        return value;
    }
}
