/**
 * The link between the two nodes of a pair: journal entries, acknowledgements and heartbeats over Aeron. It knows
 * no guest; the agent thread of the node alone calls it.
 */
package dev.understudy.transport;
