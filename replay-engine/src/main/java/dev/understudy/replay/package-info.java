/**
 * Puts events into a machine: the recorder those of the world, after it has logged them; the replayer those of a
 * journal, at their positions. No thread or socket of its own; what differs from the journal ends in a {@link
 * dev.understudy.replay.DivergenceException}.
 */
package dev.understudy.replay;
