/**
 * Puts a kernel, its initial file system and the device tree into RAM before the first instruction. It is given
 * bytes, never file names; what it cannot load it refuses with a {@link dev.understudy.guest.boot.BootException}.
 */
package dev.understudy.guest.boot;
