package dev.understudy.simulation;

import java.util.List;

/**
 * What came of a simulation.
 *
 * @param seed       that made it
 * @param violation  the promise that was broken first, in a sentence; null when all were kept
 * @param cause      what was thrown then; null for nothing
 * @param atNs       the simulation's time at its end, in nanoseconds
 * @param events     number of events that happened
 * @param answers    number of requests that clients were answered
 * @param generation the newest at the end
 * @param trace      what happened, a line each
 * @param hash       over all that happened
 */
public record SimulationResult(
    long seed,
    String violation,
    Throwable cause,
    long atNs,
    long events,
    int answers,
    long generation,
    List<String> trace,
    long hash)
{
}
