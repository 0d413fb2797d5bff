package dev.understudy.simulation;

import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.node.Inbox;
import dev.understudy.node.World;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.agrona.DirectBuffer;

/** What the guest of a process talks to: clients that come over a network which loses nothing. */
final class SimulatedWorld implements World
{
    private static final int PORTS_OF_GENERATION = 1 << 20;
    private static final int FIRST_PORT = 1024;
    private static final int MAX_WAITING = 256;
    private static final long MIN_WAY_NS = 30_000;
    private static final long MAX_WAY_NS = 400_000;

    private final Simulation simulation;
    private final SimulatedProcess process;
    private final SplittableRandom random;
    private final Map<Integer, HostConnection> connections = new LinkedHashMap<>();

    /** What has come from the clients, and the process has not looked at. */
    private final ArrayDeque<Runnable> arrived = new ArrayDeque<>();
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();

    /** For each packet that the guest has sent and that has not left, the last entry before it. */
    private final ArrayDeque<Long> dependencies = new ArrayDeque<>();
    private Inbox inbox;
    private boolean isListening;
    private int nextPort;

    SimulatedWorld(final Simulation simulation, final SimulatedProcess process)
    {
        this.simulation = simulation;
        this.process = process;
        random = simulation.randoms().of("world " + process.incarnation());
    }

    // The clients' side.

    /** A client knocks; null when nobody listens. */
    HostConnection connect(final Client client)
    {
        if (!isListening || process.isDead())
        {
            return null;
        }
        final HostConnection connection = new HostConnection(client, nextPort++);
        arrive(() ->
        {
            connections.put(connection.hostPort(), connection);
            send(connection.packet(VsockHeader.OP_REQUEST, 0, new byte[0]));
        });
        return connection;
    }

    /** What a client has sent comes to the host. */
    void send(final HostConnection connection, final byte[] bytes)
    {
        arrive(() ->
        {
            if (connections.containsKey(connection.hostPort()))
            {
                connection.fromClient(bytes);
                pump(connection);
            }
        });
    }

    /** A client has closed its end. */
    void end(final HostConnection connection)
    {
        arrive(() ->
        {
            if (connections.containsKey(connection.hostPort()))
            {
                send(connection.end());
            }
        });
    }

    private void arrive(final Runnable event)
    {
        if (!process.isDead())
        {
            arrived.add(event);
            process.ring();
        }
    }

    /** Time from a client to here, or back. */
    long wayNs()
    {
        return random.nextLong(MIN_WAY_NS, MAX_WAY_NS);
    }

    /** The process has died: its kernel resets what it had open. */
    void die()
    {
        isListening = false;
        arrived.clear();
        for (final HostConnection connection : new ArrayList<>(connections.values()))
        {
            reset(connection);
        }
    }

    /** The host is gone without a word. */
    void silence()
    {
        connections.clear();
    }

    private void reset(final HostConnection connection)
    {
        connections.remove(connection.hostPort());
        simulation.scheduler().at(connection.arrivalNs(simulation.scheduler().nowNs() + wayNs()),
            () -> connection.client().onClosed(connection));
    }

    // The guest's side.

    /** The guest has produced a packet after this entry, which is to leave. */
    void produced(final long dependency)
    {
        dependencies.add(dependency);
    }

    private void pump(final HostConnection connection)
    {
        for (byte[] packet = connection.nextPacket(); packet != null; packet = connection.nextPacket())
        {
            send(packet);
        }
    }

    private void send(final byte[] packet)
    {
        if (!waiting.isEmpty() || !inbox.offerVsock(packet, 0, packet.length))
        {
            waiting.add(packet);
        }
    }

    @Override
    public void connect(final long generation, final long nowNs, final Inbox to)
    {
        inbox = to;
        nextPort = FIRST_PORT + (int)generation * PORTS_OF_GENERATION;
        simulation.witness().goesLive(process, generation);
    }

    @Override
    public int doWork(final long nowNs, final boolean isLive, final boolean mayLeave)
    {
        process.meet(Point.WORLD);
        if (inbox == null)
        {
            return 0;
        }
        isListening |= isLive;
        int work = 0;
        for (byte[] packet = waiting.peek(); packet != null && inbox.offerVsock(packet, 0, packet.length);
            packet = waiting.peek())
        {
            waiting.poll();
            work++;
        }
        for (Runnable event = waiting.size() < MAX_WAITING ? arrived.poll() : null; event != null; event = arrived.poll())
        {
            event.run();
            work++;
        }
        return work;
    }

    @Override
    public boolean hasRoom()
    {
        process.meet(Point.WORLD);
        return true;
    }

    @Override
    public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
    {
        simulation.witness().left(process, -1);
        process.meet(Point.WORLD);
    }

    @Override
    public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
    {
        simulation.witness().left(process, dependencies.poll());
        final byte[] packet = new byte[length];
        buffer.getBytes(offset, packet);
        onGuestPacket(packet);
        // Not before: between the look at the clock and the system call nobody can see that a process stood still.
        process.meet(Point.WORLD);
    }

    private void onGuestPacket(final byte[] packet)
    {
        final int operation = VsockHeader.op(packet, 0);
        final HostConnection connection = connections.get(VsockHeader.dstPort(packet, 0));
        if (connection == null)
        {
            if (operation != VsockHeader.OP_RST && waiting.size() < MAX_WAITING)
            {
                send(HostConnection.packet(VsockHeader.dstPort(packet, 0), VsockHeader.OP_RST, 0, new byte[0], 0));
            }
            return;
        }
        connection.credit(VsockHeader.bufAlloc(packet, 0), VsockHeader.fwdCnt(packet, 0));
        switch (operation)
        {
            case VsockHeader.OP_RESPONSE -> connection.establish();
            case VsockHeader.OP_RW ->
            {
                final byte[] bytes = Arrays.copyOfRange(packet, VsockHeader.BYTES, packet.length);
                connection.forwarded(bytes.length);
                simulation.scheduler().at(connection.arrivalNs(simulation.scheduler().nowNs() + wayNs()),
                    () -> connection.client().onBytes(connection, bytes));
                if (connection.owesCredit())
                {
                    send(connection.packet(VsockHeader.OP_CREDIT_UPDATE, 0, new byte[0]));
                }
            }
            case VsockHeader.OP_CREDIT_REQUEST -> send(connection.packet(VsockHeader.OP_CREDIT_UPDATE, 0, new byte[0]));
            case VsockHeader.OP_SHUTDOWN ->
            {
                send(connection.packet(VsockHeader.OP_RST, 0, new byte[0]));
                reset(connection);
            }
            case VsockHeader.OP_RST -> reset(connection);
            default ->
            {
            }
        }
        pump(connection);
    }

    @Override
    public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
    {
        throw new IllegalStateException("the guest has no network device");
    }

    @Override
    public int connections()
    {
        return connections.size();
    }

    @Override
    public long lostFrames()
    {
        return 0;
    }

    @Override
    public long lostConsoleBytes()
    {
        return 0;
    }

    @Override
    public void close()
    {
        die();
    }
}
