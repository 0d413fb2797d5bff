package dev.understudy.guest.virtio;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/** The host's side of a drive: an array, and requests that are carried out when a test says so. */
final class MemoryDrive implements BlockRequests
{
    final byte[] content;
    final Queue<BlockRequest> submitted = new ArrayDeque<>();

    MemoryDrive(final int bytes)
    {
        content = new byte[bytes];
    }

    @Override
    public void submit(final BlockRequest request)
    {
        submitted.add(request);
    }

    /** Carries out what was submitted, and completes what the guest waits for. */
    void serve(final VirtioBlock device)
    {
        while (!submitted.isEmpty())
        {
            final BlockRequest request = submitted.remove();
            execute(request);
            final BlockRequest oldest = device.oldest();
            if (oldest != null && oldest.number() == request.number())
            {
                device.complete(BlockStatus.OK);
            }
        }
    }

    void execute(final BlockRequest request)
    {
        final int from = (int)request.offset();
        final int length = (int)request.length();
        switch (request.kind())
        {
            case READ -> System.arraycopy(content, from, request.data(), 0, length);
            case WRITE, WRITE_THROUGH -> System.arraycopy(request.data(), 0, content, from, length);
            case DISCARD, WRITE_ZEROES -> Arrays.fill(content, from, from + length, (byte)0);
            case FLUSH ->
            {
            }
        }
    }
}
