/**
 * A whole pair, its network, arbiter, disks and clients on one thread, in a time of its own: one seed makes all of it happen
 * the same way again.
 */
package dev.understudy.simulation;
