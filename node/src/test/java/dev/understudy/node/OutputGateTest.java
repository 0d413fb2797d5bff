package dev.understudy.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;

class OutputGateTest
{
    private static final long MAX_PAUSE_NS = 100;
    private static final int OUTPUTS = 300;

    private long nowNs;
    private final OutputGate gate = new OutputGate(() -> nowNs, MAX_PAUSE_NS);

    @Test
    void outputsLeaveAsTheirEntriesAreAcknowledged()
    {
        assertThat(gate.mayLeave(0)).isFalse();

        gate.open(true);
        assertThat(gate.mayLeave(0)).isTrue();

        gate.beginProtection().from(7);
        assertThat(gate.mayLeave(6)).isTrue();
        assertThat(gate.mayLeave(7)).isFalse();
        gate.acknowledge(7);
        assertThat(gate.mayLeave(7)).isTrue();
        assertThat(gate.mayLeave(8)).isFalse();

        gate.endProtection();
        assertThat(gate.mayLeave(8)).isTrue();
    }

    @Test
    void protectionThatEndedBeforeItsEntryWasWrittenDoesNotBegin()
    {
        gate.open(true);
        final OutputGate.Beginning beginning = gate.beginProtection();
        gate.endProtection();
        beginning.from(7);
        assertThat(gate.mayLeave(7)).isTrue();
    }

    @Test
    void nothingLeavesWhenTheAgentStoodStillSinceItsLastLook()
    {
        gate.open(true);
        gate.looked(1_000);
        nowNs = 1_000 + MAX_PAUSE_NS;
        assertThat(gate.mayLeave(0)).isTrue();
        nowNs++;
        assertThat(gate.mayLeave(0)).isFalse();
        gate.looked(nowNs);
        assertThat(gate.mayLeave(0)).isTrue();
    }

    /** Between the look and the last of the outputs that are ready lies all the time that a host may stop a process for. */
    @Test
    void aStopAmongTheOutputsOfOneDutyCycleHoldsTheRest()
    {
        final Outbox outbox = new Outbox(() -> {});
        outbox.goLive(() -> 0);
        for (int i = 0; i < OUTPUTS; i++)
        {
            outbox.sendVsock(new byte[1], 0, 1);
        }
        gate.open(true);
        assertThat(outbox.release(new SilentWorld()
        {
            private int count;

            @Override
            public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
            {
                count++;
                if (count == 10)
                {
                    nowNs += MAX_PAUSE_NS + 1;
                }
            }
        }, gate)).isEqualTo(10);
        assertThat(outbox.isEmpty()).isFalse();
    }
}
