/**
 * Reads kernel and initial file system from files, with the hashes that a journal's first entry names.
 */
package dev.understudy.hypervisor.image;
