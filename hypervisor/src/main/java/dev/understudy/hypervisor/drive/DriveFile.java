package dev.understudy.hypervisor.drive;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.journal.DriveImage;
import dev.understudy.node.DriveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The image file that a drive of the guest begins with, and how the guest sees the drive. Not thread-safe.
 */
public final class DriveFile
{
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path path;
    private final long bytes;
    private final boolean isReadOnly;
    private final boolean isBase;
    private final String serial;
    private byte[] sha256;

    private DriveFile(
        final Path path, final long bytes, final boolean isReadOnly, final boolean isBase, final String serial)
    {
        this.path = path;
        this.bytes = bytes;
        this.isReadOnly = isReadOnly;
        this.isBase = isBase;
        this.serial = serial;
    }

    /**
     * Looks at a file.
     *
     * @param isReadOnly whether the guest may not write the drive
     * @param isBase     whether what the guest writes goes to an overlay
     * @param serial     as {@link DriveConfiguration#isSerial} allows
     * @throws DriveException when the file is not there, or cannot be a drive
     */
    public static DriveFile of(
        final Path path, final boolean isReadOnly, final boolean isBase, final String serial)
    {
        if (!Files.exists(path))
        {
            throw new DriveException("drive " + path + ": no such file");
        }
        if (!Files.isRegularFile(path))
        {
            throw new DriveException("drive " + path + " is no file: block devices and directories cannot be drives");
        }
        final long bytes;
        try
        {
            bytes = Files.size(path);
        }
        catch (final IOException e)
        {
            throw new DriveException("drive " + path + " cannot be read: " + ChannelAccess.reason(e), e);
        }
        if (bytes == 0 || bytes % DriveConfiguration.SECTOR_BYTES != 0)
        {
            throw new DriveException("drive " + path + " has " + bytes + " bytes: expected a positive multiple of " +
                DriveConfiguration.SECTOR_BYTES + "; truncate --size=%" + DriveConfiguration.SECTOR_BYTES +
                " FILE rounds it up");
        }
        return new DriveFile(path, bytes, isReadOnly, isBase && !isReadOnly, serial);
    }

    public Path path()
    {
        return path;
    }

    /** Size in bytes. */
    public long bytes()
    {
        return bytes;
    }

    public boolean isReadOnly()
    {
        return isReadOnly;
    }

    /** SHA-256 of the whole file, 32 bytes; reads it once, some seconds a gigabyte. */
    public byte[] sha256()
    {
        if (sha256 == null)
        {
            sha256 = hash();
        }
        return sha256.clone();
    }

    /** What the guest sees. */
    public DriveConfiguration configuration()
    {
        return new DriveConfiguration(bytes, isReadOnly, isBase, serial);
    }

    /** What a journal's first entry says of the drive. */
    public DriveImage description()
    {
        return new DriveImage(path.toAbsolutePath().normalize().toString(), bytes, sha256(), isReadOnly, serial);
    }

    private byte[] hash()
    {
        try (InputStream in = Files.newInputStream(path))
        {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            final byte[] buffer = new byte[BUFFER_BYTES];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer))
            {
                digest.update(buffer, 0, length);
            }
            return digest.digest();
        }
        catch (final IOException e)
        {
            throw new DriveException("drive " + path + " cannot be read: " + ChannelAccess.reason(e), e);
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
