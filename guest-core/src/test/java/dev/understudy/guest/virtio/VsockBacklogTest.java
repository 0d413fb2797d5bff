package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** The backlog against a queue of arrays. */
class VsockBacklogTest
{
    private static final int MAX_RESETS = 3;

    private record Step(int kind, int payloadBytes, int guestPort)
    {
    }

    private record Packet(byte[] bytes, boolean isReset)
    {
    }

    @Provide
    Arbitrary<List<Step>> steps()
    {
        return Combinators.combine(
            Arbitraries.frequency(
                Tuple.of(6, 0),
                Tuple.of(2, 1),
                Tuple.of(5, 2),
                Tuple.of(1, 3)),
            Arbitraries.of(0, 1, 1000, VsockHeader.MAX_PAYLOAD_BYTES),
            Arbitraries.integers().between(1, 3)).as(Step::new).list().ofMinSize(50).ofMaxSize(300);
    }

    @Property(tries = 100)
    void holdsPacketsInOrderWithinItsBounds(@ForAll("steps") final List<Step> steps)
    {
        final VsockBacklog backlog = new VsockBacklog(MAX_RESETS);
        final ArrayDeque<Packet> model = new ArrayDeque<>();
        int number = 0;
        for (final Step step : steps)
        {
            final int length = VsockHeader.BYTES + step.payloadBytes;
            switch (step.kind)
            {
                case 0 ->
                {
                    final int hostBytes = model.stream().filter(p -> !p.isReset).mapToInt(p -> p.bytes.length).sum();
                    final boolean hasRoom = hostBytes + length <= VsockBacklog.MAX_HOST_BYTES;
                    assertThat(backlog.hasRoom(length)).isEqualTo(hasRoom);
                    if (hasRoom)
                    {
                        final byte[] packet = packet(length, step.guestPort, number++);
                        final byte[] shifted = new byte[length + 5];
                        System.arraycopy(packet, 0, shifted, 5, length);
                        backlog.add(shifted, 5, length);
                        model.add(new Packet(packet, false));
                    }
                }
                case 1 ->
                {
                    final boolean hasRoom = model.stream().filter(Packet::isReset).count() < MAX_RESETS;
                    final byte[] packet = packet(VsockHeader.BYTES, step.guestPort, number++);
                    assertThat(backlog.addReset(packet)).isEqualTo(hasRoom);
                    if (hasRoom)
                    {
                        model.add(new Packet(packet, true));
                    }
                }
                case 2 ->
                {
                    if (!model.isEmpty())
                    {
                        model.remove();
                        backlog.removeFirst();
                    }
                }
                default ->
                {
                    final VsockConnections connections = new VsockConnections();
                    connections.add(step.guestPort, 99);
                    final boolean isFirst = !model.isEmpty() && isOf(model.peek(), step.guestPort);
                    assertThat(backlog.removeAll(connections)).isEqualTo(isFirst);
                    model.removeIf(packet -> isOf(packet, step.guestPort));
                }
            }
            assertThat(backlog.isEmpty()).isEqualTo(model.isEmpty());
            assertThat(backlog.resets()).isEqualTo((int)model.stream().filter(Packet::isReset).count());
            if (!model.isEmpty())
            {
                final byte[] expected = model.peek().bytes;
                assertThat(backlog.firstLength()).isEqualTo(expected.length);
                final byte[] first = new byte[expected.length];
                backlog.copyFirst(0, first, 0, first.length);
                assertThat(Arrays.equals(first, expected)).isTrue();
            }
        }
    }

    private static boolean isOf(final Packet packet, final int guestPort)
    {
        return VsockHeader.dstPort(packet.bytes, 0) == guestPort;
    }

    private static byte[] packet(final int length, final int guestPort, final int number)
    {
        final byte[] packet = new byte[length];
        Arrays.fill(packet, (byte)number);
        VsockHeader.put(packet, 0, VsockHeader.HOST_CID, 99, 3, guestPort, VsockHeader.OP_RW, number,
            length - VsockHeader.BYTES, 0, 0);
        return packet;
    }
}
