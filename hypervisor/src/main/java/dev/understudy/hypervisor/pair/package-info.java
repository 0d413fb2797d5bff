/**
 * A node of a pair: the agent thread, the replica and its journal, the output gate, the lag control, and what is
 * said to the peer. The agent's thread owns all of it; the roles are decided in {@code
 * dev.understudy.failover.role}.
 */
package dev.understudy.hypervisor.pair;
