package dev.understudy.hypervisor.net;

/** Takes frames for the guest. */
@FunctionalInterface
public interface FrameReceiver
{
    /** Offers a frame; false when there is no room now: it is lost then. Callable from any thread. */
    boolean offer(byte[] frame, int offset, int length);
}
