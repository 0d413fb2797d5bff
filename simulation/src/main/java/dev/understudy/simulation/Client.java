package dev.understudy.simulation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes values that nobody wrote before and reads them back, over whichever node takes its connection. What it asked and
 * got no answer for may have happened or not; it asks anew over another connection.
 */
final class Client
{
    private static final int MAX_BATCH = 6;
    private static final int LONG_VALUES = 40;
    private static final int LONG_VALUE_LENGTH = 2_000;
    private static final long MIN_THINK_NS = 2_000_000;
    private static final long MAX_THINK_NS = 60_000_000;
    private static final long MIN_RETRY_NS = 3_000_000;
    private static final long MAX_RETRY_NS = 40_000_000;
    private static final long MIN_PATIENCE_NS = 100_000_000;
    private static final long MAX_PATIENCE_NS = 500_000_000;

    private final Simulation simulation;
    private final Scheduler scheduler;
    private final SplittableRandom random;
    private final int number;
    private final List<String> keys;
    private final ArrayDeque<History.Operation> asked = new ArrayDeque<>();
    private final StringBuilder answers = new StringBuilder();
    private SimulatedNode node;
    private SimulatedWorld world;
    private HostConnection connection;
    private int values;
    private int batches;
    private int plans;
    private boolean isLast;

    /** Whether what is asked is everything. */
    private boolean asksAll;
    private boolean isDone;

    Client(final Simulation simulation, final int number, final List<String> keys)
    {
        this.simulation = simulation;
        this.number = number;
        this.keys = keys;
        scheduler = simulation.scheduler();
        random = simulation.randoms().of("client " + number);
        node = simulation.nodes().get(number % 2);
    }

    /** Begins. */
    void start()
    {
        actAfter(random.nextLong(MAX_THINK_NS));
    }

    /** Has it read everything once more, and end. */
    void readAll()
    {
        isLast = true;
    }

    /** Whether it has read everything, after nothing failed any more. */
    boolean isDone()
    {
        return isDone;
    }

    /** Has it go on after a while, and not as was planned before. */
    private void actAfter(final long delayNs)
    {
        final int plan = ++plans;
        scheduler.after(delayNs, () ->
        {
            if (plan == plans)
            {
                act();
            }
        });
    }

    private void act()
    {
        if (isDone)
        {
            return;
        }
        if (connection != null)
        {
            ask();
            return;
        }
        final SimulatedProcess process = node.process();
        world = process == null ? null : process.world();
        connection = world == null ? null : world.connect(this);
        if (connection == null)
        {
            node = node.peer();
            actAfter(Randoms.spread(random, MIN_RETRY_NS, MAX_RETRY_NS));
        }
        else
        {
            ask();
        }
    }

    private void ask()
    {
        asksAll = isLast;
        final int count = asksAll ? keys.size() : 1 + random.nextInt(MAX_BATCH);
        final StringBuilder requests = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            final String key = asksAll ? keys.get(i) : keys.get(random.nextInt(keys.size()));
            if (asksAll || random.nextInt(5) < 2)
            {
                asked.add(simulation.history().read(key, scheduler.nowNs()));
                request(requests, "GET", key);
            }
            else
            {
                final String value = newValue();
                asked.add(simulation.history().write(key, value, scheduler.nowNs()));
                request(requests, "SET", key, value);
            }
        }
        final HostConnection over = connection;
        final SimulatedWorld to = world;
        final int batch = ++batches;
        scheduler.after(to.wayNs(), () -> to.send(over, requests.toString().getBytes(StandardCharsets.US_ASCII)));
        scheduler.after(Randoms.spread(random, MIN_PATIENCE_NS, MAX_PATIENCE_NS), () ->
        {
            if (connection == over && batches == batch && !asked.isEmpty())
            {
                scheduler.after(to.wayNs(), () -> to.end(over));
                giveUp();
            }
        });
    }

    private String newValue()
    {
        final String value = number + "." + ++values;
        return random.nextInt(LONG_VALUES) == 0 ? value + "x".repeat(random.nextInt(LONG_VALUE_LENGTH)) : value;
    }

    private static void request(final StringBuilder to, final String... words)
    {
        to.append('*').append(words.length).append("\r\n");
        for (final String word : words)
        {
            to.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
    }

    /** Something came over a connection. */
    void onBytes(final HostConnection over, final byte[] bytes)
    {
        if (over != connection)
        {
            return;
        }
        answers.append(new String(bytes, StandardCharsets.US_ASCII));
        while (!asked.isEmpty() && takeAnswer())
        {
            asked.poll();
        }
        if (asked.isEmpty() && answers.length() > 0)
        {
            simulation.witness().fail("client " + number + " was told \"" + answers + "\", and had not asked", null);
        }
        else if (asked.isEmpty() && asksAll)
        {
            isDone = true;
        }
        else if (asked.isEmpty())
        {
            actAfter(Randoms.spread(random, MIN_THINK_NS, MAX_THINK_NS));
        }
    }

    private boolean takeAnswer()
    {
        final int end = answers.indexOf("\r\n");
        if (end < 0)
        {
            return false;
        }
        final History.Operation operation = asked.peek();
        final String line = answers.substring(0, end);
        if (operation.isWrite() && line.equals("+OK"))
        {
            operation.acknowledged(scheduler.nowNs());
            answers.delete(0, end + 2);
            return true;
        }
        if (!operation.isWrite() && line.equals("$-1"))
        {
            operation.read(null, scheduler.nowNs());
            answers.delete(0, end + 2);
            return true;
        }
        if (operation.isWrite() || !line.startsWith("$"))
        {
            simulation.witness().fail("client " + number + " was told \"" + line + "\"", null);
            return false;
        }
        final int length = Integer.parseInt(line.substring(1));
        if (answers.length() < end + 2 + length + 2)
        {
            return false;
        }
        operation.read(answers.substring(end + 2, end + 2 + length), scheduler.nowNs());
        answers.delete(0, end + 2 + length + 2);
        return true;
    }

    /** The connection was reset. */
    void onClosed(final HostConnection over)
    {
        if (over == connection)
        {
            giveUp();
        }
    }

    private void giveUp()
    {
        connection = null;
        asked.clear();
        answers.setLength(0);
        if (random.nextInt(3) > 0)
        {
            node = node.peer();
        }
        actAfter(Randoms.spread(random, MIN_RETRY_NS, MAX_RETRY_NS));
    }
}
