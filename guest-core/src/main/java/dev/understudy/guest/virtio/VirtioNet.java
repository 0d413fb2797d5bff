package dev.understudy.guest.virtio;

import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * A network card: hands the guest's Ethernet frames to a sink, and the world's to the guest.
 * <p>
 * Keeps no frame: one of the world is taken only when the guest has a buffer for it, so that whoever offers it decides
 * whether it waits or is lost before it is an event. Offers neither checksums nor segmentation: every frame is whole.
 * The link is always up. Nothing is allocated while frames flow. Owned by the hart thread. Source: virtio 1.2, section
 * 5.1.
 * <pre>
 *   in every buffer
 *  +----------+-------------+------------+-------------+---------------+----------------+---------------+---------+
 *  | flags  1 | gso_type  1 | hdr_len  2 | gso_size  2 | csum_start  2 | csum_offset  2 | num_buffers 2 | frame   |
 *  +----------+-------------+------------+-------------+---------------+----------------+---------------+---------+
 * </pre>
 */
public final class VirtioNet extends VirtioDevice
{
    /** The longest packet that a frame carries, in bytes: Ethernet's. */
    public static final int MTU = 1500;

    /** The shortest frame in bytes: two addresses and a type. */
    public static final int MIN_FRAME_BYTES = 14;

    /** The longest frame in bytes, without a checksum. */
    public static final int MAX_FRAME_BYTES = MIN_FRAME_BYTES + MTU;

    static final int ID = 1;
    static final int RECEIVE_QUEUE = 0;
    static final int TRANSMIT_QUEUE = 1;

    static final long FEATURE_MTU = 1L << 3;
    static final long FEATURE_MAC = 1L << 5;
    static final long FEATURE_STATUS = 1L << 16;

    static final int HEADER_BYTES = 12;
    static final int HEADER_NUM_BUFFERS = 10;

    static final int CONFIG_STATUS = 6;
    static final int CONFIG_MTU = 10;
    static final int STATUS_LINK_UP = 1;

    private static final int QUEUES = 2;

    /** {@code u8 mac[6]; le16 status; le16 max_virtqueue_pairs; le16 mtu}; one pair of queues has no number. */
    private static final int CONFIG_BYTES = 12;

    @Derived("who made the machine")
    private final MacAddress mac;
    private final OutputSink output;

    /** Goes before every frame for the guest: nothing is left to the driver, and the frame is in this one buffer. */
    @Derived("nothing: scratch")
    private final byte[] receiveHeader = new byte[HEADER_BYTES];
    @Derived("nothing: scratch")
    private final byte[] transmitted = new byte[MAX_FRAME_BYTES];

    /**
     * @param memory the RAM that the driver's buffers are in
     * @param mac    the address that the driver is told
     * @param output called during the guest's stores to QueueNotify and Status, once for each frame
     */
    public VirtioNet(final GuestMemory memory, final MacAddress mac, final OutputSink output)
    {
        super(memory, ID, QUEUES, CONFIG_BYTES);
        this.mac = mac;
        this.output = output;
        configMac();
        config(CONFIG_STATUS, Short.BYTES, STATUS_LINK_UP);
        config(CONFIG_MTU, Short.BYTES, MTU);
        receiveHeader[HEADER_NUM_BUFFERS] = 1;
    }

    private void configMac()
    {
        for (int i = 0; i < MacAddress.BYTES; i++)
        {
            config(i, 1, mac.bytes()[i]);
        }
    }

    /** Whether a frame has the length of one, in bytes. */
    public static boolean isFrame(final int length)
    {
        return length >= MIN_FRAME_BYTES && length <= MAX_FRAME_BYTES;
    }

    /** Whether a driver uses the device; without one there is nobody to wait for. */
    public boolean isUsed()
    {
        return isLive();
    }

    /** Whether {@link #receive} would take a frame: the driver has a buffer for it. */
    public boolean canReceive()
    {
        return isLive() && queue(RECEIVE_QUEUE).hasAvailable();
    }

    /**
     * Puts a frame of the world into the guest's next buffer.
     * <p>
     * A buffer that is no buffer for frames stops the device until the driver resets it; the frame is lost then.
     *
     * @return false when the guest has no buffer; nothing has changed then
     * @throws IllegalArgumentException if the length is not that of a frame
     */
    public boolean receive(final byte[] from, final int offset, final int length)
    {
        if (!isFrame(length))
        {
            throw new IllegalArgumentException("a frame of " + length + " bytes: expected " + MIN_FRAME_BYTES + " to " +
                MAX_FRAME_BYTES);
        }
        if (!canReceive())
        {
            return false;
        }
        final VirtQueue queue = queue(RECEIVE_QUEUE);
        final DescriptorChain chain = chain();
        if (!queue.pop(chain))
        {
            return true;
        }
        if (chain.readableBytes() > 0 || chain.writableBytes() < HEADER_BYTES + length)
        {
            // Section 5.1.6.3.1: a buffer has room for the longest frame.
            needsReset();
            return true;
        }
        chain.write(memory(), 0, receiveHeader, 0, HEADER_BYTES);
        chain.write(memory(), HEADER_BYTES, from, offset, length);
        queue.push(chain.head(), HEADER_BYTES + length);
        queue.signal();
        return true;
    }

    @Override
    long features()
    {
        return FEATURE_MTU | FEATURE_MAC | FEATURE_STATUS;
    }

    @Override
    void onNotify(final int queue)
    {
        if (queue == TRANSMIT_QUEUE)
        {
            transmit();
        }
    }

    @Override
    void onLive()
    {
        transmit();
    }

    @Override
    public void save(final StateWriter to)
    {
        // All of it is in the configuration space.
    }

    @Override
    public void load(final StateReader from)
    {
        // All of it is in the configuration space. A clone may have another address than the machine whose state it has.
        configMac();
    }

    /** What asks for an offload that was not offered is sent as it is: the receiver finds the checksum wrong. */
    private void transmit()
    {
        final VirtQueue queue = queue(TRANSMIT_QUEUE);
        final DescriptorChain chain = chain();
        for (int i = 0; i < queue.size() && queue.pop(chain); i++)
        {
            if (chain.writableBytes() > 0 || chain.readableBytes() < HEADER_BYTES)
            {
                needsReset();
                break;
            }
            final long length = chain.readableBytes() - HEADER_BYTES;
            if (length >= MIN_FRAME_BYTES && length <= MAX_FRAME_BYTES)
            {
                chain.read(memory(), HEADER_BYTES, transmitted, 0, (int)length);
                output.sendFrame(transmitted, 0, (int)length);
            }
            queue.push(chain.head(), 0);
        }
        queue.signal();
    }
}
