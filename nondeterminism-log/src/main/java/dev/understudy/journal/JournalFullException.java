package dev.understudy.journal;

/** There is no room for another entry; the journal is whole up to the last one. */
public final class JournalFullException extends JournalException
{
    private static final long serialVersionUID = 1L;

    JournalFullException(final String message)
    {
        super(message);
    }
}
