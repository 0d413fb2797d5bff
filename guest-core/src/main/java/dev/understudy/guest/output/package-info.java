/**
 * The way out of a machine: what the guest does to the world goes to an {@link
 * dev.understudy.guest.output.OutputSink}, and into a running hash that a replay compares.
 */
package dev.understudy.guest.output;
