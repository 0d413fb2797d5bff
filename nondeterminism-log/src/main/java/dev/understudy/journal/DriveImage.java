package dev.understudy.journal;

/**
 * A drive of the guest as it was when the journal began: the image that its requests are carried out on.
 *
 * @param path     where the image was
 * @param bytes    size of the image
 * @param sha256   32 bytes: hash of the whole image
 * @param readOnly whether the guest may not write
 * @param serial   serial number; may be empty
 */
public record DriveImage(String path, long bytes, byte[] sha256, boolean readOnly, String serial)
{
}
