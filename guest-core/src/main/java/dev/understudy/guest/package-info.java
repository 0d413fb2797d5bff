/**
 * The machine as a whole: what it is made of, and how it runs to a position. Whoever drives a guest (recorder,
 * replayer, standalone run, pair) begins with {@link dev.understudy.guest.Machine}; one thread at a time owns a
 * machine.
 */
package dev.understudy.guest;
