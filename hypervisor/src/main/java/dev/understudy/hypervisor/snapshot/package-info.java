/**
 * Snapshots of a guest that runs here: where they are, and who takes them.
 */
package dev.understudy.hypervisor.snapshot;
