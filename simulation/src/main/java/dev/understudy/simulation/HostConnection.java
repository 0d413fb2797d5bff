package dev.understudy.simulation;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.virtio.VsockHeader;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** A client's connection as the host carries it to the guest: credit, data and end, after virtio 1.2, section 5.10.6. */
final class HostConnection
{
    static final int GUEST_PORT = 6379;

    private static final int WINDOW_BYTES = 64 << 10;
    private static final int MAX_PAYLOAD_BYTES = 4 << 10;

    private final Client client;
    private final int hostPort;
    private final ByteArrayOutputStream toGuest = new ByteArrayOutputStream();
    private boolean isEstablished;
    private boolean isEnded;
    private int guestWindow;
    private int guestForwarded;
    private int sent;
    private int received;
    private int announced;
    private long lastArrivalNs;

    HostConnection(final Client client, final int hostPort)
    {
        this.client = client;
        this.hostPort = hostPort;
    }

    Client client()
    {
        return client;
    }

    int hostPort()
    {
        return hostPort;
    }

    /** The guest has taken the connection. */
    void establish()
    {
        isEstablished = true;
    }

    /** The guest says what it has room for. */
    void credit(final int window, final int forwarded)
    {
        guestWindow = window;
        guestForwarded = forwarded;
    }

    /** The client has sent something. */
    void fromClient(final byte[] bytes)
    {
        toGuest.writeBytes(bytes);
    }

    /** The next packet for the guest; null when there is nothing to send, or no room. */
    byte[] nextPacket()
    {
        final int room = guestWindow - (sent - guestForwarded);
        final int length = Math.min(Math.min(toGuest.size(), room), MAX_PAYLOAD_BYTES);
        if (!isEstablished || isEnded || length <= 0)
        {
            return null;
        }
        final byte[] all = toGuest.toByteArray();
        final byte[] packet = packet(VsockHeader.OP_RW, 0, Arrays.copyOf(all, length));
        toGuest.reset();
        toGuest.write(all, length, all.length - length);
        sent += length;
        return packet;
    }

    /** The client ends the connection; it has been told what it will be told. */
    byte[] end()
    {
        isEnded = true;
        return packet(VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_RECEIVE | VsockHeader.SHUTDOWN_SEND, new byte[0]);
    }

    /** The guest has sent so many bytes, which have gone to the client. */
    void forwarded(final int bytes)
    {
        received += bytes;
    }

    /** Whether the guest should hear that it has room again. */
    boolean owesCredit()
    {
        return received - announced >= WINDOW_BYTES / 2;
    }

    /** Puts an arrival at the client behind those before it; returns its time. */
    long arrivalNs(final long earliestNs)
    {
        lastArrivalNs = Math.max(lastArrivalNs, earliestNs);
        return lastArrivalNs;
    }

    /** A packet of this connection's for the guest. */
    byte[] packet(final int operation, final int flags, final byte[] payload)
    {
        announced = received;
        return packet(hostPort, operation, flags, payload, received);
    }

    /** A packet for the guest. */
    static byte[] packet(
        final int hostPort, final int operation, final int flags, final byte[] payload, final int forwarded)
    {
        final byte[] packet = new byte[VsockHeader.BYTES + payload.length];
        VsockHeader.put(packet, 0, VsockHeader.HOST_CID, hostPort, MachineConfiguration.DEFAULT_VSOCK_CID, GUEST_PORT,
            operation, flags, payload.length, WINDOW_BYTES, forwarded);
        System.arraycopy(payload, 0, packet, VsockHeader.BYTES, payload.length);
        return packet;
    }
}
