package dev.understudy.replay;

import dev.understudy.journal.BlockOutcome;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.Outcome;
import org.agrona.DirectBuffer;

/** The {@link EventLog} of a guest that runs unrecorded. */
final class NoLog implements EventLog
{
    @Override
    public void clockSample(
        final long position, final long timeNs, final long outputs, final int picosPerInstruction, final int limitNs)
    {
    }

    @Override
    public void consoleInput(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
    }

    @Override
    public void entropy(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
    }

    @Override
    public void vsockPacket(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
    }

    @Override
    public void networkFrame(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
    }

    @Override
    public void blockCompletion(
        final long position,
        final long timeNs,
        final long outputs,
        final int drive,
        final long request,
        final BlockOutcome status)
    {
    }

    @Override
    public void consoleSize(
        final long position, final long timeNs, final long outputs, final int columns, final int rows)
    {
    }

    @Override
    public void balloonTarget(final long position, final long timeNs, final long outputs, final long pages)
    {
    }

    @Override
    public void digest(final long position, final long timeNs, final long outputs, final long state)
    {
    }

    @Override
    public void generation(
        final long position,
        final long timeNs,
        final long outputs,
        final long generation,
        final GenerationCause cause,
        final String node)
    {
    }

    @Override
    public void backupJoined(
        final long position, final long timeNs, final long outputs, final long generation, final String node)
    {
    }

    @Override
    public void closed(
        final long position, final long timeNs, final long outputs, final Outcome outcome, final long state)
    {
    }

    @Override
    public long lastSequence()
    {
        return -1;
    }

    @Override
    public boolean isKept()
    {
        return false;
    }
}
