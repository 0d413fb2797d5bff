/**
 * Faults against real processes: what is promised of a pair, a recording and the launcher, held from outside. A test that
 * misses a program or a right says so through {@code Needs}; nothing here reaches into the classes of a node.
 */
package dev.understudy.chaos;
