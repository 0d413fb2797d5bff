package dev.understudy.journal;

/** Why a generation began. The order is that of the schema. */
public enum GenerationCause
{
    /** No replica was live. */
    STARTED,

    /** The backup took over from a primary that was silent. */
    PROMOTED,

    /** The primary goes on without a backup. */
    BACKUP_LOST,

    /** The primary handed over in order. */
    SWITCHOVER
}
