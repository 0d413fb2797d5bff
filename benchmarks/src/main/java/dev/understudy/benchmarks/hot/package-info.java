/**
 * The hot paths alone, under JMH: {@code benchmarks/run jmh}. What a figure for users needs is measured with whole
 * processes, in the room above; here a change of one path is seen before it drowns in a process.
 */
package dev.understudy.benchmarks.hot;
