/**
 * The interrupt controller between devices and hart. Devices raise and lower their lines, the guest claims and
 * completes.
 */
package dev.understudy.guest.interrupt;
