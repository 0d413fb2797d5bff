package dev.understudy.hypervisor.vsock;

/** Takes packets for the guest. */
@FunctionalInterface
public interface GuestPort
{
    /** Offers a packet; false when there is no room now, and nothing was taken. */
    boolean offer(byte[] packet, int offset, int length);
}
