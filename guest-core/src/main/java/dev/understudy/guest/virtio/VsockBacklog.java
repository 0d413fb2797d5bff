package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * The packets that wait for the guest's receive buffers, in order, in one ring of bytes.
 * <p>
 * Packets from the host and RST packets of the device itself have room of their own, so that neither crowds out the
 * other. Allocates nothing after construction. Owned by the hart thread.
 */
final class VsockBacklog implements Stateful
{
    /** Packets from the host that may wait. */
    static final int MAX_HOST_PACKETS = 2048;

    /** Bytes of packets from the host that may wait, headers included: the windows of many slow connections. */
    static final int MAX_HOST_BYTES = 4 << 20;

    private final int maxResets;
    private final byte[] bytes;

    /** Lengths of the packets in order, a ring; negative for an RST of the device itself. */
    private final int[] lengths;

    private int headByte;
    private int headPacket;
    @Derived("the packets")
    private int byteCount;
    private int packetCount;
    @Derived("the packets")
    private int hostBytes;
    @Derived("the packets")
    private int resets;

    VsockBacklog(final int maxResets)
    {
        this.maxResets = maxResets;
        bytes = new byte[MAX_HOST_BYTES + maxResets * VsockHeader.BYTES];
        lengths = new int[MAX_HOST_PACKETS + maxResets];
    }

    boolean isEmpty()
    {
        return packetCount == 0;
    }

    /** Number of RST packets of the device itself. */
    int resets()
    {
        return resets;
    }

    boolean hasRoom(final int length)
    {
        return packetCount - resets < MAX_HOST_PACKETS && length <= MAX_HOST_BYTES - hostBytes;
    }

    /** Appends a packet from the host; there is room. */
    void add(final byte[] packet, final int offset, final int length)
    {
        append(packet, offset, length, length);
        hostBytes += length;
    }

    /** Appends an RST of the device itself; false when there is no room. */
    boolean addReset(final byte[] header)
    {
        if (resets == maxResets)
        {
            return false;
        }
        append(header, 0, VsockHeader.BYTES, -VsockHeader.BYTES);
        resets++;
        return true;
    }

    /** Length of the oldest packet, which exists. */
    int firstLength()
    {
        return Math.abs(lengths[headPacket]);
    }

    /** Copies a part of the oldest packet. */
    void copyFirst(final int position, final byte[] to, final int index, final int length)
    {
        copyOut((headByte + position) % bytes.length, to, index, length);
    }

    /** Copies a part of the oldest packet into a buffer of the guest, from byte {@code at} of the buffer on. */
    void copyFirst(
        final int position, final GuestMemory memory, final DescriptorChain to, final int at, final int length)
    {
        final int from = (headByte + position) % bytes.length;
        final int untilEnd = Math.min(length, bytes.length - from);
        to.write(memory, at, bytes, from, untilEnd);
        if (untilEnd < length)
        {
            to.write(memory, at + untilEnd, bytes, 0, length - untilEnd);
        }
    }

    void removeFirst()
    {
        final int length = lengths[headPacket];
        final int size = Math.abs(length);
        headByte = (headByte + size) % bytes.length;
        byteCount -= size;
        headPacket = (headPacket + 1) % lengths.length;
        packetCount--;
        if (length < 0)
        {
            resets--;
        }
        else
        {
            hostBytes -= size;
        }
    }

    void clear()
    {
        headByte = 0;
        headPacket = 0;
        byteCount = 0;
        packetCount = 0;
        hostBytes = 0;
        resets = 0;
    }

    /**
     * Removes all packets of the given connections, in place and in order.
     *
     * @return whether the oldest packet was removed
     */
    boolean removeAll(final VsockConnections connections)
    {
        final byte[] header = new byte[VsockHeader.BYTES];
        final int packets = packetCount;
        boolean isFirstRemoved = false;
        // Every packet leaves at the head; those that stay enter again at the tail, where there is room by then.
        for (int i = 0; i < packets; i++)
        {
            final int length = lengths[headPacket];
            final int size = Math.abs(length);
            copyFirst(0, header, 0, VsockHeader.BYTES);
            if (connections.contains(VsockHeader.dstPort(header, 0), VsockHeader.srcPort(header, 0)))
            {
                isFirstRemoved |= i == 0;
                removeFirst();
                continue;
            }
            final byte[] packet = new byte[size];
            copyFirst(0, packet, 0, size);
            removeFirst();
            if (length < 0)
            {
                addReset(packet);
            }
            else
            {
                add(packet, 0, size);
            }
        }
        return isFirstRemoved;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(packetCount);
        int at = headByte;
        for (int i = 0; i < packetCount; i++)
        {
            final int length = lengths[(headPacket + i) % lengths.length];
            to.write(length);
            for (int j = 0; j < Math.abs(length); j++)
            {
                to.write(bytes[at]);
                at = at + 1 == bytes.length ? 0 : at + 1;
            }
        }
    }

    @Override
    public void load(final StateReader from)
    {
        clear();
        final int packets = from.readInt(0, lengths.length);
        for (int i = 0; i < packets; i++)
        {
            final int length = from.readInt(-VsockHeader.BYTES, VsockHeader.MAX_PACKET_BYTES);
            final byte[] packet = new byte[Math.abs(length)];
            for (int j = 0; j < packet.length; j++)
            {
                packet[j] = from.readByte();
            }
            if (length > 0 && hasRoom(length))
            {
                add(packet, 0, length);
            }
            else if (length != -VsockHeader.BYTES || !addReset(packet))
            {
                throw new StateException("the saved state has packets for which there is no room: it was damaged");
            }
        }
    }

    private void append(final byte[] packet, final int offset, final int length, final int signedLength)
    {
        final int at = (headByte + byteCount) % bytes.length;
        final int untilEnd = Math.min(length, bytes.length - at);
        System.arraycopy(packet, offset, bytes, at, untilEnd);
        System.arraycopy(packet, offset + untilEnd, bytes, 0, length - untilEnd);
        byteCount += length;
        lengths[(headPacket + packetCount) % lengths.length] = signedLength;
        packetCount++;
    }

    private void copyOut(final int from, final byte[] to, final int index, final int length)
    {
        final int untilEnd = Math.min(length, bytes.length - from);
        System.arraycopy(bytes, from, to, index, untilEnd);
        System.arraycopy(bytes, 0, to, index + untilEnd, length - untilEnd);
    }
}
