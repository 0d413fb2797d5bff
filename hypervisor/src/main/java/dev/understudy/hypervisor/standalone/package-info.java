/**
 * A guest without a pair: run, recorded, or replayed from a journal.
 */
package dev.understudy.hypervisor.standalone;
