package dev.understudy.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What redis-benchmark's SET gave against kinds of service that were measured by turns. */
final class SetLoads
{
    /** Clients of a load that is to keep the service busy. */
    static final int MANY = 20;

    /**
     * A load, as it is named in the table. Where Linux runs the clients, beside whom, changes from second to second and
     * with it what they get; bound to a processor they are always beside the same, as clients on a host of their own are.
     */
    enum Load
    {
        CLIENTS(MANY + " clients"),
        BOUND_CLIENTS(MANY + " clients bound to the last processor"),
        CLIENT("1 client");

        private final String title;

        Load(final String title)
        {
            this.title = title;
        }
    }

    private final String title;
    private final int requests;
    private final int singleRequests;
    private final Map<String, Map<Load, List<Service.Load>>> kinds = new LinkedHashMap<>();

    /**
     * @param title          what is measured, before each row
     * @param requests       of a load with many clients
     * @param singleRequests of one with a single one
     */
    SetLoads(final String title, final int requests, final int singleRequests)
    {
        this.title = title;
        this.requests = requests;
        this.singleRequests = singleRequests;
    }

    /** Measures each load once. */
    void measure(final String kind, final Service service) throws IOException, InterruptedException
    {
        add(kind, Load.CLIENTS, service.set(MANY, requests));
        add(kind, Load.BOUND_CLIENTS, service.setBound(MANY, requests));
        add(kind, Load.CLIENT, service.set(1, singleRequests));
    }

    private void add(final String kind, final Load load, final Service.Load measured)
    {
        kinds.computeIfAbsent(kind, name -> new EnumMap<>(Load.class))
            .computeIfAbsent(load, name -> new ArrayList<>())
            .add(measured);
    }

    /** Prints a row for each load of each kind, and one for a single client's latency. */
    void print()
    {
        kinds.forEach((kind, loads) ->
        {
            loads.forEach((load, measured) -> Benchmarks.row(
                title + ", " + load.title + ": " + kind, "requests/s", rates(kind, load), processor(kind, load)));
            Benchmarks.row(title + ", " + Load.CLIENT.title + ", p50: " + kind, "ms", mediansMs(kind),
                processor(kind, Load.CLIENT));
        });
    }

    /** Prints how many requests one kind answered for each of the other's. */
    void printRatio(final String of, final String to, final Load load)
    {
        Benchmarks.row("ratio " + of + " / " + to + ", " + load.title, "",
            Benchmarks.ratios(rates(of, load), rates(to, load)), processor(of, to, load));
    }

    /** Processor time of two kinds for a request. */
    String processor(final String of, final String to, final Load load)
    {
        return "%s %s, %s %s µs a request".formatted(of, Benchmarks.text(Benchmarks.median(processorUs(of, load))),
            to, Benchmarks.text(Benchmarks.median(processorUs(to, load))));
    }

    private String processor(final String kind, final Load load)
    {
        final List<Double> values = processorUs(kind, load);
        return "%s µs a request [%s]".formatted(Benchmarks.text(Benchmarks.median(values)), Benchmarks.text(values));
    }

    private List<Double> processorUs(final String kind, final Load load)
    {
        return kinds.get(kind).get(load).stream().map(Service.Load::processorUs).toList();
    }

    private List<Double> rates(final String kind, final Load load)
    {
        return kinds.get(kind).get(load).stream().map(Service.Load::rate).toList();
    }

    /** A single client's median latencies, in milliseconds. */
    List<Double> mediansMs(final String kind)
    {
        return kinds.get(kind).get(Load.CLIENT).stream().map(Service.Load::medianMs).toList();
    }
}
