package dev.understudy.guest.virtio;

/**
 * The header of a vsock packet, little-endian. Source: virtio 1.2, section 5.10.6.
 * <pre>
 *   0                8                16         20         24         28    30    32       36          40
 *  +----------------+----------------+----------+----------+----------+-----+-----+--------+-----------+---------+
 *  | src_cid        | dst_cid        | src_port | dst_port | len      | type| op  | flags  | buf_alloc | fwd_cnt |
 *  +----------------+----------------+----------+----------+----------+-----+-----+--------+-----------+---------+
 * </pre>
 */
public final class VsockHeader
{
    /** Length of the header in bytes. */
    public static final int BYTES = 44;

    /** The most payload that one packet carries, in bytes. */
    public static final int MAX_PAYLOAD_BYTES = 64 * 1024;

    public static final int SRC_CID = 0;
    public static final int DST_CID = 8;
    public static final int SRC_PORT = 16;
    public static final int DST_PORT = 20;
    public static final int LEN = 24;
    public static final int TYPE = 28;
    public static final int OP = 30;
    public static final int FLAGS = 32;
    public static final int BUF_ALLOC = 36;
    public static final int FWD_CNT = 40;

    public static final int TYPE_STREAM = 1;

    public static final int OP_REQUEST = 1;
    public static final int OP_RESPONSE = 2;
    public static final int OP_RST = 3;
    public static final int OP_SHUTDOWN = 4;
    public static final int OP_RW = 5;
    public static final int OP_CREDIT_UPDATE = 6;
    public static final int OP_CREDIT_REQUEST = 7;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will receive no more. */
    public static final int SHUTDOWN_RECEIVE = 1;

    /** Flag of {@link #OP_SHUTDOWN}: the sender will send no more. */
    public static final int SHUTDOWN_SEND = 2;

    /** Context identifier of the host. */
    public static final long HOST_CID = 2;

    private VsockHeader()
    {
    }
}
