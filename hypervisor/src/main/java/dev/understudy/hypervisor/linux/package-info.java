/**
 * What this host's Linux has to be asked by system calls: processors, their time, memory that goes back to the
 * system. Native functions of this module are linked here and nowhere else.
 */
package dev.understudy.hypervisor.linux;
