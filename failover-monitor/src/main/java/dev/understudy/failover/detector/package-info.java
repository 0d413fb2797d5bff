/**
 * Tells from missing heartbeats that the peer is suspect. It is handed the time and decides nothing by itself.
 */
package dev.understudy.failover.detector;
