package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import java.util.Locale;

/**
 * The guest's end of stream sockets between guest and host.
 * <p>
 * Carries packets and follows which connections they open and end; buffer space and data are the business of the two
 * ends. Packets for the guest wait in a bounded backlog until it offers buffers. Nothing is allocated while packets
 * flow. Owned by the hart thread. Source: virtio 1.2, section 5.10.
 */
public final class VirtioVsock extends VirtioDevice
{
    /** The lowest context identifier that a guest can have; those below are reserved. */
    public static final long MIN_GUEST_CID = 3;

    /** Connections that may be live at once; requests beyond that are refused. */
    public static final int MAX_CONNECTIONS = VsockConnections.MAX_CONNECTIONS;

    static final int ID = 19;
    static final int RECEIVE_QUEUE = 0;
    static final int TRANSMIT_QUEUE = 1;
    static final long FEATURE_STREAM = 1;

    /** RST packets of the device that may wait for the guest beyond one for each live connection. */
    static final int MAX_REPLIES = 256;

    /** The third is for events, of which this device sends none: it resets connections one by one. */
    private static final int QUEUES = 3;
    private static final int CID_BYTES = 8;

    private static final int MAX_RESETS = VsockConnections.MAX_CONNECTIONS + MAX_REPLIES;

    private final long guestCid;
    private final OutputSink output;
    private final VsockConnections connections = new VsockConnections();
    private final VsockBacklog backlog = new VsockBacklog(MAX_RESETS);

    /** Payload bytes of the oldest packet of the backlog that the guest already has. */
    private int deliveredBytes;

    @Derived("nothing: scratch")
    private final byte[] packet = new byte[VsockHeader.MAX_PACKET_BYTES];
    @Derived("nothing: scratch")
    private final byte[] header = new byte[VsockHeader.BYTES];

    /**
     * @param memory   the RAM that the driver's buffers are in
     * @param guestCid the guest's context identifier, {@link #MIN_GUEST_CID} to 2^32 - 2
     * @param output   called during the guest's stores to QueueNotify and Status and, to refuse a request, during
     *                 {@link #receive}; once for each packet
     */
    public VirtioVsock(final GuestMemory memory, final long guestCid, final OutputSink output)
    {
        super(memory, ID, QUEUES, CID_BYTES);
        if (guestCid < MIN_GUEST_CID || guestCid >= 0xFFFF_FFFFL)
        {
            throw new IllegalArgumentException("vsock context identifier " + guestCid + ": expected " +
                MIN_GUEST_CID + " to 4294967294");
        }
        this.guestCid = guestCid;
        config(0, CID_BYTES, guestCid);
        this.output = output;
    }

    /**
     * Whether {@link #receive} would take a packet of {@code length} bytes, header included; never without a driver.
     */
    public boolean canReceive(final int length)
    {
        // A connection that the packet may open must leave room for its own RST.
        return isLive() && connections.count() + backlog.resets() < MAX_RESETS && backlog.hasRoom(length);
    }

    /**
     * Takes a packet from the host for the guest, which gets it as soon as it has buffers.
     * <p>
     * A request for one connection too many is answered with an RST through the sink.
     *
     * @param from from {@link VsockHeader#HOST_CID} to the guest; header and payload as {@link VsockHeader} draws it
     * @return false when there is no room or no driver; nothing has changed then
     * @throws IllegalArgumentException if this is no such packet
     */
    public boolean receive(final byte[] from, final int offset, final int length)
    {
        checkFromHost(from, offset, length);
        if (!canReceive(length))
        {
            return false;
        }
        final int guestPort = VsockHeader.dstPort(from, offset);
        final int hostPort = VsockHeader.srcPort(from, offset);
        final int op = VsockHeader.op(from, offset);
        if (op == VsockHeader.OP_REQUEST)
        {
            if (connections.isFull() && !connections.contains(guestPort, hostPort))
            {
                resetHost(guestPort, hostPort);
                return true;
            }
            connections.add(guestPort, hostPort);
        }
        else if (op == VsockHeader.OP_RST)
        {
            connections.remove(guestPort, hostPort);
        }
        backlog.add(from, offset, length);
        deliver();
        return true;
    }

    /**
     * Ends all connections towards the guest, as if the host's end had vanished: the backlog forgets their packets and
     * the guest gets an RST for each, ordered by guest port, then host port. The sink is not called.
     */
    public void resetConnections()
    {
        if (backlog.removeAll(connections))
        {
            deliveredBytes = 0;
        }
        for (int i = 0; i < connections.count(); i++)
        {
            putReset(VsockHeader.HOST_CID, connections.hostPort(i), guestCid, connections.guestPort(i));
            backlog.addReset(header);
        }
        connections.clear();
        deliver();
    }

    /** Number of connections that have been asked for and not reset. */
    public int connections()
    {
        return connections.count();
    }

    @Override
    long features()
    {
        return FEATURE_STREAM;
    }

    @Override
    void onNotify(final int queue)
    {
        if (queue == TRANSMIT_QUEUE)
        {
            transmit();
            // The guest's packets may have been answered by the device.
            deliver();
        }
        else if (queue == RECEIVE_QUEUE)
        {
            deliver();
        }
    }

    @Override
    void onLive()
    {
        onNotify(TRANSMIT_QUEUE);
    }

    /** The guest's sockets are gone: the host's ends learn it, in order. */
    @Override
    void onReset()
    {
        for (int i = 0; i < connections.count(); i++)
        {
            resetHost(connections.guestPort(i), connections.hostPort(i));
        }
        connections.clear();
        backlog.clear();
        deliveredBytes = 0;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(deliveredBytes);
        connections.save(to);
        backlog.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        deliveredBytes = from.readInt(0, VsockHeader.MAX_PACKET_BYTES);
        connections.load(from);
        backlog.load(from);
    }

    private void checkFromHost(final byte[] from, final int offset, final int length)
    {
        final boolean isPacket = length >= VsockHeader.BYTES && length <= VsockHeader.MAX_PACKET_BYTES &&
            VsockHeader.len(from, offset) == length - VsockHeader.BYTES &&
            VsockHeader.type(from, offset) == VsockHeader.TYPE_STREAM &&
            VsockHeader.srcCid(from, offset) == VsockHeader.HOST_CID &&
            VsockHeader.dstCid(from, offset) == guestCid &&
            isOperation(VsockHeader.op(from, offset), length - VsockHeader.BYTES);
        if (!isPacket)
        {
            throw new IllegalArgumentException("not a vsock stream packet from the host to context " + guestCid +
                ": " + (length < VsockHeader.BYTES ? length + " bytes, a header has " + VsockHeader.BYTES :
                    String.format(Locale.ROOT, "%d bytes with len %d, type %d, op %d, from context %d to %d", length,
                        VsockHeader.len(from, offset), VsockHeader.type(from, offset), VsockHeader.op(from, offset),
                        VsockHeader.srcCid(from, offset), VsockHeader.dstCid(from, offset))));
        }
    }

    private static boolean isOperation(final int op, final int payloadBytes)
    {
        return op >= VsockHeader.OP_REQUEST && op <= VsockHeader.OP_CREDIT_REQUEST &&
            (payloadBytes == 0 || op == VsockHeader.OP_RW);
    }

    private void transmit()
    {
        final VirtQueue queue = queue(TRANSMIT_QUEUE);
        final DescriptorChain chain = chain();
        long room = MAX_NOTIFY_BYTES;
        for (int i = 0; i < queue.size() && queue.pop(chain); i++)
        {
            room -= chain.readableBytes();
            if (chain.writableBytes() > 0 || chain.readableBytes() < VsockHeader.BYTES || room < 0)
            {
                needsReset();
                break;
            }
            transmit(chain);
            queue.push(chain.head(), 0);
        }
        queue.signal();
    }

    /** One packet of the guest, which may be of any length: the host gets a long one as several. */
    private void transmit(final DescriptorChain chain)
    {
        final int payloadBytes = (int)chain.readableBytes() - VsockHeader.BYTES;
        chain.read(memory(), packet, 0, VsockHeader.BYTES);
        if (VsockHeader.len(packet, 0) != payloadBytes)
        {
            // Section 5.10.6: what is not properly formed is dropped, as Linux's host end does.
            return;
        }
        int done = 0;
        do
        {
            final int count = Math.min(payloadBytes - done, VsockHeader.MAX_PAYLOAD_BYTES);
            chain.read(memory(), VsockHeader.BYTES + done, packet, VsockHeader.BYTES, count);
            VsockHeader.len(packet, 0, count);
            onGuestPacket(VsockHeader.BYTES + count);
            done += count;
        }
        while (done < payloadBytes);
    }

    /** Section 5.10.6: a packet that is not properly addressed is dropped, as Linux's host end does. */
    private void onGuestPacket(final int length)
    {
        if (VsockHeader.srcCid(packet, 0) != guestCid)
        {
            return;
        }
        final int op = VsockHeader.op(packet, 0);
        final int type = VsockHeader.type(packet, 0);
        if (type != VsockHeader.TYPE_STREAM || VsockHeader.dstCid(packet, 0) != VsockHeader.HOST_CID)
        {
            // An unknown type must be answered with RST; where nobody is, nobody listens.
            refuse(op, type);
            return;
        }
        if (!isOperation(op, length - VsockHeader.BYTES))
        {
            return;
        }
        final int guestPort = VsockHeader.srcPort(packet, 0);
        final int hostPort = VsockHeader.dstPort(packet, 0);
        if (op == VsockHeader.OP_REQUEST)
        {
            final boolean hasRoom = connections.contains(guestPort, hostPort) ||
                (!connections.isFull() && connections.count() + backlog.resets() < MAX_RESETS);
            if (!hasRoom)
            {
                refuse(op, type);
                return;
            }
            connections.add(guestPort, hostPort);
        }
        else if (op == VsockHeader.OP_RST)
        {
            connections.remove(guestPort, hostPort);
        }
        output.sendVsock(packet, 0, length);
    }

    /** Answers the guest's packet with RST; not an RST itself, and not while too many answers wait for the guest. */
    private void refuse(final int op, final int type)
    {
        if (op != VsockHeader.OP_RST && connections.count() + backlog.resets() < MAX_RESETS)
        {
            putReset(VsockHeader.dstCid(packet, 0), VsockHeader.dstPort(packet, 0),
                guestCid, VsockHeader.srcPort(packet, 0));
            VsockHeader.type(header, 0, type);
            backlog.addReset(header);
        }
    }

    private void resetHost(final int guestPort, final int hostPort)
    {
        putReset(guestCid, guestPort, VsockHeader.HOST_CID, hostPort);
        output.sendVsock(header, 0, VsockHeader.BYTES);
    }

    private void putReset(final long srcCid, final int srcPort, final long dstCid, final int dstPort)
    {
        VsockHeader.put(header, 0, srcCid, srcPort, dstCid, dstPort, VsockHeader.OP_RST, 0, 0, 0, 0);
    }

    /** Fills the guest's buffers; a payload that is larger than one of them becomes several packets. */
    private void deliver()
    {
        if (!isLive() || backlog.isEmpty())
        {
            return;
        }
        final VirtQueue queue = queue(RECEIVE_QUEUE);
        final DescriptorChain chain = chain();
        for (int i = 0; i < queue.size() && !backlog.isEmpty() && queue.pop(chain); i++)
        {
            if (chain.readableBytes() > 0 || chain.writableBytes() <= VsockHeader.BYTES)
            {
                needsReset();
                break;
            }
            final int payloadBytes = backlog.firstLength() - VsockHeader.BYTES;
            final int pieceBytes =
                (int)Math.min(payloadBytes - deliveredBytes, chain.writableBytes() - VsockHeader.BYTES);
            backlog.copyFirst(0, header, 0, VsockHeader.BYTES);
            VsockHeader.len(header, 0, pieceBytes);
            chain.write(memory(), 0, header, 0, VsockHeader.BYTES);
            backlog.copyFirst(VsockHeader.BYTES + deliveredBytes, memory(), chain, VsockHeader.BYTES, pieceBytes);
            queue.push(chain.head(), VsockHeader.BYTES + pieceBytes);
            deliveredBytes += pieceBytes;
            if (deliveredBytes == payloadBytes)
            {
                deliveredBytes = 0;
                backlog.removeFirst();
            }
        }
        queue.signal();
    }
}
