package dev.understudy.guest.output;

/**
 * Takes what the guest does to the world. Called on the hart thread, in the order of the outputs.
 * <p>
 * An output belongs to the position at which it is produced and is never an input. The bytes are valid during the call
 * alone.
 */
public interface OutputSink
{
    /** Bytes that the guest prints. */
    void sendConsole(byte[] data, int offset, int length);

    /** A packet that the guest sends over virtio-vsock: header and payload as in section 5.10.6 of virtio 1.2. */
    void sendVsock(byte[] packet, int offset, int length);

    /** An Ethernet frame that the guest sends, without its checksum; as long as {@code VirtioNet.isFrame} allows. */
    void sendFrame(byte[] frame, int offset, int length);
}
