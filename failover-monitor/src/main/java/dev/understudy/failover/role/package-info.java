/**
 * Who is primary, and what follows from that. {@link dev.understudy.failover.role.PairMember} is a state machine
 * without clock, thread or socket, tested under random faults; the world comes in through {@link
 * dev.understudy.failover.role.PairLink}, {@link dev.understudy.failover.role.ArbiterClient} and {@link
 * dev.understudy.failover.role.Replica}.
 */
package dev.understudy.failover.role;
