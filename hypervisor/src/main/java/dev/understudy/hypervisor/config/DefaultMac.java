package dev.understudy.hypervisor.config;

import dev.understudy.guest.configuration.MacAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** The MAC address of a guest whose user gave it none. */
public final class DefaultMac
{
    /** Locally administered, and what QEMU's guests have. */
    private static final byte[] PREFIX = {0x52, 0x54, 0x00};

    private DefaultMac()
    {
    }

    /** Depends on the guest's name alone, so that both replicas have it. */
    public static MacAddress of(final String guestName)
    {
        try
        {
            final byte[] mac = MessageDigest.getInstance("SHA-256").digest(guestName.getBytes(StandardCharsets.UTF_8));
            System.arraycopy(PREFIX, 0, mac, 0, PREFIX.length);
            return MacAddress.of(Arrays.copyOf(mac, MacAddress.BYTES));
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
