package dev.understudy.hypervisor.standalone;

import dev.understudy.guest.Machine;
import dev.understudy.hypervisor.drive.BlockImage;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.journal.GenerationCause;
import dev.understudy.replay.Recorder;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.time.Instant;
import java.util.UUID;

/**
 * What a guest begins with: a boot, or the state of a snapshot.
 *
 * @param snapshot null for a boot
 * @param life     a random number of a clone, by which it learns that it is one; null for the same guest, which goes on
 */
public record GuestStart(StoredSnapshot snapshot, UUID life)
{
    /** A guest that boots. */
    public static GuestStart boot()
    {
        return new GuestStart(null, null);
    }

    /** Whether a replay needs more than the kernel to begin. */
    public boolean isSnapshot()
    {
        return snapshot != null;
    }

    /** A drive as the snapshot has it; what the guest writes there is gone at the end. */
    public BlockImage openDrive(final int index, final DriveFile drive)
    {
        return drive.isReadOnly() ? RawImage.readOnly(drive.path()) :
            OverlayImage.temporary(drive, snapshot == null ? null : snapshot.drive(index));
    }

    /** Brings a machine that would boot to where the guest begins. */
    void load(final Machine machine)
    {
        if (snapshot != null)
        {
            machine.load(snapshot.reader());
            if (life != null)
            {
                machine.beginLife(life.getLeastSignificantBits(), life.getMostSignificantBits());
            }
        }
    }

    /** Has the guest learn what it finds here. On the hart thread, before its first instruction. */
    void enter(final Recorder recorder, final Instant now)
    {
        if (snapshot != null)
        {
            // Who was at the other end of its connections is not there any more.
            recorder.generation(1, GenerationCause.STARTED, "");
        }
        if (life == null)
        {
            recorder.date(now);
        }
        else
        {
            recorder.newDate(now);
        }
    }
}
