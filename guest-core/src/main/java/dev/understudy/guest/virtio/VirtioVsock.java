package dev.understudy.guest.virtio;

import dev.understudy.guest.OutputSink;
import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Stream sockets between guest and host. Source: virtio 1.2, section 5.10. Owned by the hart thread.
 * <p>
 * Packets from the host are written to the guest's buffers at once when there are any, and wait in a bounded backlog
 * otherwise. The device follows which connections exist, so that it can reset them all when another replica takes
 * over, whose host knows none of them.
 */
public final class VirtioVsock extends VirtioDevice
{
    /** The most packets that wait for buffers of the guest. */
    static final int MAX_BACKLOG_PACKETS = 2048;

    /** The most bytes that wait for buffers of the guest. */
    static final int MAX_BACKLOG_BYTES = 4 << 20;

    private static final int DEVICE_ID = 19;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private static final VarHandle SHORT =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long guestCid;
    private final OutputSink sink;
    private final byte[] packet = new byte[VsockHeader.BYTES + VsockHeader.MAX_PAYLOAD_BYTES];
    private final byte[] header = new byte[VsockHeader.BYTES];

    private final ArrayDeque<byte[]> backlog = new ArrayDeque<>();
    private int backlogBytes;

    /** How much of the payload of the backlog's first packet the guest has already. */
    private int headDelivered;

    /** The connections, guest's port in the high half and host's in the low, in ascending order. */
    private long[] connections = new long[64];
    private int connectionCount;

    public VirtioVsock(final GuestMemory memory, final long guestCid, final OutputSink sink)
    {
        super(memory, 3);
        this.guestCid = guestCid;
        this.sink = sink;
    }

    /** Whether {@link #receive} would take a packet of this length, header included. */
    public boolean canReceive(final int length)
    {
        return isLive() && backlog.size() < MAX_BACKLOG_PACKETS && backlogBytes + length <= MAX_BACKLOG_BYTES;
    }

    /**
     * Takes a packet from the host.
     *
     * @return false, and nothing has changed, when there is no room or no driver
     */
    public boolean receive(final byte[] data, final int offset, final int length)
    {
        if (!canReceive(length) || length < VsockHeader.BYTES)
        {
            return false;
        }
        final int op = (short)SHORT.get(data, offset + VsockHeader.OP);
        final long key = key(
            (int)INT.get(data, offset + VsockHeader.DST_PORT), (int)INT.get(data, offset + VsockHeader.SRC_PORT));
        if (op == VsockHeader.OP_REQUEST)
        {
            addConnection(key);
        }
        else if (op == VsockHeader.OP_RST)
        {
            removeConnection(key);
        }
        backlog.add(Arrays.copyOfRange(data, offset, offset + length));
        backlogBytes += length;
        deliver();
        return true;
    }

    /** Number of connections that neither side has reset. */
    public int connections()
    {
        return connectionCount;
    }

    /** Sends the guest a reset for every connection; what waited for it on these is dropped. */
    public void resetConnections()
    {
        if (!isLive())
        {
            connectionCount = 0;
            return;
        }
        clearBacklog();
        for (int i = 0; i < connectionCount; i++)
        {
            backlog.add(reset((int)(connections[i] >>> 32), (int)connections[i]));
            backlogBytes += VsockHeader.BYTES;
        }
        connectionCount = 0;
        deliver();
    }

    @Override
    int deviceId()
    {
        return DEVICE_ID;
    }

    @Override
    long features()
    {
        return 0;
    }

    @Override
    void onNotify(final int queue)
    {
        if (queue == TRANSMIT)
        {
            transmit();
        }
        else if (queue == RECEIVE)
        {
            deliver();
        }
    }

    @Override
    void onLive()
    {
        deliver();
    }

    /** A driver that starts over knows no connection: the host is told, in the guest's name. */
    @Override
    void onReset()
    {
        clearBacklog();
        final int count = connectionCount;
        connectionCount = 0;
        for (int i = 0; i < count; i++)
        {
            final byte[] toHost = reset((int)(connections[i] >>> 32), (int)connections[i]);
            LONG.set(toHost, VsockHeader.SRC_CID, guestCid);
            LONG.set(toHost, VsockHeader.DST_CID, VsockHeader.HOST_CID);
            INT.set(toHost, VsockHeader.SRC_PORT, (int)(connections[i] >>> 32));
            INT.set(toHost, VsockHeader.DST_PORT, (int)connections[i]);
            sink.onVsock(toHost, 0, toHost.length);
        }
    }

    @Override
    int configuration(final int offset)
    {
        return offset >= 0 && offset < Long.BYTES ? (int)(guestCid >>> (8 * offset)) & 0xFF : 0;
    }

    private void transmit()
    {
        final VirtQueue queue = queues[TRANSMIT];
        boolean isUsed = false;
        for (int head = queue.pop(); head >= 0; head = queue.pop())
        {
            final int length = gather(queue);
            if (length < 0)
            {
                needsReset();
                return;
            }
            queue.push(head, 0);
            isUsed = true;
            send(length);
        }
        finish(queue, isUsed);
    }

    /** Copies a chain to {@link #packet}; returns its length, or -1 when it is not one packet. */
    private int gather(final VirtQueue queue)
    {
        int length = 0;
        while (queue.next())
        {
            if (queue.isWritable() || queue.length() > packet.length - length)
            {
                return -1;
            }
            memory.read(queue.address(), packet, length, queue.length());
            length += queue.length();
        }
        if (queue.isBroken() || length < VsockHeader.BYTES)
        {
            return -1;
        }
        final int payload = (int)INT.get(packet, VsockHeader.LEN);
        return payload < 0 || payload > length - VsockHeader.BYTES ? -1 : VsockHeader.BYTES + payload;
    }

    private void send(final int length)
    {
        final int guestPort = (int)INT.get(packet, VsockHeader.SRC_PORT);
        final int hostPort = (int)INT.get(packet, VsockHeader.DST_PORT);
        final int op = (short)SHORT.get(packet, VsockHeader.OP);
        final boolean isForHost = (long)LONG.get(packet, VsockHeader.SRC_CID) == guestCid &&
            (long)LONG.get(packet, VsockHeader.DST_CID) == VsockHeader.HOST_CID;
        if (!isForHost)
        {
            // Section 5.10.6: packets with an unknown address are dropped.
            return;
        }
        if ((short)SHORT.get(packet, VsockHeader.TYPE) != VsockHeader.TYPE_STREAM)
        {
            if (op != VsockHeader.OP_RST && backlog.size() < MAX_BACKLOG_PACKETS)
            {
                backlog.add(reset(guestPort, hostPort));
                backlogBytes += VsockHeader.BYTES;
                deliver();
            }
            return;
        }
        if (op == VsockHeader.OP_RST)
        {
            removeConnection(key(guestPort, hostPort));
        }
        sink.onVsock(packet, 0, length);
    }

    private void deliver()
    {
        if (!isLive())
        {
            return;
        }
        final VirtQueue queue = queues[RECEIVE];
        boolean isUsed = false;
        while (!backlog.isEmpty())
        {
            final int head = queue.pop();
            if (head < 0)
            {
                break;
            }
            final int written = scatter(queue, backlog.peek());
            if (written < 0)
            {
                needsReset();
                return;
            }
            queue.push(head, written);
            isUsed = true;
        }
        finish(queue, isUsed);
    }

    /** Writes the first packet of the backlog, or as much of it as fits, to a chain; -1 when the chain is unfit. */
    private int scatter(final VirtQueue queue, final byte[] data)
    {
        final int payload = data.length - VsockHeader.BYTES - headDelivered;
        System.arraycopy(data, 0, header, 0, VsockHeader.BYTES);
        long firstAddress = 0;
        int written = 0;
        while (queue.next())
        {
            if (!queue.isWritable() || (written == 0 && queue.length() < VsockHeader.BYTES))
            {
                return -1;
            }
            int at = 0;
            if (written == 0)
            {
                // The header goes last: the length is known when it is known how much fits.
                firstAddress = queue.address();
                at = VsockHeader.BYTES;
                written = VsockHeader.BYTES;
            }
            final int done = written - VsockHeader.BYTES;
            final int count = Math.min(queue.length() - at, payload - done);
            memory.write(queue.address() + at, data, VsockHeader.BYTES + headDelivered + done, count);
            written += count;
        }
        if (queue.isBroken() || written == 0)
        {
            return -1;
        }
        final int delivered = written - VsockHeader.BYTES;
        if (payload > 0 && delivered == 0)
        {
            return -1;
        }
        INT.set(header, VsockHeader.LEN, delivered);
        memory.write(firstAddress, header, 0, VsockHeader.BYTES);
        headDelivered += delivered;
        if (delivered == payload)
        {
            backlog.remove();
            backlogBytes -= data.length;
            headDelivered = 0;
        }
        return written;
    }

    private byte[] reset(final int guestPort, final int hostPort)
    {
        final byte[] data = new byte[VsockHeader.BYTES];
        LONG.set(data, VsockHeader.SRC_CID, VsockHeader.HOST_CID);
        LONG.set(data, VsockHeader.DST_CID, guestCid);
        INT.set(data, VsockHeader.SRC_PORT, hostPort);
        INT.set(data, VsockHeader.DST_PORT, guestPort);
        SHORT.set(data, VsockHeader.TYPE, (short)VsockHeader.TYPE_STREAM);
        SHORT.set(data, VsockHeader.OP, (short)VsockHeader.OP_RST);
        return data;
    }

    private void clearBacklog()
    {
        backlog.clear();
        backlogBytes = 0;
        headDelivered = 0;
    }

    private static long key(final int guestPort, final int hostPort)
    {
        return (long)guestPort << 32 | (hostPort & 0xFFFF_FFFFL);
    }

    private void addConnection(final long key)
    {
        final int at = Arrays.binarySearch(connections, 0, connectionCount, key);
        if (at >= 0)
        {
            return;
        }
        if (connectionCount == connections.length)
        {
            connections = Arrays.copyOf(connections, 2 * connectionCount);
        }
        final int insertion = -at - 1;
        System.arraycopy(connections, insertion, connections, insertion + 1, connectionCount - insertion);
        connections[insertion] = key;
        connectionCount++;
    }

    private void removeConnection(final long key)
    {
        final int at = Arrays.binarySearch(connections, 0, connectionCount, key);
        if (at >= 0)
        {
            connectionCount--;
            System.arraycopy(connections, at + 1, connections, at, connectionCount - at);
        }
    }

    @Override
    void digest(final StateHash hash)
    {
        hash.add(guestCid);
        hash.add(backlog.size());
        for (final byte[] waiting : backlog)
        {
            hash.add(waiting, 0, waiting.length);
        }
        hash.add(headDelivered);
        hash.add(connectionCount);
        for (int i = 0; i < connectionCount; i++)
        {
            hash.add(connections[i]);
        }
    }
}
