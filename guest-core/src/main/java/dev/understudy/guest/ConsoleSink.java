package dev.understudy.guest;

/** Takes what the guest prints. Called on the hart thread. */
@FunctionalInterface
public interface ConsoleSink
{
    /** The bytes are valid during the call alone. */
    void onConsole(byte[] data, int offset, int length);
}
