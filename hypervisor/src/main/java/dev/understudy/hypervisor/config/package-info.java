/**
 * Reads the configuration of a pair and the options of a guest. Every mistake is named with file, key and line
 * before anything starts.
 */
package dev.understudy.hypervisor.config;
