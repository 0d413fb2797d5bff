package dev.understudy.guest.virtio;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Names the fields of a virtio-vsock packet header and reads and writes them in a byte array.
 * <pre>
 *    0               8              16          20          24
 *   +---------------+---------------+-----------+-----------+
 *   | src_cid       | dst_cid       | src_port  | dst_port  |
 *   +-----------+---+---+-----------+-----------+-----------+
 *   | len       |type|op| flags     | buf_alloc | fwd_cnt   |   payload: len bytes
 *   +-----------+----+--+-----------+-----------+-----------+
 *   24          28 30   32          36          40          44
 * </pre>
 * Little-endian. Source: virtio 1.2, section 5.10.6. Stateless.
 */
public final class VsockHeader
{
    /** Size of a header in bytes. */
    public static final int BYTES = 44;

    /** The largest payload of one packet in bytes, as in Linux (VIRTIO_VSOCK_MAX_PKT_BUF_SIZE). */
    public static final int MAX_PAYLOAD_BYTES = 64 * 1024;

    /** The largest packet in bytes. */
    public static final int MAX_PACKET_BYTES = BYTES + MAX_PAYLOAD_BYTES;

    /** Offset of the sender's context identifier, 8 bytes. */
    public static final int SRC_CID = 0;

    /** Offset of the receiver's context identifier, 8 bytes. */
    public static final int DST_CID = 8;

    /** Offset of the sender's port, 4 bytes, unsigned. */
    public static final int SRC_PORT = 16;

    /** Offset of the receiver's port, 4 bytes, unsigned. */
    public static final int DST_PORT = 20;

    /** Offset of the number of payload bytes, 4 bytes. */
    public static final int LEN = 24;

    /** Offset of the socket type, 2 bytes. */
    public static final int TYPE = 28;

    /** Offset of the operation, 2 bytes. */
    public static final int OP = 30;

    /** Offset of the flags of the operation, 4 bytes. */
    public static final int FLAGS = 32;

    /** Offset of the sender's receive buffer size in bytes, 4 bytes, unsigned. */
    public static final int BUF_ALLOC = 36;

    /** Offset of the free-running count of bytes that the sender has consumed, 4 bytes. */
    public static final int FWD_CNT = 40;

    /** Asks for a connection. */
    public static final int OP_REQUEST = 1;

    /** Accepts a connection. */
    public static final int OP_RESPONSE = 2;

    /** Ends or refuses a connection. */
    public static final int OP_RST = 3;

    /** Says that the sender will not receive or send any more, as the flags tell. */
    public static final int OP_SHUTDOWN = 4;

    /** Carries payload. */
    public static final int OP_RW = 5;

    /** Tells the sender's buffer space. */
    public static final int OP_CREDIT_UPDATE = 6;

    /** Asks for the receiver's buffer space. */
    public static final int OP_CREDIT_REQUEST = 7;

    /** The socket type of a byte stream. */
    public static final int TYPE_STREAM = 1;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will receive no more. */
    public static final int SHUTDOWN_RECEIVE = 1;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will send no more. */
    public static final int SHUTDOWN_SEND = 2;

    /** The context identifier of the host. */
    public static final long HOST_CID = 2;

    private static final VarHandle SHORT_VIEW =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_VIEW =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG_VIEW =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private VsockHeader()
    {
    }

    /** The sender's context identifier. */
    public static long srcCid(final byte[] packet, final int offset)
    {
        return (long)LONG_VIEW.get(packet, offset + SRC_CID);
    }

    /** The receiver's context identifier. */
    public static long dstCid(final byte[] packet, final int offset)
    {
        return (long)LONG_VIEW.get(packet, offset + DST_CID);
    }

    /** The sender's port; unsigned. */
    public static int srcPort(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + SRC_PORT);
    }

    /** The receiver's port; unsigned. */
    public static int dstPort(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + DST_PORT);
    }

    /** Number of payload bytes that the header claims; unsigned. */
    public static int len(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + LEN);
    }

    /** The socket type, 0 to 65535. */
    public static int type(final byte[] packet, final int offset)
    {
        return (short)SHORT_VIEW.get(packet, offset + TYPE) & 0xFFFF;
    }

    /** The operation, 0 to 65535. */
    public static int op(final byte[] packet, final int offset)
    {
        return (short)SHORT_VIEW.get(packet, offset + OP) & 0xFFFF;
    }

    /** The flags of the operation. */
    public static int flags(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + FLAGS);
    }

    /** The sender's receive buffer size in bytes; unsigned. */
    public static int bufAlloc(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + BUF_ALLOC);
    }

    /** The free-running count of bytes that the sender has consumed. */
    public static int fwdCnt(final byte[] packet, final int offset)
    {
        return (int)INT_VIEW.get(packet, offset + FWD_CNT);
    }

    /** Changes the number of payload bytes that the header claims. */
    public static void len(final byte[] packet, final int offset, final int payloadBytes)
    {
        INT_VIEW.set(packet, offset + LEN, payloadBytes);
    }

    /**
     * Writes a whole header of a stream socket.
     *
     * @param packet       with room for {@link #BYTES} bytes at {@code offset}
     * @param payloadBytes number of bytes that follow the header
     */
    public static void put(
        final byte[] packet,
        final int offset,
        final long srcCid,
        final int srcPort,
        final long dstCid,
        final int dstPort,
        final int op,
        final int flags,
        final int payloadBytes,
        final int bufAlloc,
        final int fwdCnt)
    {
        LONG_VIEW.set(packet, offset + SRC_CID, srcCid);
        LONG_VIEW.set(packet, offset + DST_CID, dstCid);
        INT_VIEW.set(packet, offset + SRC_PORT, srcPort);
        INT_VIEW.set(packet, offset + DST_PORT, dstPort);
        INT_VIEW.set(packet, offset + LEN, payloadBytes);
        SHORT_VIEW.set(packet, offset + TYPE, (short)TYPE_STREAM);
        SHORT_VIEW.set(packet, offset + OP, (short)op);
        INT_VIEW.set(packet, offset + FLAGS, flags);
        INT_VIEW.set(packet, offset + BUF_ALLOC, bufAlloc);
        INT_VIEW.set(packet, offset + FWD_CNT, fwdCnt);
    }

    /** Changes the socket type; {@link #put} writes {@link #TYPE_STREAM}. */
    public static void type(final byte[] packet, final int offset, final int type)
    {
        SHORT_VIEW.set(packet, offset + TYPE, (short)type);
    }
}
