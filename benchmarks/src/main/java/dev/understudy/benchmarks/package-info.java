/**
 * Measures whole processes, QEMU's beside ours. One class a benchmark; {@code benchmarks/run NAME} starts one, and
 * nothing else uses this room.
 */
package dev.understudy.benchmarks;
