/**
 * The device that a panicking kernel stores to. The machine ends at that instruction, with an outcome of its own.
 */
package dev.understudy.guest.pvpanic;
