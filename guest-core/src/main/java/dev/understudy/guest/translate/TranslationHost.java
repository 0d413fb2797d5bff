package dev.understudy.guest.translate;

/**
 * What translating takes of the host: a thread beside the guest's, and a clock to tell compiled methods by. It decides when
 * a translation is there, and never what that computes. Any number of machines may share one.
 */
public interface TranslationHost
{
    /** Neither a thread nor a clock: the hart waits for each translation. */
    TranslationHost NONE = new TranslationHost()
    {
        @Override
        public void execute(final Runnable task)
        {
            task.run();
        }

        @Override
        public long nanoTime()
        {
            return 0;
        }

        @Override
        public void pause(final long ns)
        {
        }
    };

    /** Has a task be done, at once or by a thread that does one after another; any thread. */
    void execute(Runnable task);

    /** A clock in nanoseconds, from any point on; any thread. */
    long nanoTime();

    /** Has the calling thread wait for about so many nanoseconds; called within a task. */
    void pause(long ns);
}
