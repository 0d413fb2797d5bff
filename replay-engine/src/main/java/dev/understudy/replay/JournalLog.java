package dev.understudy.replay;

import dev.understudy.journal.BlockOutcome;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import org.agrona.DirectBuffer;

/** The {@link EventLog} of a guest that is recorded. */
record JournalLog(JournalWriter journal) implements EventLog
{
    @Override
    public void clockSample(
        final long position, final long timeNs, final long outputs, final int picosPerInstruction, final int limitNs)
    {
        journal.clockSample(position, timeNs, outputs, picosPerInstruction, limitNs);
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
        journal.consoleInput(position, timeNs, outputs, data, offset, length);
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
        journal.entropy(position, timeNs, outputs, data, offset, length);
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
        journal.vsockPacket(position, timeNs, outputs, data, offset, length);
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
        journal.networkFrame(position, timeNs, outputs, data, offset, length);
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
        journal.blockCompletion(position, timeNs, outputs, drive, request, status);
    }

    @Override
    public void consoleSize(
        final long position, final long timeNs, final long outputs, final int columns, final int rows)
    {
        journal.consoleSize(position, timeNs, outputs, columns, rows);
    }

    @Override
    public void balloonTarget(final long position, final long timeNs, final long outputs, final long pages)
    {
        journal.balloonTarget(position, timeNs, outputs, pages);
    }

    @Override
    public void digest(final long position, final long timeNs, final long outputs, final long state)
    {
        journal.digest(position, timeNs, outputs, state);
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
        journal.generation(position, timeNs, outputs, generation, cause, node);
    }

    @Override
    public void backupJoined(
        final long position, final long timeNs, final long outputs, final long generation, final String node)
    {
        journal.backupJoined(position, timeNs, outputs, generation, node);
    }

    @Override
    public void closed(
        final long position, final long timeNs, final long outputs, final Outcome outcome, final long state)
    {
        journal.closed(position, timeNs, outputs, outcome, state);
    }

    @Override
    public long lastSequence()
    {
        return journal.lastSequence();
    }

    @Override
    public boolean isKept()
    {
        return true;
    }
}
