/**
 * The host's side of a guest's drives: images, overlays, and the thread that carries out requests in order. The
 * hart's thread hands requests in and takes completions out; only a replay waits for a disk.
 */
package dev.understudy.hypervisor.drive;
