/**
 * The test-and-set outside both nodes that grants each generation once. What asks it may wait for a file system,
 * so the agent never calls it on its own thread.
 */
package dev.understudy.failover.arbiter;
