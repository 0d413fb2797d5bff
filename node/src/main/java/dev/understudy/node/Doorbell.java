package dev.understudy.node;

/** Wakes a thread that may be asleep; cheap when it is not. Callable from any thread. */
@FunctionalInterface
public interface Doorbell
{
    void ring();
}
