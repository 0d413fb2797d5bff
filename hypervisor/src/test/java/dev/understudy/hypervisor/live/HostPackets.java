package dev.understudy.hypervisor.live;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.virtio.VsockHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Packets of the host's end of virtio-vsock to the guest's server. */
final class HostPackets
{
    private HostPackets()
    {
    }

    /**
     * A packet that is all header.
     *
     * @param operation one of {@link VsockHeader}'s
     */
    static byte[] header(final int operation)
    {
        final ByteBuffer packet = ByteBuffer.allocate(VsockHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        packet.putLong(VsockHeader.SRC_CID, VsockHeader.HOST_CID);
        packet.putLong(VsockHeader.DST_CID, MachineConfiguration.DEFAULT_VSOCK_CID);
        packet.putInt(VsockHeader.SRC_PORT, 1024);
        packet.putInt(VsockHeader.DST_PORT, 6379);
        packet.putShort(VsockHeader.TYPE, (short)VsockHeader.TYPE_STREAM);
        packet.putShort(VsockHeader.OP, (short)operation);
        packet.putInt(VsockHeader.BUF_ALLOC, 64 << 10);
        return packet.array();
    }
}
