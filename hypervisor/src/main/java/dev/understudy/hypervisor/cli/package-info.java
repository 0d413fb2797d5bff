/**
 * The command line: one class a command, options that several share, and exit statuses. Nothing else in the
 * project prints to the terminal by itself or ends the process.
 */
package dev.understudy.hypervisor.cli;
