/**
 * Finds the device behind a physical address that is not RAM. A new device implements {@link
 * dev.understudy.guest.bus.Device} and is put on the bus by the machine; the hart comes here on its slow path
 * only.
 */
package dev.understudy.guest.bus;
