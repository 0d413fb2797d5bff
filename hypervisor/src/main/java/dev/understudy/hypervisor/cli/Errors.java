package dev.understudy.hypervisor.cli;

import dev.understudy.guest.boot.BootException;
import dev.understudy.guest.state.StateException;
import dev.understudy.hypervisor.config.ConfigurationException;

import dev.understudy.hypervisor.image.ImageException;
import dev.understudy.hypervisor.net.NetdevException;
import dev.understudy.hypervisor.snapshot.SnapshotUsageException;
import dev.understudy.journal.JournalException;
import dev.understudy.node.DriveException;
import dev.understudy.node.WrongGuestException;
import dev.understudy.replay.DivergenceException;
import dev.understudy.replay.snapshot.SnapshotException;
import dev.understudy.transport.TransportException;
import java.io.IOException;

/** What a person is told of an exception, and whether it was their input. */
final class Errors
{
    private Errors()
    {
    }

    /** Whether the command was used wrongly, as opposed to a run that failed. */
    static boolean isUsage(final Throwable e)
    {
        return e instanceof ConfigurationException || e instanceof UsageException || e instanceof SnapshotUsageException;
    }

    static String describe(final Throwable e)
    {
        return switch (e)
        {
            case BootException known -> known.getMessage();
            case ConfigurationException known -> known.getMessage();
            case DivergenceException known -> known.getMessage();
            case DriveException known -> known.getMessage();
            case ImageException known -> known.getMessage();
            case JournalException known -> known.getMessage();
            case NetdevException known -> known.getMessage();
            case SnapshotException known -> known.getMessage();
            case SnapshotUsageException known -> known.getMessage();
            case StateException known -> known.getMessage();
            case TransportException known -> known.getMessage();
            case UsageException known -> known.getMessage();
            case WrongGuestException known -> known.getMessage();
            case IOException known -> known.getMessage() == null ? known.toString() : known.getMessage();
            default -> e + " (this is a defect of understudy; --stack-traces shows where)";
        };
    }
}
